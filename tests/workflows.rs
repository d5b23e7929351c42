//! The same workflows simulated and live: the same calls of functions, one by one.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use analysis::{CallRecord, Names, SampleRecord};
use scenarios::format::Scenario;
use soe_live::command::Stop;
use soe_live::computer::Step;
use soe_live::deployment::{self, Component, Places, Seen};
use soe_model::deployment::Deployment;
use soe_model::workflow::{Matter, StateRef};
use soe_sim::{Observer, Progress, RunOptions, StepRecord, run_replication};
use tokio::sync::mpsc;

/// One execution of a function: where, which, size of its argument, nodes passed,
/// and each state with its size or its place.
type Call = (String, String, u64, u32, Vec<String>);

/// States as text; `size` is that of an embedded one, `place` names a server.
fn states<M: Matter>(
    states: &BTreeMap<String, StateRef<M>>,
    size: impl Fn(&M::State) -> u64,
    place: impl Fn(&str) -> String,
) -> Vec<String> {
    let state = |(name, state): (&String, &StateRef<M>)| match state {
        StateRef::Embedded(content) => format!("{name}: {} B", size(content)),
        StateRef::Remote(at) => format!("{name} at {}", place(at)),
    };
    states.iter().map(state).collect()
}

#[derive(Default)]
struct Simulated {
    /// By run.
    steps: BTreeMap<Option<u64>, Vec<Call>>,
    hops: Vec<u32>,
}

impl Observer for Simulated {
    fn call(&mut self, call: &CallRecord, _: &Names) {
        self.hops.push(call.hops);
    }

    fn sample(&mut self, _: &SampleRecord, _: &Names) {}

    fn step(&mut self, step: &StepRecord<'_>) {
        self.steps.entry(step.call).or_default().push((
            step.computer.to_owned(),
            step.function.to_owned(),
            step.argument.0,
            step.hops,
            states(step.states, |size| size.0, str::to_owned),
        ));
    }
}

fn simulate(deployment: &Deployment) -> Simulated {
    let mut simulated = Simulated::default();
    let (options, progress) = (RunOptions::default(), Progress::default());
    let watched = Some(&mut simulated as &mut dyn Observer);
    run_replication(deployment, 0, &options, &progress, watched)
        .unwrap()
        .unwrap();
    simulated
}

/// Runs a deployment live, and returns the steps of each run as well.
fn live(deployment: &Arc<Deployment>) -> (Seen, BTreeMap<String, Vec<Call>>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let places = Arc::new(Places::choose(deployment).unwrap());
    let (watch, mut steps) = mpsc::unbounded_channel::<Step>();
    let launch = |name: &str, stop: Stop| -> Component {
        let (deployment, places) = (deployment.clone(), places.clone());
        let (name, watch) = (name.to_owned(), watch.clone());
        Box::pin(async move {
            deployment::serve(&deployment, &places, &name, 1, Some(&watch), stop).await
        })
    };
    let (absent, stop) = (BTreeSet::new(), Stop::new());
    let seen = deployment::replicate(deployment, 0, &places, &absent, &launch, &stop);
    let seen = runtime.block_on(seen).unwrap();
    drop(watch);
    let client = deployment.clients[0].name.as_str();
    let mut all: BTreeMap<String, Vec<Call>> = BTreeMap::new();
    while let Some(step) = steps.blocking_recv() {
        // Only clients have no place.
        let place = |at: &str| places.name(at).unwrap_or(client).to_owned();
        all.entry(step.uuid).or_default().push((
            place(&step.computer),
            step.function,
            step.argument.0,
            step.hops,
            states(&step.states, |content| content.len() as u64, place),
        ));
    }
    (seen, all)
}

/// Runs a shipped scenario both ways and compares. `ordered` says whether the steps
/// of one run follow each other.
fn compare(file: &str, changes: &[&str], ordered: bool) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(file);
    let mut scenario = Scenario::load(path).unwrap_or_else(|error| panic!("{error}"));
    for change in changes.iter().chain(&["run.calls=3"]) {
        scenario
            .set(change)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    let deployment = scenario.resolve().unwrap_or_else(|error| panic!("{error}"));
    let simulated = simulate(&deployment);
    let (seen, live) = live(&Arc::new(deployment));

    let calls = seen.calls.iter().map(|call| match &call.result {
        Ok(response) => response.hops,
        Err(error) => panic!("{file}: {error}"),
    });
    assert_eq!(calls.collect::<Vec<_>>(), simulated.hops, "{file}");
    assert_eq!(simulated.hops.len(), 3);
    // Runs follow each other, but live they are known by their uuid only.
    let sorted = |mut steps: Vec<Call>| {
        if !ordered {
            steps.sort();
        }
        steps
    };
    let mut expected: Vec<_> = simulated.steps.into_values().map(sorted).collect();
    let mut found: Vec<_> = live.into_values().map(sorted).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{file}");
    assert!(expected.iter().all(|steps| steps.len() >= 3), "{file}");
}

#[test]
fn chains_driven_by_the_client_are_alike() {
    compare("workflow-chain-client.toml", &[], true);
}

#[test]
fn chains_hop_by_hop_are_alike() {
    compare("workflow-chain-hops.toml", &[], true);
}

#[test]
fn chains_with_remote_states_are_alike() {
    compare("workflow-chain-remote.toml", &[], true);
    let hop_by_hop = [
        "workflow.chain.style=hop-by-hop",
        "computer.computer-1.companion=router",
        "computer.computer-2.companion=router",
    ];
    compare("workflow-chain-remote.toml", &hop_by_hop, true);
}

#[test]
fn states_that_stay_elsewhere_are_alike() {
    let shared = [
        "computer.computer-1.state-server=computer-2",
        "workflow.chain.state-at=computer-2",
    ];
    compare("workflow-chain-remote.toml", &shared, true);
}

#[test]
fn graphs_are_alike() {
    compare("workflow-dag.toml", &[], false);
    compare(
        "workflow-dag.toml",
        &["workflow.dag.style=client-driven"],
        false,
    );
}
