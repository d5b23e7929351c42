//! Operations in progress, under keys that are never reused.

use sim_core::SimTime;

use super::call::{CallHeader, CallId, ProbeReply, Ticket};
use super::estimator::Prediction;
use super::table::EntryKey;
use crate::names::EndpointId;

/// A call in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    pub(super) id: CallId,
    pub(super) header: CallHeader,
    pub(super) state: State,
    /// How often it was sent to a destination.
    pub(super) attempts: u32,
    /// The destination that failed last.
    pub(super) failed: Option<EndpointId>,
}

/// The state of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// Waits for admission.
    Queued,
    /// Admitted, without destination.
    Undecided,
    /// Waits for replies of destinations.
    Asking(Asking),
    /// Delayed by forwarding, before it is queued.
    Delayed(Chosen),
    /// Queued for the destination since then.
    Waiting(Chosen, SimTime),
    /// Sent to the destination; the time is when it was queued.
    Sent(Chosen, SimTime),
}

/// The destination of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    pub(super) entry: EntryKey,
    pub(super) destination: EndpointId,
    pub(super) prediction: Option<Prediction>,
}

/// Questions in progress about a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asking {
    pub(super) outstanding: u32,
    pub(super) best: Option<Bid>,
}

/// What a destination replied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bid {
    pub(super) chosen: Chosen,
    /// The place of the destination in the order of names.
    pub(super) position: u32,
}

/// A question to a destination.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    /// The call that it asks about.
    pub(super) ticket: Ticket,
    /// Whether that call waits for the reply. If not, it is a probe of a policy or
    /// an estimator.
    pub(super) awaited: bool,
    pub(super) header: CallHeader,
    pub(super) entry: EntryKey,
    pub(super) destination: EndpointId,
    pub(super) position: u32,
}

impl Call {
    pub(super) fn new(id: CallId, header: &CallHeader) -> Self {
        Self {
            id,
            header: *header,
            state: State::Queued,
            attempts: 0,
            failed: None,
        }
    }
}

impl Asking {
    /// Counts a reply; returns whether it was the last.
    pub(super) fn count(&mut self, probe: &Probe, reply: ProbeReply) -> bool {
        self.outstanding = self.outstanding.saturating_sub(1);
        if let ProbeReply::Answered(answer) = reply {
            let bid = Bid {
                chosen: Chosen {
                    entry: probe.entry,
                    destination: probe.destination,
                    prediction: Some(Prediction {
                        processing: answer.processing.as_secs_f64(),
                        ..Prediction::default()
                    }),
                },
                position: probe.position,
            };
            if self.best.is_none_or(|best| bid.beats(&best)) {
                self.best = Some(bid);
            }
        }
        self.outstanding == 0
    }
}

impl Bid {
    fn beats(&self, other: &Self) -> bool {
        let rank = |bid: &Self| {
            let seconds = bid.chosen.prediction.map_or(0.0, |bid| bid.processing);
            (seconds, bid.position)
        };
        rank(self) < rank(other)
    }
}
