//! A table of a router: destinations with weights, and a policy for each function.

use std::collections::{BTreeSet, VecDeque};

use sim_core::{SimDuration, SimTime, Stream};

use super::call::{CallHeader, ProbeReply};
use super::candidates::Candidates;
use super::events::AttemptOutcome;
use super::guard::Guard;
use super::optimizer::{Optimizer, OptimizerSpec};
use super::peers::Peers;
use super::policy::{Policy, PolicySpec, WeightUse};
use super::spec::Compatibility;
use super::table::{Entry, EntryKey, PerEntry, Table};
use crate::names::{EndpointId, FunctionId, Id};

/// The wake-up time at `now` for a request of `due`: a time in the past would keep the
/// clock from advancing.
pub(super) fn in_future(now: SimTime, due: SimTime) -> SimTime {
    due.max(now + SimDuration::from_nanos(1))
}

/// The earlier of two times to be woken.
#[inline]
pub(super) fn sooner(one: Option<SimTime>, other: Option<SimTime>) -> Option<SimTime> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A table whose entries have weights, with a policy for each function.
#[derive(Debug)]
pub(super) struct WeightedTable {
    pub(super) table: Table,
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
    /// How many destinations the policy knows: the first ones. The others are ejected.
    active: usize,
    /// Whether all destinations are ejected, so that the policy knows them all.
    panics: bool,
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

/// How often a policy is asked for a destination that has not just joined.
const MOST_PICKS: u32 = 3;

impl WeightedTable {
    pub(super) fn new(
        policy: &PolicySpec,
        optimizer: &OptimizerSpec,
        compatibility: Compatibility,
    ) -> Self {
        Self {
            table: Table::default(),
            policy: policy.clone(),
            compatibility,
            rows: Vec::new(),
            optimizer: (optimizer.kind.build)(&optimizer.arguments),
            heard: PerEntry::default(),
            updates: Vec::new(),
            wakes: BTreeSet::new(),
        }
    }

    /// Whether its policies receive events of calls and probes.
    pub(super) fn hears_events(&self) -> bool {
        let spec = &self.policy;
        !(spec.kind.build)(&spec.arguments).ignores_events()
    }

    /// When the optimizer or a policy wants to be woken.
    #[inline]
    pub(super) fn next_wake(&self) -> Option<SimTime> {
        let policies = self.wakes.first().map(|(due, _)| *due);
        sooner(self.optimizer.next_wake(), policies)
    }

    pub(super) fn flush(&mut self, now: SimTime) {
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

    pub(super) fn declare(
        &mut self,
        now: SimTime,
        function: FunctionId,
        destination: EndpointId,
        weight: f32,
        is_final: bool,
        guard: &Guard,
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
                    row.update(now, &entry, weight);
                }
                self.table.set_final(key, is_final);
                key
            }
            None => {
                // In front of those that are ejected; it may join them.
                let end = row.active;
                row.active += 1;
                row.policy.add(now, weight);
                self.table
                    .insert(end, function, destination, weight, is_final)
            }
        };
        let entry = self.table.at(key);
        if row.retry_after.is_some() && (entry.position as usize) < row.active {
            if known.is_some() {
                row.untried.retain(|&untried| untried != key);
            }
            row.untried.push_front(key);
        }
        *self.heard.get_mut(key) = now;
        self.realign(now, function, guard);
        self.refresh(now, function);
    }

    pub(super) fn remove(
        &mut self,
        now: SimTime,
        function: FunctionId,
        destination: EndpointId,
        guard: &Guard,
    ) {
        let Some(key) = self.table.find(function, destination) else {
            return;
        };
        self.keep_one(now, function, key);
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
            // The policy knows at least one, as there are others if it does not know all.
            if (entry.position as usize) < row.active {
                row.active -= 1;
                row.policy.remove(now, entry.position as usize);
                row.untried.retain(|&untried| untried != key);
            }
            self.realign(now, function, guard);
            self.refresh(now, function);
        }
    }

    pub(super) fn sent(&mut self, now: SimTime, key: EntryKey) {
        let Some(entry) = self.table.entry_mut(key) else {
            return;
        };
        entry.under_way += 1;
        let (function, target) = (entry.function, entry.target(key));
        if let Some(Some(row)) = self.rows.get_mut(function.index())
            && target.position < row.active
        {
            row.policy.sent(now, target);
            row.refresh(now, function, &mut self.wakes);
        }
    }

    pub(super) fn done(&mut self, now: SimTime, key: EntryKey, outcome: &AttemptOutcome) {
        let Some(entry) = self.table.entry_mut(key) else {
            return;
        };
        entry.under_way = entry.under_way.saturating_sub(1);
        let (function, target) = (entry.function, entry.target(key));
        if let Some(Some(row)) = self.rows.get_mut(function.index())
            && target.position < row.active
        {
            row.policy.done(now, target, outcome);
            row.refresh(now, function, &mut self.wakes);
        }
    }

    pub(super) fn probed(&mut self, now: SimTime, key: EntryKey, reply: &ProbeReply) {
        let Some(entry) = self.table.entry(key) else {
            return;
        };
        let (function, target) = (entry.function, entry.target(key));
        if let Some(Some(row)) = self.rows.get_mut(function.index())
            && target.position < row.active
        {
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

    pub(super) fn wants_probes(
        &mut self,
        now: SimTime,
        call: &CallHeader,
        peers: &Peers,
        chance: &mut Stream,
        wanted: &mut Vec<usize>,
    ) {
        if let Some(Some(row)) = self.rows.get_mut(call.function.index()) {
            let candidates = Candidates::new(&self.table, peers, call).first(row.active);
            row.policy.wants_probes(now, &candidates, chance, wanted);
        }
    }

    pub(super) fn pick(
        &mut self,
        now: SimTime,
        call: &CallHeader,
        peers: &Peers,
        chance: &mut Stream,
        guard: &mut Guard,
    ) -> Option<EntryKey> {
        let function = call.function;
        let keys = self.table.row(function);
        if keys.is_empty() {
            return None;
        }
        let row = self.rows.get_mut(function.index())?.as_mut()?;
        let (keys, ejected) = keys.split_at_checked(row.active)?;
        for &key in ejected {
            if guard.tries(now, self.table.at(key).destination) {
                return Some(key);
            }
        }
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
        let candidates = Candidates::new(&self.table, peers, call).first(row.active);
        let candidates = match row.hears {
            true => candidates.with_key(row.policy.key(function, call)),
            false => candidates,
        };
        let mut position = row.policy.pick(now, &candidates, chance);
        if guard.starts_slowly() && candidates.len() > 1 && position < candidates.len() {
            position = row.spare(now, position, &candidates, chance, guard);
        }
        let picked = keys.get(position).copied();
        if row.panics
            && let Some(key) = picked
        {
            guard.panic();
            guard.tries(now, self.table.at(key).destination);
        }
        picked
    }

    pub(super) fn measured(&mut self, now: SimTime, key: EntryKey, latency: SimDuration) {
        if self.table.entry(key).is_none() {
            return;
        }
        *self.heard.get_mut(key) = now;
        if let Some(weight) = self.optimizer.sample(now, key, latency) {
            self.set_weight(now, key, weight);
        }
    }

    pub(super) fn wake(&mut self, now: SimTime) {
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

    /// Whether it has entries of a destination.
    pub(super) fn has(&self, destination: EndpointId) -> bool {
        let functions = (0..self.rows.len() as u32).map(FunctionId);
        let mut found = functions.filter_map(|function| self.table.find(function, destination));
        found.next().is_some()
    }

    /// A destination was ejected or has returned.
    pub(super) fn realign_destination(
        &mut self,
        now: SimTime,
        destination: EndpointId,
        guard: &Guard,
    ) {
        for function in (0..self.rows.len() as u32).map(FunctionId) {
            if self.table.find(function, destination).is_some() {
                self.realign(now, function, guard);
                self.refresh(now, function);
            }
        }
    }

    /// Before the entry is removed that is the only one which the policy knows: lets it know
    /// the ejected ones.
    fn keep_one(&mut self, now: SimTime, function: FunctionId, key: EntryKey) {
        let Some(Some(row)) = self.rows.get_mut(function.index()) else {
            return;
        };
        let keys = self.table.row(function);
        if row.active == 1 && keys.len() > 1 && keys.first() == Some(&key) {
            let ejected = keys[1..].to_vec();
            row.panics = true;
            for key in ejected {
                self.activate(now, function, key);
            }
        }
    }

    /// Lets the policy of a function know the destinations that are not ejected, or all if
    /// there are no others. What it does not know is behind the others.
    fn realign(&mut self, now: SimTime, function: FunctionId, guard: &Guard) {
        let Some(Some(row)) = self.rows.get(function.index()) else {
            return;
        };
        if !guard.ejects() && row.active == self.table.row(function).len() {
            if let Some(Some(row)) = self.rows.get_mut(function.index()) {
                row.panics = false;
            }
            return;
        }
        let active = row.active;
        let keys = self.table.row(function).to_vec();
        let is_ejected = |key: &EntryKey| guard.is_ejected(self.table.at(*key).destination);
        let ejected: Vec<bool> = keys.iter().map(is_ejected).collect();
        let panics = ejected.iter().all(|&ejected| ejected);
        // First those that return, so that the policy always knows one.
        for (&key, &ejected) in keys.iter().zip(&ejected).skip(active) {
            if panics || !ejected {
                self.activate(now, function, key);
            }
        }
        for (&key, &ejected) in keys.iter().zip(&ejected).take(active) {
            if ejected && !panics {
                self.deactivate(now, function, key);
            }
        }
        if let Some(Some(row)) = self.rows.get_mut(function.index()) {
            row.panics = panics;
        }
    }

    fn activate(&mut self, now: SimTime, function: FunctionId, key: EntryKey) {
        let Some(Some(row)) = self.rows.get_mut(function.index()) else {
            return;
        };
        self.table.move_to(key, row.active);
        let Some(key) = self.table.renew(key) else {
            return;
        };
        row.policy.add(now, self.table.at(key).weight);
        row.active += 1;
        if row.retry_after.is_some() {
            row.untried.push_front(key);
        }
        *self.heard.get_mut(key) = now;
    }

    fn deactivate(&mut self, now: SimTime, function: FunctionId, key: EntryKey) {
        let Some(Some(row)) = self.rows.get_mut(function.index()) else {
            return;
        };
        let entry = *self.table.at(key);
        row.cancel(now, &entry, key);
        row.policy.remove(now, entry.position as usize);
        row.untried.retain(|&untried| untried != key);
        row.active -= 1;
        let end = self.table.row(function).len() - 1;
        self.table.move_to(key, end);
        self.table.renew(key);
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
            row.update(now, &entry, weight);
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
            active: 0,
            panics: false,
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
        if entry.position as usize >= self.active {
            return;
        }
        for _ in 0..entry.under_way {
            let target = entry.target(key);
            self.policy.done(now, target, &AttemptOutcome::Cancelled);
        }
    }

    /// Tells the policy of a weight, if it knows the destination.
    fn update(&mut self, now: SimTime, entry: &Entry, weight: f32) {
        let position = entry.position as usize;
        if position < self.active {
            self.policy.update(now, position, weight);
        }
    }

    /// The destination that gets a call instead of one that has just joined, or that one. The
    /// shares are relative to the greatest one, so that equally new ones are all old.
    fn spare(
        &mut self,
        now: SimTime,
        picked: usize,
        candidates: &Candidates<'_>,
        chance: &mut Stream,
        guard: &Guard,
    ) -> usize {
        let share = |position| guard.share(now, candidates.endpoint(position));
        let mut position = picked;
        let mut greatest = None;
        for picks in 1..=MOST_PICKS {
            let own = share(position);
            if own >= 1.0 {
                return position;
            }
            let greatest = *greatest.get_or_insert_with(|| {
                let shares = (0..candidates.len()).map(share);
                shares.fold(0.0, f64::max)
            });
            if own >= greatest || chance.chance(own / greatest) {
                return position;
            }
            if picks < MOST_PICKS {
                position = self.policy.pick(now, candidates, chance);
            }
            if position >= candidates.len() {
                return position;
            }
        }
        // The policy insists: any other.
        let other = chance.index(candidates.len() - 1);
        other + usize::from(other >= picked)
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
