//! Random plans.

use std::sync::Arc;

use proptest::prelude::*;
use soe_model::workflow::Plan;

/// Chains and DAGs of up to ten steps, with up to three states.
pub fn plans() -> impl Strategy<Value = Arc<Plan>> {
    let dag = (2usize..10).prop_flat_map(|steps| {
        let pairs = steps * (steps - 1) / 2;
        let edges = proptest::collection::vec(proptest::bool::weighted(0.35), pairs);
        (Just(steps), edges)
    });
    let shape = prop_oneof![
        (1usize..8).prop_map(|steps| (steps, None)),
        dag.prop_map(|(steps, edges)| (steps, Some(edges))),
    ];
    let needs = proptest::collection::vec(proptest::bits::u16::ANY, 0..4);
    (shape, needs).prop_map(|((steps, edges), needs)| {
        let functions: Vec<_> = (0..steps).map(|step| format!("f{}", step % 4)).collect();
        let plan = match edges {
            None => Plan::chain(functions.clone()),
            Some(edges) => Plan::dag(functions.clone(), &connected(steps, &edges)),
        };
        let states = needs.iter().enumerate().map(|(state, bits)| {
            let needing = (0..4).filter(|function| bits >> function & 1 == 1);
            let needing = needing.map(|function| format!("f{function}"));
            let needing = needing.filter(|function| functions.contains(function));
            (format!("s{state}"), needing.collect())
        });
        Arc::new(plan.unwrap().with_states::<String, String>(states))
    })
}

/// Edges from smaller to greater steps, completed so that every step lies
/// between the first and the last.
fn connected(steps: usize, edges: &[bool]) -> Vec<Vec<u64>> {
    let mut successors = vec![Vec::new(); steps - 1];
    let mut edge = edges.iter();
    for to in 1..steps {
        let mut reached = false;
        for list in successors.iter_mut().take(to) {
            if *edge.next().unwrap() {
                list.push(to as u64);
                reached = true;
            }
        }
        if !reached {
            successors[to - 1].push(to as u64);
        }
    }
    for list in &mut successors {
        if list.is_empty() {
            list.push(steps as u64 - 1);
        }
    }
    successors
}
