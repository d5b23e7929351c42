//! Joins: requests that wait for those of the other branches.

use std::collections::BTreeMap;

use sim_core::{SimDuration, SimTime};

use super::matter::{JoinRule, Matter};
use super::message::{Request, StateRef, States};

/// The outcome of a request that may belong to a join.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival<M: Matter> {
    /// The step can be executed.
    Complete(Request<M>),
    /// It waits for other branches.
    Waits,
    /// It came before: nothing is to be done.
    Repeated,
}

/// The steps that wait at one computer for more of their predecessors, and those
/// that were executed lately.
///
/// A join that is not complete `deadline` after its first request came comes out
/// of [`Self::wake`] as failed. What was executed or has failed is remembered for
/// another `deadline`, in case that one of its requests comes late or again.
#[derive(Clone, Debug)]
pub struct Joins<M: Matter> {
    rule: JoinRule,
    deadline: SimDuration,
    known: BTreeMap<(String, u32), Known<M>>,
    /// By time of expiry.
    expiry: BTreeMap<(SimTime, u64), (String, u32)>,
    count: u64,
}

#[derive(Clone, Debug)]
enum Known<M: Matter> {
    /// One place for each predecessor, and the place that was filled last.
    Waits(Vec<Option<Request<M>>>, usize),
    /// It was executed.
    Complete,
    /// It is going to be forgotten.
    Over,
}

impl<M: Matter> Joins<M> {
    /// No joins yet.
    pub fn new(rule: JoinRule, deadline: SimDuration) -> Self {
        Self {
            rule,
            deadline,
            known: BTreeMap::new(),
            expiry: BTreeMap::new(),
            count: 0,
        }
    }

    /// A request for a step has arrived. Each of several predecessors counts once; a
    /// request that does not say where it comes from counts for any of them.
    /// Requests without uuid are not told apart: each is executed.
    pub fn arrive(&mut self, now: SimTime, request: Request<M>) -> Arrival<M> {
        if request.uuid.is_empty() {
            return Arrival::Complete(request);
        }
        let plan = request.plan.clone();
        let predecessors = plan.predecessors(request.step);
        let key = (request.uuid.clone(), request.step);
        if !self.known.contains_key(&key) {
            self.count += 1;
            let expiry = (now + self.deadline, self.count);
            self.expiry.insert(expiry, key.clone());
            let places = vec![None; predecessors.len().max(1)];
            self.known.insert(key.clone(), Known::Waits(places, 0));
        }
        let Some(known) = self.known.get_mut(&key) else {
            return Arrival::Repeated;
        };
        let Known::Waits(places, last) = known else {
            return Arrival::Repeated;
        };
        let place = match request.from {
            _ if predecessors.len() < 2 => Some(0),
            Some(from) if predecessors.contains(&from) => {
                predecessors.iter().position(|&step| step == from)
            }
            _ => places.iter().position(Option::is_none),
        };
        let Some(slot) = place.and_then(|place| places.get_mut(place)) else {
            return Arrival::Repeated;
        };
        if slot.is_some() {
            return Arrival::Repeated;
        }
        *slot = Some(request);
        *last = place.unwrap_or(0);
        if places.iter().any(Option::is_none) {
            return Arrival::Waits;
        }
        let (places, last) = (std::mem::take(places), *last);
        *known = Known::Complete;
        let parts: Vec<_> = places.into_iter().flatten().collect();
        match merge(parts, last, self.rule) {
            Some(request) => Arrival::Complete(request),
            None => Arrival::Repeated,
        }
    }

    /// How many joins wait for more requests.
    pub fn waiting(&self) -> usize {
        let waits = |known: &&Known<M>| matches!(known, Known::Waits(..));
        self.known.values().filter(waits).count()
    }

    /// How many steps are remembered, waiting or executed.
    pub fn remembered(&self) -> usize {
        self.known.len()
    }

    /// When the next step is forgotten.
    pub fn next_wake(&self) -> Option<SimTime> {
        self.expiry.keys().next().map(|&(time, _)| time)
    }

    /// Forgets what is too old. Of each join that is not complete by now, the
    /// request that came first of those in order of steps comes out, with the
    /// error for its caller.
    pub fn wake(&mut self, now: SimTime) -> Vec<(Request<M>, String)> {
        let mut failed = Vec::new();
        while let Some((&(time, count), _)) = self.expiry.first_key_value() {
            if time > now {
                break;
            }
            let Some(key) = self.expiry.remove(&(time, count)) else {
                break;
            };
            let Some(known) = self.known.get_mut(&key) else {
                continue;
            };
            match std::mem::replace(known, Known::Over) {
                Known::Over => {
                    self.known.remove(&key);
                    continue;
                }
                Known::Complete => {}
                Known::Waits(places, _) => failed.extend(self.give_up(places)),
            }
            self.expiry.insert((now + self.deadline, count), key);
        }
        failed
    }

    fn give_up(&self, places: Vec<Option<Request<M>>>) -> Option<(Request<M>, String)> {
        let all = places.len();
        let came = places.iter().flatten().count();
        let request = places.into_iter().flatten().next()?;
        let text = format!(
            "only {came} of the {all} requests that {} waits for arrived within {}",
            request.function(),
            self.deadline
        );
        Some((request, text))
    }
}

/// One request of those of all predecessors, in the order of their steps.
fn merge<M: Matter>(parts: Vec<Request<M>>, last: usize, rule: JoinRule) -> Option<Request<M>> {
    if parts.len() < 2 {
        return parts.into_iter().next();
    }
    let states = merge_states(&parts);
    let hops = parts.iter().map(|part| part.hops).max().unwrap_or(0);
    let mut arguments = Vec::new();
    let mut merged = None;
    for (place, part) in parts.into_iter().enumerate() {
        arguments.push(part.argument.clone());
        if place == last {
            merged = Some(part);
        }
    }
    let mut merged = merged?;
    if rule == JoinRule::All {
        merged.argument = M::join(arguments);
    }
    merged.states = states;
    merged.hops = hops;
    merged.from = None;
    Some(merged)
}

/// Every state once: as it came from the branch in which a function that needs it
/// ran last, in the order of the plan; from the smallest step if that does not
/// decide.
fn merge_states<M: Matter>(parts: &[Request<M>]) -> States<M> {
    let mut best: BTreeMap<&String, (Option<usize>, &StateRef<M>)> = BTreeMap::new();
    for (place, part) in parts.iter().enumerate() {
        let predecessors = part.plan.predecessors(part.step);
        let branch = predecessors.get(place).copied().unwrap_or(part.step);
        for (name, state) in &part.states {
            let touched = part.plan.last_touched(branch, name);
            let kept = best.get(name).map(|(kept, _)| *kept);
            if kept.is_none_or(|kept| touched > kept) {
                best.insert(name, (touched, state));
            }
        }
    }
    let merged = best.into_iter();
    merged
        .map(|(name, (_, state))| (name.clone(), state.clone()))
        .collect()
}
