//! The e-router: weighted forwarding tables.
//!
//! A router keeps two tables, each with its own optimizer. The overall table holds
//! all destinations and serves calls from clients. The final table holds only
//! computers and serves calls that another broker has forwarded. A call therefore
//! passes at most two brokers.

use std::collections::{BTreeSet, VecDeque};

use sim_core::{SimDuration, SimTime, Stream};

use super::call::{CallHeader, ProbeReply};
use super::candidates::Candidates;
use super::command::{Command, ConfigureError, check};
use super::events::AttemptOutcome;
use super::optimizer::{Optimizer, OptimizerSpec};
use super::peers::Peers;
use super::policy::{Policy, PolicySpec, WeightUse};
use super::spec::Compatibility;
use super::table::{Entry, EntryKey, PerEntry, Table};
use crate::names::{EndpointId, FunctionId, Id, Names};

/// The tables of a router, with their policies and optimizers.
#[derive(Debug)]
pub struct Router {
    /// Overall, final.
    tables: [WeightedTable; 2],
}

impl Router {
    /// A router with empty tables.
    pub fn new(
        policy: &PolicySpec,
        optimizer: &OptimizerSpec,
        compatibility: Compatibility,
    ) -> Self {
        let table = || WeightedTable {
            table: Table::default(),
            policy: policy.clone(),
            compatibility,
            rows: Vec::new(),
            optimizer: (optimizer.kind.build)(&optimizer.arguments),
            heard: PerEntry::default(),
            updates: Vec::new(),
            wakes: BTreeSet::new(),
        };
        Self {
            tables: [table(), table()],
        }
    }

    /// Whether its policies receive events of calls and probes.
    pub fn hears_events(&self) -> bool {
        let spec = &self.tables[0].policy;
        !(spec.kind.build)(&spec.arguments).ignores_events()
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
            Command::Flush => self.tables.iter_mut().for_each(|table| table.flush(now)),
            Command::Change {
                function,
                destination,
                weight,
                is_final,
            } => {
                check(destination, weight, endpoints)?;
                let [overall, last] = &mut self.tables;
                overall.declare(now, function, destination, weight, is_final);
                if is_final {
                    last.declare(now, function, destination, weight, is_final);
                } else {
                    last.remove(now, function, destination);
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
        self.tables[usize::from(call.forward)].pick(now, call, peers, chance)
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
        let WeightedTable { table, rows, .. } = &mut self.tables[usize::from(call.forward)];
        if let Some(Some(row)) = rows.get_mut(call.function.index()) {
            let candidates = Candidates::new(table, peers, call);
            row.policy.wants_probes(now, &candidates, chance, wanted);
        }
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
            table.remove(now, function, destination);
        }
    }

    /// The next time at which an optimizer or a policy must be woken.
    pub fn next_wake(&self) -> Option<SimTime> {
        let [overall, last] = &self.tables;
        sooner(overall.next_wake(), last.next_wake())
    }

    /// Wakes the optimizers and policies that are due.
    pub fn wake(&mut self, now: SimTime) {
        self.tables.iter_mut().for_each(|table| table.wake(now));
    }
}

/// The wake-up time at `now` for a request of `due`: a time in the past would keep the
/// clock from advancing.
pub(super) fn in_future(now: SimTime, due: SimTime) -> SimTime {
    due.max(now + SimDuration::from_nanos(1))
}

/// The earlier of two times to be woken.
#[inline]
fn sooner(one: Option<SimTime>, other: Option<SimTime>) -> Option<SimTime> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A table whose entries have weights, with a policy for each function.
#[derive(Debug)]
struct WeightedTable {
    table: Table,
    policy: PolicySpec,
    compatibility: Compatibility,
    /// By function.
    rows: Vec<Option<Row>>,
    optimizer: Box<dyn Optimizer>,
    /// When each entry last got a trial call or a measurement.
    heard: PerEntry<SimTime>,
    /// Emptied after use.
    updates: Vec<(EntryKey, f32)>,
    /// When policies must be woken, by function.
    wakes: BTreeSet<(SimTime, FunctionId)>,
}

/// How the destinations of one function are picked.
///
/// A declared weight says nothing about latency, and a measured one says less
/// the older it gets. A destination whose weight was just declared therefore gets
/// the next call, whatever its weight, and one that was not measured for a long
/// time gets a call now and then. What they turn out to be decides the rest.
#[derive(Debug)]
struct Row {
    policy: Box<dyn Policy>,
    /// Whether the policy is told of calls and probes.
    hears: bool,
    /// When the policy wants to be woken, as entered in the table.
    due: Option<SimTime>,
    /// After how long without measurement an entry is tried again; `None` if
    /// trials are of no use here.
    retry_after: Option<SimDuration>,
    /// The last ones are next.
    untried: VecDeque<EntryKey>,
    /// No entry is due before.
    next_retry: SimTime,
    picks_since_retry: u32,
}

/// At most one pick in so many goes to a destination that is tried again, so that
/// rare calls are not all spent on trials.
const PICKS_PER_RETRY: u32 = 10;

impl WeightedTable {
    /// When the optimizer or a policy wants to be woken.
    #[inline]
    fn next_wake(&self) -> Option<SimTime> {
        let policies = self.wakes.first().map(|(due, _)| *due);
        sooner(self.optimizer.next_wake(), policies)
    }

    fn flush(&mut self, now: SimTime) {
        let mut keys: Vec<_> = self.table.keys().collect();
        // From the end, so that no position shifts.
        while let Some(key) = keys.pop() {
            let Some(entry) = self.table.remove(key) else {
                continue;
            };
            if let Some(Some(row)) = self.rows.get_mut(entry.function.index()) {
                row.cancel(now, &entry, key);
            }
        }
        self.rows.clear();
        self.wakes.clear();
    }

    fn declare(
        &mut self,
        now: SimTime,
        function: FunctionId,
        destination: EndpointId,
        weight: f32,
        is_final: bool,
    ) {
        if function.index() >= self.rows.len() {
            self.rows.resize_with(function.index() + 1, || None);
        }
        let known = self.table.find(function, destination);
        let row = self.rows[function.index()]
            .get_or_insert_with(|| Row::new(&self.policy, &*self.optimizer, self.compatibility));
        let key = match known {
            Some(key) => {
                if let Some(entry) = self.table.set_weight(key, weight) {
                    row.policy.update(now, entry.position as usize, weight);
                }
                self.table.set_final(key, is_final);
                key
            }
            None => {
                let end = self.table.row(function).len();
                row.policy.add(now, weight);
                self.table
                    .insert(end, function, destination, weight, is_final)
            }
        };
        if row.retry_after.is_some() {
            if known.is_some() {
                row.untried.retain(|&untried| untried != key);
            }
            row.untried.push_front(key);
        }
        *self.heard.get_mut(key) = now;
        self.refresh(now, function);
    }

    fn remove(&mut self, now: SimTime, function: FunctionId, destination: EndpointId) {
        let Some(key) = self.table.find(function, destination) else {
            return;
        };
        self.remove_entry(now, key);
    }

    fn remove_entry(&mut self, now: SimTime, key: EntryKey) {
        let Some(entry) = self.table.remove(key) else {
            return;
        };
        let function = entry.function;
        let Some(Some(row)) = self.rows.get_mut(function.index()) else {
            return;
        };
        row.cancel(now, &entry, key);
        if self.table.row(function).is_empty() {
            if let Some(due) = row.due {
                self.wakes.remove(&(due, function));
            }
            self.rows[function.index()] = None;
        } else {
            row.policy.remove(now, entry.position as usize);
            row.untried.retain(|&untried| untried != key);
            self.refresh(now, function);
        }
    }

    fn sent(&mut self, now: SimTime, key: EntryKey) {
        let Some(entry) = self.table.entry_mut(key) else {
            return;
        };
        entry.under_way += 1;
        let (function, target) = (entry.function, entry.target(key));
        if let Some(Some(row)) = self.rows.get_mut(function.index()) {
            row.policy.sent(now, target);
            row.refresh(now, function, &mut self.wakes);
        }
    }

    fn done(&mut self, now: SimTime, key: EntryKey, outcome: &AttemptOutcome) {
        let Some(entry) = self.table.entry_mut(key) else {
            return;
        };
        entry.under_way = entry.under_way.saturating_sub(1);
        let (function, target) = (entry.function, entry.target(key));
        if let Some(Some(row)) = self.rows.get_mut(function.index()) {
            row.policy.done(now, target, outcome);
            row.refresh(now, function, &mut self.wakes);
        }
    }

    fn probed(&mut self, now: SimTime, key: EntryKey, reply: &ProbeReply) {
        let Some(entry) = self.table.entry(key) else {
            return;
        };
        let (function, target) = (entry.function, entry.target(key));
        if let Some(Some(row)) = self.rows.get_mut(function.index()) {
            match reply {
                ProbeReply::Answered(answer) => row.policy.probed(now, target, answer),
                ProbeReply::Failed(failure) => {
                    row.policy.probe_failed(now, target, Some(*failure));
                }
                ProbeReply::TimedOut => row.policy.probe_failed(now, target, None),
            }
            row.refresh(now, function, &mut self.wakes);
        }
    }

    fn pick(
        &mut self,
        now: SimTime,
        call: &CallHeader,
        peers: &Peers,
        chance: &mut Stream,
    ) -> Option<EntryKey> {
        let function = call.function;
        let keys = self.table.row(function);
        if keys.is_empty() {
            return None;
        }
        let row = self.rows.get_mut(function.index())?.as_mut()?;
        if let Some(retry_after) = row.retry_after {
            if let Some(untried) = row.untried.pop_back() {
                *self.heard.get_mut(untried) = now;
                return Some(untried);
            }
            row.picks_since_retry += 1;
            if now >= row.next_retry && row.picks_since_retry >= PICKS_PER_RETRY {
                let heard = |key: &EntryKey| self.heard.known(*key).copied();
                let oldest = keys.iter().copied().zip(keys.iter().map(heard));
                let (key, oldest) = oldest.min_by_key(|(_, heard)| *heard)?;
                let due = oldest.unwrap_or(SimTime::ZERO) + retry_after;
                if now >= due {
                    row.picks_since_retry = 0;
                    *self.heard.get_mut(key) = now;
                    return Some(key);
                }
                row.next_retry = due;
            }
        }
        let candidates = Candidates::new(&self.table, peers, call);
        let candidates = match row.hears {
            true => candidates.with_key(row.policy.key(function, call)),
            false => candidates,
        };
        keys.get(row.policy.pick(now, &candidates, chance)).copied()
    }

    fn measured(&mut self, now: SimTime, key: EntryKey, latency: SimDuration) {
        if self.table.entry(key).is_none() {
            return;
        }
        *self.heard.get_mut(key) = now;
        if let Some(weight) = self.optimizer.sample(now, key, latency) {
            self.set_weight(now, key, weight);
        }
    }

    fn wake(&mut self, now: SimTime) {
        let mut updates = std::mem::take(&mut self.updates);
        self.optimizer.wake(now, &mut updates);
        for (key, weight) in updates.drain(..) {
            self.set_weight(now, key, weight);
        }
        self.updates = updates;
        while let Some(&(due, function)) = self.wakes.first() {
            if due > now {
                break;
            }
            self.wakes.pop_first();
            if let Some(Some(row)) = self.rows.get_mut(function.index()) {
                row.due = None;
                row.policy.wake(now);
                row.refresh(now, function, &mut self.wakes);
            }
        }
    }

    /// Notes when the policy of a function wants to be woken.
    fn refresh(&mut self, now: SimTime, function: FunctionId) {
        if let Some(Some(row)) = self.rows.get_mut(function.index()) {
            row.refresh(now, function, &mut self.wakes);
        }
    }

    fn set_weight(&mut self, now: SimTime, key: EntryKey, weight: f32) {
        if let Some(entry) = self.table.set_weight(key, weight)
            && let Some(Some(row)) = self.rows.get_mut(entry.function.index())
        {
            row.policy.update(now, entry.position as usize, weight);
            row.refresh(now, entry.function, &mut self.wakes);
        }
    }
}

impl Row {
    fn new(spec: &PolicySpec, optimizer: &dyn Optimizer, compatibility: Compatibility) -> Self {
        let mut policy = (spec.kind.build)(&spec.arguments);
        policy.set_compatibility(compatibility);
        let tries =
            compatibility == Compatibility::Corrected && policy.weights() == WeightUse::Measured;
        Self {
            hears: !policy.ignores_events(),
            policy,
            due: None,
            retry_after: optimizer.retry_after().filter(|_| tries),
            untried: VecDeque::new(),
            next_retry: SimTime::ZERO,
            picks_since_retry: 0,
        }
    }

    /// Tells the policy that the calls at an entry which was removed do not concern it
    /// any more.
    fn cancel(&mut self, now: SimTime, entry: &Entry, key: EntryKey) {
        for _ in 0..entry.under_way {
            let target = entry.target(key);
            self.policy.done(now, target, &AttemptOutcome::Cancelled);
        }
    }

    /// Notes when the policy wants to be woken.
    fn refresh(
        &mut self,
        now: SimTime,
        function: FunctionId,
        wakes: &mut BTreeSet<(SimTime, FunctionId)>,
    ) {
        if !self.hears {
            return;
        }
        let due = self.policy.next_wake().map(|due| in_future(now, due));
        if due != self.due {
            if let Some(before) = self.due {
                wakes.remove(&(before, function));
            }
            wakes.extend(due.map(|due| (due, function)));
            self.due = due;
        }
    }
}
