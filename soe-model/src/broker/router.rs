//! The e-router: weighted forwarding tables.
//!
//! A router keeps two tables, each with its own optimizer. The overall table holds
//! all destinations and serves calls from clients. The final table holds only
//! computers and serves calls that another broker has forwarded. A call therefore
//! passes at most two brokers.

use sim_core::{SimDuration, SimTime, Stream};

use super::call::{CallHeader, ProbeReply};
use super::command::{Command, ConfigureError, check};
use super::events::AttemptOutcome;
use super::guard::Guard;
use super::optimizer::OptimizerSpec;
use super::peers::Peers;
use super::policy::PolicySpec;
use super::safeguards::Safeguards;
use super::spec::Compatibility;
use super::table::{EntryKey, Table};
use super::weighted::{WeightedTable, sooner};
use crate::names::{EndpointId, FunctionId, Names};

/// The tables of a router, with their policies and optimizers.
#[derive(Debug)]
pub struct Router {
    /// Overall, final.
    tables: [WeightedTable; 2],
    guard: Guard,
}

impl Router {
    /// A router with empty tables.
    pub fn new(
        policy: &PolicySpec,
        optimizer: &OptimizerSpec,
        compatibility: Compatibility,
        safeguards: &Safeguards,
    ) -> Self {
        let table = || WeightedTable::new(policy, optimizer, compatibility);
        Self {
            tables: [table(), table()],
            guard: Guard::new(safeguards),
        }
    }

    /// Whether its policies receive events of calls and probes.
    pub fn hears_events(&self) -> bool {
        self.tables[0].hears_events()
    }

    /// The overall table and the final one.
    pub fn tables(&self) -> [&Table; 2] {
        [&self.tables[0].table, &self.tables[1].table]
    }

    /// Changes the tables.
    ///
    /// # Errors
    /// If the declared entry is invalid; then nothing has changed.
    pub fn configure(
        &mut self,
        now: SimTime,
        command: &Command,
        endpoints: &Names<EndpointId>,
    ) -> Result<(), ConfigureError> {
        match *command {
            Command::Flush => {
                self.tables.iter_mut().for_each(|table| table.flush(now));
                self.guard.flush();
            }
            Command::Change {
                function,
                destination,
                weight,
                is_final,
            } => {
                check(destination, weight, endpoints)?;
                self.guard.joined(now, destination);
                let ([overall, last], guard) = (&mut self.tables, &self.guard);
                overall.declare(now, function, destination, weight, is_final, guard);
                if is_final {
                    last.declare(now, function, destination, weight, is_final, guard);
                } else {
                    last.remove(now, function, destination, guard);
                }
            }
            Command::Remove {
                function,
                destination,
            } => self.remove(now, function, destination),
        }
        Ok(())
    }

    /// Selects a destination for a call; `None` without destinations.
    pub fn pick(
        &mut self,
        now: SimTime,
        call: &CallHeader,
        peers: &Peers,
        chance: &mut Stream,
    ) -> Option<EntryKey> {
        let table = &mut self.tables[usize::from(call.forward)];
        table.pick(now, call, peers, chance, &mut self.guard)
    }

    /// A call was assigned to an entry of the table that serves it.
    pub fn sent(&mut self, now: SimTime, forwarded: bool, entry: EntryKey) {
        self.tables[usize::from(forwarded)].sent(now, entry);
    }

    /// A call assigned to `entry` has ended or was withdrawn; ignored if the
    /// entry was removed.
    pub fn done(
        &mut self,
        now: SimTime,
        forwarded: bool,
        entry: EntryKey,
        outcome: &AttemptOutcome,
    ) {
        self.tables[usize::from(forwarded)].done(now, entry, outcome);
    }

    /// The destinations that the policy probes now, on behalf of a call.
    pub fn wants_probes(
        &mut self,
        now: SimTime,
        call: &CallHeader,
        peers: &Peers,
        chance: &mut Stream,
        wanted: &mut Vec<usize>,
    ) {
        let table = &mut self.tables[usize::from(call.forward)];
        table.wants_probes(now, call, peers, chance, wanted);
    }

    /// The call assigned to `entry` has succeeded or failed, so that its destination may be
    /// ejected or return; ignored if the entry was removed. Returns whether entries have
    /// changed.
    pub fn judge(&mut self, now: SimTime, forwarded: bool, entry: EntryKey, success: bool) -> bool {
        if self.guard.is_idle() {
            return false;
        }
        let (tables, guard) = (&mut self.tables, &mut self.guard);
        let Some(entry) = tables[usize::from(forwarded)].table.entry(entry) else {
            return false;
        };
        let destination = entry.destination;
        let changed = guard.judge(now, destination, success, || destinations(&tables[0].table));
        if changed {
            for table in tables {
                table.realign_destination(now, destination, guard);
            }
        }
        changed
    }

    /// Calls sent to ejected destinations because all that offer the function were ejected.
    pub fn panics(&self) -> u64 {
        self.guard.panics()
    }

    /// Whether a destination is ejected.
    pub fn is_ejected(&self, destination: EndpointId) -> bool {
        self.guard.is_ejected(destination)
    }

    /// A probe through `entry` was answered or failed; ignored if the entry was removed.
    pub fn probed(&mut self, now: SimTime, forwarded: bool, entry: EntryKey, reply: &ProbeReply) {
        self.tables[usize::from(forwarded)].probed(now, entry, reply);
    }

    /// The table that serves calls of this kind.
    pub fn table(&self, forwarded: bool) -> &Table {
        &self.tables[usize::from(forwarded)].table
    }

    /// A call through `entry` took `latency`; ignored if the entry was removed.
    pub fn measured(
        &mut self,
        now: SimTime,
        forwarded: bool,
        entry: EntryKey,
        latency: SimDuration,
    ) {
        self.tables[usize::from(forwarded)].measured(now, entry, latency);
    }

    /// Removes a destination from both tables.
    pub fn remove(&mut self, now: SimTime, function: FunctionId, destination: EndpointId) {
        for table in &mut self.tables {
            table.remove(now, function, destination, &self.guard);
        }
        if !self.guard.is_idle() && !self.tables[0].has(destination) {
            self.guard.left(destination);
        }
    }

    /// The next time at which an optimizer or a policy must be woken.
    pub fn next_wake(&self) -> Option<SimTime> {
        let [overall, last] = &self.tables;
        let tables = sooner(overall.next_wake(), last.next_wake());
        sooner(tables, self.guard.next_wake())
    }

    /// Wakes the optimizers and policies that are due; returns whether entries have changed.
    pub fn wake(&mut self, now: SimTime) -> bool {
        self.tables.iter_mut().for_each(|table| table.wake(now));
        let (tables, guard) = (&mut self.tables, &mut self.guard);
        let ejected = guard.sweep(now, || destinations(&tables[0].table));
        for &destination in &ejected {
            for table in tables.iter_mut() {
                table.realign_destination(now, destination, guard);
            }
        }
        !ejected.is_empty()
    }
}

/// The number of destinations in a table.
fn destinations(table: &Table) -> usize {
    let entries = table.keys().filter_map(|key| table.entry(key));
    let mut found: Vec<_> = entries.map(|entry| entry.destination).collect();
    found.sort_unstable();
    found.dedup();
    found.len()
}
