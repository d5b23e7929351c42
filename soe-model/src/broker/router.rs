//! The e-router: weighted forwarding tables.
//!
//! A router keeps two tables, each with an optimizer of its own: the overall
//! table holds all destinations and serves calls from clients; the final table
//! holds only computers and serves calls that another broker has forwarded, so
//! that a call passes at most two brokers.

use std::collections::VecDeque;

use sim_core::{SimDuration, SimTime, Stream};

use super::command::{Command, ConfigureError, check};
use super::optimizer::{Optimizer, OptimizerSpec};
use super::policy::{Policy, PolicySpec};
use super::spec::Compatibility;
use super::table::{EntryKey, PerEntry, Table};
use crate::names::{EndpointId, FunctionId, Id, Names};

/// The tables of a router and what keeps them.
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
        };
        Self {
            tables: [table(), table()],
        }
    }

    /// The overall table and the final one.
    pub fn tables(&self) -> [&Table; 2] {
        [&self.tables[0].table, &self.tables[1].table]
    }

    /// Changes the tables.
    ///
    /// # Errors
    /// If the declared entry is impossible; then nothing has changed.
    pub fn configure(
        &mut self,
        now: SimTime,
        command: &Command,
        endpoints: &Names<EndpointId>,
    ) -> Result<(), ConfigureError> {
        match *command {
            Command::Flush => self.tables.iter_mut().for_each(WeightedTable::flush),
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

    /// Picks a destination for a call; `None` if there is none.
    pub fn pick(
        &mut self,
        now: SimTime,
        function: FunctionId,
        forwarded: bool,
        chance: &mut Stream,
    ) -> Option<EntryKey> {
        self.tables[usize::from(forwarded)].pick(now, function, chance)
    }

    /// The table that serves calls of this sort.
    pub fn table(&self, forwarded: bool) -> &Table {
        &self.tables[usize::from(forwarded)].table
    }

    /// A call through `entry` took `latency`; ignored if the entry is gone.
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

    /// When an optimizer wants to be woken.
    pub fn next_wake(&self) -> Option<SimTime> {
        let wakes = self
            .tables
            .iter()
            .filter_map(|table| table.optimizer.next_wake());
        wakes.min()
    }

    /// Wakes the optimizers.
    pub fn wake(&mut self, now: SimTime) {
        self.tables.iter_mut().for_each(|table| table.wake(now));
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
    /// When each entry was last picked for trial or measured.
    heard: PerEntry<SimTime>,
    /// Emptied after use.
    updates: Vec<(EntryKey, f32)>,
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
    fn flush(&mut self) {
        for key in self.table.keys().collect::<Vec<_>>() {
            self.table.remove(key);
        }
        self.rows.clear();
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
    }

    fn remove(&mut self, now: SimTime, function: FunctionId, destination: EndpointId) {
        let Some(key) = self.table.find(function, destination) else {
            return;
        };
        let Some(entry) = self.table.remove(key) else {
            return;
        };
        let row = &mut self.rows[function.index()];
        if self.table.row(function).is_empty() {
            *row = None;
        } else if let Some(row) = row {
            row.policy.remove(now, entry.position as usize);
            row.untried.retain(|&untried| untried != key);
        }
    }

    fn pick(
        &mut self,
        now: SimTime,
        function: FunctionId,
        chance: &mut Stream,
    ) -> Option<EntryKey> {
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
        keys.get(row.policy.pick(now, chance)).copied()
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
    }

    fn set_weight(&mut self, now: SimTime, key: EntryKey, weight: f32) {
        if let Some(entry) = self.table.set_weight(key, weight)
            && let Some(Some(row)) = self.rows.get_mut(entry.function.index())
        {
            row.policy.update(now, entry.position as usize, weight);
        }
    }
}

impl Row {
    fn new(spec: &PolicySpec, optimizer: &dyn Optimizer, compatibility: Compatibility) -> Self {
        let mut policy = (spec.kind.build)(&spec.arguments);
        policy.set_compatibility(compatibility);
        let tries = compatibility == Compatibility::Corrected && !policy.explores();
        Self {
            policy,
            retry_after: optimizer.retry_after().filter(|_| tries),
            untried: VecDeque::new(),
            next_retry: SimTime::ZERO,
            picks_since_retry: 0,
        }
    }
}
