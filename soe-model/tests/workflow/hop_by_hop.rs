//! Computers that call each other, on a network that loses messages.

use proptest::prelude::*;
use soe_model::workflow::*;

use crate::hosts::{Bench, CLIENT, RETENTION};
use crate::plans::plans;

fn check(bench: &mut Bench) -> Result<(), TestCaseError> {
    bench.run_to_end();
    let plan = bench.plan.clone();
    prop_assert_eq!(bench.outcomes.len(), 1, "one outcome");
    prop_assert!(!bench.early, "a step ran before its predecessors");
    let repeated = bench.executed.values().any(|&times| times > 1);
    prop_assert!(!repeated, "a step ran twice: {:?}", bench.executed);
    if let Ok(output) = &bench.outcomes[0].result {
        prop_assert!(output.0 >= 10);
        prop_assert_eq!(bench.executed.len() as u32, plan.steps());
    }
    for host in &bench.hosts {
        // Nothing is left but word of departures.
        prop_assert!(host.next_wake().is_none_or(|due| due >= RETENTION));
    }
    for name in plan.dependencies().keys() {
        let copies = bench.copies(name);
        prop_assert_eq!(copies.len(), 1, "state {} is at {:?}", name, copies);
        prop_assert_eq!(bench.trail(name), copies.into_iter().next());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_function_runs_once_or_the_caller_gets_an_error_and_no_state_is_lost(
        plan in plans(),
        hosts in 1usize..5,
        seed in any::<u64>(),
        loss in prop_oneof![Just(0.02), Just(0.1), Just(0.4)],
    ) {
        check(&mut Bench::new(&plan, hosts, seed, loss))?;
    }

    #[test]
    fn without_losses_the_result_comes_from_the_last_step(
        plan in plans(),
        hosts in 1usize..5,
        seed in any::<u64>(),
    ) {
        let mut bench = Bench::new(&plan, hosts, seed, 0.0);
        check(&mut bench)?;
        let outcome = &bench.outcomes[0];
        prop_assert!(outcome.result.is_ok(), "{:?}", outcome.result);
        // States that nobody needs have stayed; the others are where the client is told.
        for name in plan.dependencies().keys() {
            let needed = (0..plan.steps()).any(|step| plan.needs(step, name));
            if !needed {
                prop_assert_eq!(bench.copies(name), vec![CLIENT.to_owned()]);
            } else if plan.shape() == Shape::Chain {
                let at = StateRef::Remote(bench.copies(name).remove(0));
                prop_assert_eq!(&outcome.states[name], &at);
            }
        }
    }
}
