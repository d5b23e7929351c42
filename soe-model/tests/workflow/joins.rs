//! Requests that wait for each other.

use std::sync::Arc;

use proptest::prelude::*;
use sim_core::{SimDuration, SimTime};
use soe_model::units::Bytes;
use soe_model::workflow::*;

const DEADLINE: SimDuration = SimDuration::from_secs(10);

/// Step 0 is followed by `branches` steps, which meet in the last one.
fn fan(branches: u32) -> Arc<Plan> {
    let middle = 1..=u64::from(branches);
    let mut successors = vec![middle.clone().collect()];
    successors.extend(middle.map(|_| vec![u64::from(branches) + 1]));
    let functions = (0..branches + 2).map(|step| format!("f{step}"));
    let plan = Plan::dag(functions, &successors).unwrap();
    Arc::new(plan.with_states([("s", vec!["f2"])]))
}

fn request(plan: &Arc<Plan>, from: Option<u32>, size: u64) -> Request<Sizes> {
    let branch = from.unwrap_or(0);
    Request {
        plan: plan.clone(),
        step: plan.steps() - 1,
        from,
        argument: Bytes(size),
        states: States::from([("s".into(), StateRef::Remote(format!("host{branch}")))]),
        uuid: "u".into(),
        callback: Some("client".into()),
        hops: 4,
    }
}

proptest! {
    #[test]
    fn a_join_completes_once_with_everybodys_data(
        branches in 2u32..7,
        shuffle in any::<u64>(),
        repeats in proptest::collection::vec(any::<prop::sample::Index>(), 0..10),
        anonymous in any::<bool>(),
    ) {
        let plan = fan(branches);
        let mut joins = Joins::new(JoinRule::All, DEADLINE);
        let mut steps: Vec<u32> = (1..=branches).collect();
        steps.rotate_left((shuffle % u64::from(branches)) as usize);
        if shuffle & 0x100 > 0 {
            steps.reverse();
        }
        let mut arrivals = steps.clone();
        if !anonymous {
            for repeat in repeats {
                let step = steps[repeat.index(steps.len())];
                arrivals.insert(repeat.index(arrivals.len() + 1), step);
            }
        }
        let mut completed = Vec::new();
        for step in arrivals {
            let from = (!anonymous).then_some(step);
            match joins.arrive(SimTime::ZERO, request(&plan, from, u64::from(step))) {
                Arrival::Complete(request) => completed.push(request),
                Arrival::Waits => prop_assert!(completed.is_empty()),
                Arrival::Repeated => {}
            }
        }
        prop_assert_eq!(completed.len(), 1);
        let sum = u64::from(branches * (branches + 1) / 2 + 3 * branches);
        prop_assert_eq!(completed[0].argument, Bytes(sum));
        if !anonymous {
            // Where the step that needs it left it.
            prop_assert_eq!(&completed[0].states["s"], &StateRef::Remote("host2".into()));
        }
        prop_assert_eq!((joins.waiting(), joins.remembered()), (0, 1));
        prop_assert_eq!(joins.wake(SimTime::ZERO + DEADLINE), vec![]);
        let later = joins.next_wake().unwrap();
        prop_assert_eq!(later, SimTime::ZERO + DEADLINE + DEADLINE);
        prop_assert_eq!(joins.wake(later), vec![]);
        prop_assert_eq!((joins.remembered(), joins.next_wake()), (0, None));
    }
}

#[test]
fn an_incomplete_join_expires_with_an_error() {
    let plan = fan(3);
    let mut joins = Joins::new(JoinRule::All, DEADLINE);
    for step in [3, 1] {
        let arrival = joins.arrive(SimTime::ZERO, request(&plan, Some(step), 1));
        assert_eq!(arrival, Arrival::Waits);
    }
    let due = joins.next_wake().unwrap();
    assert_eq!(due, SimTime::ZERO + DEADLINE);
    let failed = joins.wake(due);
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].0.callback.as_deref(), Some("client"));
    assert_eq!(
        failed[0].1,
        "only 2 of the 3 requests that f4 waits for arrived within 10 s"
    );
    // The third is too late, and does not begin anew.
    let late = joins.arrive(due, request(&plan, Some(2), 1));
    assert_eq!((late, joins.waiting()), (Arrival::Repeated, 0));
    let due = joins.next_wake().unwrap();
    assert!(joins.wake(due).is_empty());
    assert_eq!(joins.remembered(), 0);
}

#[test]
fn the_originals_join_keeps_what_came_last() {
    let plan = fan(2);
    let mut joins = Joins::new(JoinRule::Last, DEADLINE);
    joins.arrive(SimTime::ZERO, request(&plan, Some(2), 20));
    match joins.arrive(SimTime::ZERO, request(&plan, Some(1), 10)) {
        Arrival::Complete(request) => assert_eq!(request.argument, Bytes(10)),
        other => panic!("{other:?}"),
    }
}
