//! A policy and an estimator that check what they are told.
//!
//! They are registered as a program of its own would register them, so that they
//! also show that all tests and benchmarks of kinds find what is in a catalogue.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Once;

use sim_core::{SimDuration, SimTime, Stream};
use soe_model::broker::estimator::{ESTIMATORS, Estimator, EstimatorBuilder, Prediction};
use soe_model::broker::policy::{POLICIES, Policy, PolicyBuilder};
use soe_model::broker::table::EntryKey;
use soe_model::broker::{AttemptOutcome, Candidates, Failure, ProbeAnswer, Target};
use soe_model::catalogue::Kind;
use soe_model::names::EndpointId;

static POLICY: Kind<PolicyBuilder> = Kind::new("spy", "Checks what it is told.", |_| {
    Box::new(Spy::default())
});
static ESTIMATOR: Kind<EstimatorBuilder> = Kind::new("spy", "Checks what it is told.", |_| {
    Box::new(Spy::default())
});

thread_local! {
    /// Calls sent and done.
    static COUNTS: RefCell<(u64, u64)> = const { RefCell::new((0, 0)) };
}

/// Makes both known; to be called before any catalogue is used.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        POLICIES.register(vec![&POLICY]).unwrap();
        ESTIMATORS.register(vec![&ESTIMATOR]).unwrap();
    });
}

/// How many calls spies were told of as sent and as done.
pub fn counts() -> (u64, u64) {
    COUNTS.with_borrow(|counts| *counts)
}

/// Begins to count anew.
pub fn forget() {
    COUNTS.with_borrow_mut(|counts| *counts = (0, 0));
}

#[derive(Debug, Default)]
struct Spy {
    /// By position.
    here: Vec<()>,
    /// Calls in progress by entry.
    under_way: BTreeMap<EntryKey, u32>,
    places: BTreeMap<EndpointId, u32>,
    picks: usize,
    due: Option<SimTime>,
    probes: u32,
}

const NAP: SimDuration = SimDuration::from_millis(7);

impl Spy {
    fn sent(&mut self, now: SimTime, target: Target) {
        *self.under_way.entry(target.entry).or_default() += 1;
        *self.places.entry(target.destination).or_default() += 1;
        self.due = Some(now + NAP);
        COUNTS.with_borrow_mut(|counts| counts.0 += 1);
    }

    fn done(&mut self, target: Target) {
        let under_way = self.under_way.get_mut(&target.entry);
        let under_way = under_way.expect("the entry was there when the call was sent");
        assert!(*under_way > 0, "a call ends twice");
        *under_way -= 1;
        *self.places.get_mut(&target.destination).unwrap() -= 1;
        COUNTS.with_borrow_mut(|counts| counts.1 += 1);
    }

    fn look(&mut self, candidates: &Candidates<'_>) {
        assert!(!candidates.is_empty());
        for position in 0..candidates.len() {
            let endpoint = candidates.endpoint(position);
            let own = self.places.get(&endpoint).copied().unwrap_or_default();
            assert!(candidates.pending(position) >= own);
            assert!(candidates.weight(position) >= 0.0);
        }
    }

    fn wake(&mut self, now: SimTime) {
        assert!(self.due.is_some_and(|due| due <= now), "woken too early");
        self.due = None;
    }

    fn wants_probes(&mut self, candidates: &Candidates<'_>, wanted: &mut Vec<usize>) {
        assert!(wanted.is_empty());
        self.picks += 1;
        if self.picks.is_multiple_of(3) {
            // One of them is out of range and ignored.
            wanted.extend([0, candidates.len()]);
            self.probes += 1;
        }
    }

    fn replied(&mut self) {
        self.probes = self.probes.checked_sub(1).expect("a reply without a probe");
    }
}

impl Policy for Spy {
    fn add(&mut self, _: SimTime, _: f32) {
        self.here.push(());
    }

    fn update(&mut self, _: SimTime, position: usize, _: f32) {
        assert!(position < self.here.len());
    }

    fn remove(&mut self, _: SimTime, position: usize) {
        assert!(position < self.here.len());
        self.here.pop();
    }

    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, _: &mut Stream) -> usize {
        assert_eq!(candidates.len(), self.here.len());
        self.look(candidates);
        self.picks % candidates.len()
    }

    fn sent(&mut self, now: SimTime, target: Target) {
        assert!(target.position < self.here.len());
        self.sent(now, target);
    }

    fn done(&mut self, _: SimTime, target: Target, _: &AttemptOutcome) {
        assert!(target.position < self.here.len());
        self.done(target);
    }

    fn wants_probes(
        &mut self,
        _: SimTime,
        candidates: &Candidates<'_>,
        _: &mut Stream,
        wanted: &mut Vec<usize>,
    ) {
        self.wants_probes(candidates, wanted);
    }

    fn probed(&mut self, _: SimTime, _: Target, _: &ProbeAnswer) {
        self.replied();
    }

    fn probe_failed(&mut self, _: SimTime, _: Target, _: Option<Failure>) {
        self.replied();
    }

    fn next_wake(&self) -> Option<SimTime> {
        self.due
    }

    fn wake(&mut self, now: SimTime) {
        self.wake(now);
    }
}

impl Estimator for Spy {
    fn predict(
        &mut self,
        _: SimTime,
        target: Target,
        candidates: &Candidates<'_>,
    ) -> Option<Prediction> {
        self.look(candidates);
        assert_eq!(candidates.endpoint(target.position), target.destination);
        Some(Prediction {
            processing: f64::from(candidates.pending(target.position)),
            ..Prediction::default()
        })
    }

    fn sent(&mut self, now: SimTime, target: Target) {
        self.sent(now, target);
    }

    fn done(&mut self, _: SimTime, target: Target, _: &AttemptOutcome) {
        self.done(target);
    }

    fn wants_probes(
        &mut self,
        _: SimTime,
        candidates: &Candidates<'_>,
        _: &mut Stream,
        wanted: &mut Vec<usize>,
    ) {
        self.wants_probes(candidates, wanted);
    }

    fn probed(&mut self, _: SimTime, _: Target, _: &ProbeAnswer) {
        self.replied();
    }

    fn probe_failed(&mut self, _: SimTime, _: Target, _: Option<Failure>) {
        self.replied();
    }

    fn next_wake(&self) -> Option<SimTime> {
        self.due
    }

    fn wake(&mut self, now: SimTime) {
        self.wake(now);
    }
}
