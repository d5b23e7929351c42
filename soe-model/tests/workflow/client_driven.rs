//! Clients that call one function after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use sim_core::{SimDuration, SimTime};
use soe_model::units::Bytes;
use soe_model::workflow::*;

use crate::plans::plans;

const DEADLINE: SimDuration = SimDuration::from_secs(60);

fn start(plan: &Arc<Plan>, join: JoinRule) -> Run<Sizes> {
    let states = plan.dependencies().keys();
    let states = states.map(|name| (name.clone(), StateRef::Embedded(Bytes(1))));
    let spec = RunSpec {
        plan: plan.clone(),
        style: Style::ClientDriven,
        argument: Bytes(100),
        states: states.collect(),
        uuid: "u".into(),
        join,
        deadline: DEADLINE,
    };
    Run::new(SimTime::ZERO, spec)
}

fn response(output: u64, states: &States<Sizes>) -> Response<Sizes> {
    Response {
        retcode: OK.into(),
        output: Some(Bytes(output)),
        states: states.clone(),
        responder: "host".into(),
        hops: 2,
        uuid: None,
    }
}

proptest! {
    #[test]
    fn every_function_runs_once_after_its_predecessors_with_its_states(
        plan in plans(),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 10),
    ) {
        let mut run = start(&plan, JoinRule::All);
        let mut running: BTreeMap<u32, Request<Sizes>> = BTreeMap::new();
        let mut done = BTreeSet::new();
        let mut order = order.into_iter();
        let outcome = loop {
            match run.poll() {
                Some(RunAction::Call { step, request }) => {
                    prop_assert!(plan.predecessors(step).iter().all(|step| done.contains(step)));
                    prop_assert!(!done.contains(&step));
                    prop_assert_eq!(request.function(), plan.function(step));
                    let needed: Vec<_> = plan.needed_by(step).collect();
                    let sent: Vec<_> = request.states.keys().map(String::as_str).collect();
                    prop_assert_eq!(&sent, &needed);
                    for other in running.keys() {
                        prop_assert!(!needed.iter().any(|state| plan.needs(*other, state)));
                    }
                    prop_assert!(running.insert(step, request).is_none());
                }
                Some(RunAction::Done(outcome)) => break outcome,
                None => {
                    let next = order.next().unwrap().index(running.len());
                    let step = *running.keys().nth(next).unwrap();
                    let request = running.remove(&step).unwrap();
                    done.insert(step);
                    let mut states = request.states.clone();
                    for state in states.values_mut() {
                        if let StateRef::Embedded(size) = state {
                            size.0 += 1;
                        }
                    }
                    run.answered(step, Ok(response(u64::from(step), &states)), SimDuration::from_millis(27));
                }
            }
        };
        let last = plan.steps() - 1;
        prop_assert_eq!(done.len() as u32, plan.steps());
        prop_assert_eq!(outcome.result, Ok(Bytes(u64::from(last))));
        prop_assert_eq!(outcome.hops, 2 * plan.steps());
        let processing = SimDuration::from_millis(27 * u64::from(plan.steps()));
        prop_assert_eq!(outcome.processing, processing);
        // No change of a state is lost.
        for (name, state) in &outcome.states {
            let touched = (0..plan.steps()).filter(|step| plan.needs(*step, name)).count();
            prop_assert_eq!(state, &StateRef::Embedded(Bytes(1 + touched as u64)));
        }
    }

    #[test]
    fn whatever_goes_wrong_there_is_one_outcome(
        plan in plans(),
        wrong in any::<prop::sample::Index>(),
        silent in any::<bool>(),
    ) {
        let mut run = start(&plan, JoinRule::All);
        let wrong = wrong.index(plan.steps() as usize) as u32;
        let mut outcomes = 0;
        while let Some(action) = run.poll() {
            match action {
                RunAction::Call { step, .. } if step == wrong && silent => {}
                RunAction::Call { step, .. } if step == wrong => {
                    run.answered(step, Err("RPC failed: gone".into()), SimDuration::ZERO);
                }
                RunAction::Call { step, request } => {
                    run.answered(step, Ok(response(1, &request.states)), SimDuration::ZERO);
                }
                RunAction::Done(outcome) => {
                    outcomes += 1;
                    prop_assert_eq!(outcome.result, Err("RPC failed: gone".into()));
                }
            }
        }
        if silent {
            prop_assert_eq!(run.next_wake(), Some(SimTime::ZERO + DEADLINE));
            run.wake(SimTime::ZERO + DEADLINE);
            let Some(RunAction::Done(outcome)) = run.poll() else {
                return Err(TestCaseError::fail("no outcome"));
            };
            prop_assert_eq!(outcome.result, Err("no result within 60 s".into()));
            outcomes += 1;
        }
        prop_assert_eq!((outcomes, run.poll(), run.next_wake()), (1, None, None));
        run.answered(wrong, Ok(response(1, &States::new())), SimDuration::ZERO);
        prop_assert_eq!(run.poll(), None);
    }
}

#[test]
fn a_join_receives_what_all_returned_or_the_last_as_the_original() {
    let plan = Workflow::template(Form::Dag).plan;
    for join in [JoinRule::All, JoinRule::Last] {
        let mut run = start(&plan, join);
        let mut received = BTreeMap::new();
        let mut waiting = Vec::new();
        loop {
            match run.poll() {
                Some(RunAction::Call { step, request }) => {
                    received.insert(step, request.argument.0);
                    waiting.push(step);
                }
                Some(RunAction::Done(_)) => break,
                None => {
                    // The branch of step 2 answers first.
                    let step = waiting.pop().unwrap();
                    let output = if step == 2 { 300 } else { 5 };
                    run.answered(
                        step,
                        Ok(response(output, &States::new())),
                        SimDuration::ZERO,
                    );
                }
            }
        }
        assert_eq!(received[&0], 100);
        assert_eq!(received[&1], 5);
        let framed = |size: u64| size + 3 + u64::from(size.ilog10());
        match join {
            JoinRule::All => assert_eq!(received[&3], framed(5) + framed(300)),
            JoinRule::Last => assert_eq!(received[&3], 5),
        }
    }
}
