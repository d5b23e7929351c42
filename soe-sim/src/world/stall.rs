//! Runs that do not advance: an endless sequence of events at one instant.
//!
//! A closed-loop client whose calls take no time issues the next call at the instant of
//! the last one, forever. This depends on sizes, rates, events and policies, so it
//! cannot be decided before the run. A run ends with an error when it has executed many
//! more events at one instant than any start or burst of its size needs.

use sim_core::SimTime;

use super::client_side::Clients;

/// Events at one instant that any run may execute.
const MOST_EVENTS: u64 = 1 << 22;
/// The same for each entity of the deployment, all of which may act at once.
const EVENTS_PER_ENTITY: u64 = 256;
/// The same for each call of a limited number, which ends the run in any case.
const EVENTS_PER_CALL: u64 = 256;

/// Watches whether simulated time advances.
#[derive(Debug)]
pub(crate) struct Stall {
    most: u64,
    at: SimTime,
    events: u64,
    /// Calls by client when half of the events had been executed.
    issued: Vec<u64>,
}

impl Stall {
    /// Watches a run with these clients and as many `others` that may act.
    pub(super) fn new(clients: &Clients, others: usize) -> Self {
        let entities = clients.ids().count() + others;
        let entities = (entities as u64).saturating_mul(EVENTS_PER_ENTITY);
        let calls = match clients.most_calls() {
            u64::MAX => 0,
            limit => limit.saturating_mul(EVENTS_PER_CALL),
        };
        Self {
            most: MOST_EVENTS.saturating_add(entities).saturating_add(calls),
            at: SimTime::ZERO,
            events: 0,
            issued: Vec::new(),
        }
    }

    /// Takes note that `events` more were executed and it is `now`.
    ///
    /// # Errors
    /// If the run does not advance; the message says who spins.
    pub(super) fn check(
        &mut self,
        clients: &Clients,
        events: u64,
        now: SimTime,
    ) -> Result<(), String> {
        if now > self.at {
            (self.at, self.events) = (now, 0);
            self.issued.clear();
            return Ok(());
        }
        self.events += events;
        if self.issued.is_empty() && self.events > self.most / 2 {
            self.issued = clients.issued().collect();
        }
        if self.events <= self.most {
            return Ok(());
        }
        let calls = clients
            .issued()
            .zip(&self.issued)
            .map(|(now, before)| now - before);
        let most = calls.zip(clients.names()).max_by_key(|(calls, _)| *calls);
        let who = match most {
            Some((calls, client)) if calls > 0 => format!(
                "client `{client}` issues calls that each end at the time of their issue: set arrivals with pauses, operations for its function, or a latency for the network"
            ),
            _ => format!(
                "{} calls are in progress, and messages between their brokers and computers take no time: set a latency for the network",
                clients.under_way()
            ),
        };
        Err(format!(
            "the run does not advance beyond {now}, where it has executed {} events: {who}",
            self.events
        ))
    }
}
