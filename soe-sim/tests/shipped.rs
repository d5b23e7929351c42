//! What holds for every shipped scenario.

#![allow(clippy::unwrap_used)]

use std::convert::Infallible;
use std::path::PathBuf;

use analysis::{CallRecord, Names, Outcome, SampleRecord};
use scenarios::format::Scenario;
use soe_model::deployment::Deployment;
use soe_sim::{ALL, MetricValue, Observer, Progress, ReplicationResult, RunOptions, run};

fn shipped() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_scenario = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "toml") && !path.ends_with("Cargo.toml")
    };
    let mut files: Vec<_> = files.filter(is_scenario).collect();
    files.sort();
    assert!(files.len() >= 14, "{files:?}");
    files
}

/// A shipped scenario, short enough for a test, without warm-up.
fn short(path: &PathBuf, changes: &[&str]) -> Deployment {
    let mut scenario = Scenario::load(path).unwrap_or_else(|error| panic!("{error}"));
    scenario.set("run.warm-up=0 s").unwrap();
    scenario.set("run.replications=1").unwrap();
    if scenario.resolve().unwrap().run.duration.is_some() {
        let large = path.ends_with("large.toml");
        let duration = if large { "2 s" } else { "60 s" };
        scenario.set(&format!("run.duration={duration}")).unwrap();
    }
    for change in changes {
        scenario
            .set(change)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    scenario.resolve().unwrap_or_else(|error| panic!("{error}"))
}

#[derive(Default)]
struct Calls(Vec<CallRecord>);

impl Observer for Calls {
    fn call(&mut self, call: &CallRecord, _: &Names) {
        self.0.push(*call);
    }

    fn sample(&mut self, _: &SampleRecord, _: &Names) {}
}

fn observe(deployment: &Deployment) -> (ReplicationResult, Vec<CallRecord>) {
    let watch = |_| Ok::<_, Infallible>(Some(Calls::default()));
    let progress = Progress::default();
    let results = run(deployment, &RunOptions::default(), &progress, watch).unwrap();
    let (result, calls) = results.into_iter().next().unwrap();
    (result, calls.unwrap().0)
}

fn metric(result: &ReplicationResult, name: &str) -> f64 {
    let is = |value: &&MetricValue| value.metric.name == name && value.entity == ALL;
    result.metrics.iter().find(is).unwrap().value
}

/// The integral over time of the number of calls in progress is the sum of the times
/// that calls spend, those cut off by the end included: Little's law, exactly.
#[test]
fn littles_law_holds() {
    for path in shipped() {
        let (result, calls) = observe(&short(&path, &[]));
        let end = result.end.as_nanos();
        let spent = |call: &CallRecord| call.latency_ns.unwrap_or(end - call.sent_ns);
        let spent = calls.iter().map(spent).map(u128::from).sum::<u128>() as f64;
        let integral = metric(&result, "calls_under_way") * end as f64;
        assert!(
            (integral - spent).abs() <= 1e-9 * spent,
            "{path:?}: {integral} and {spent}"
        );
    }
}

#[test]
fn offered_is_completed_plus_lost_plus_in_progress() {
    for path in shipped() {
        let (result, calls) = observe(&short(&path, &[]));
        let count = |wanted: fn(Outcome) -> bool| {
            calls.iter().filter(|call| wanted(call.outcome)).count() as f64
        };
        let completed = count(|outcome| outcome == Outcome::Ok);
        let in_progress = count(|outcome| outcome == Outcome::InProgress);
        let lost = count(|outcome| matches!(outcome, Outcome::Error(_) | Outcome::Lost));
        assert_eq!(
            metric(&result, "calls_sent"),
            calls.len() as f64,
            "{path:?}"
        );
        assert_eq!(metric(&result, "calls_completed"), completed, "{path:?}");
        assert_eq!(
            metric(&result, "calls_in_progress"),
            in_progress,
            "{path:?}"
        );
        assert_eq!(metric(&result, "calls_lost"), lost, "{path:?}");
        // Every call has a number of its own.
        let mut numbers: Vec<_> = calls.iter().map(|call| call.call).collect();
        numbers.sort_unstable();
        assert!(
            numbers.iter().copied().eq(0..calls.len() as u64),
            "{path:?}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    for path in shipped() {
        let (first, calls) = observe(&short(&path, &["run.seed=5"]));
        let (again, calls_again) = observe(&short(&path, &["run.seed=5"]));
        assert_eq!(first, again, "{path:?}");
        assert_eq!(calls, calls_again, "{path:?}");
        let (other, _) = observe(&short(&path, &["run.seed=6"]));
        // Nothing is drawn at random there, so seeds make no difference.
        let name = path.file_name().unwrap().to_string_lossy();
        let random = !["readme-dispatcher.toml", "autoscaling.toml"].contains(&&*name)
            && !name.starts_with("workflow-");
        assert_eq!(first.fingerprint != other.fingerprint, random, "{path:?}");
    }
}

#[test]
fn a_replication_is_the_same_alone_and_among_others_on_any_number_of_threads() {
    let path = shipped()
        .into_iter()
        .find(|path| path.ends_with("policy-random.toml"));
    let mut deployment = short(&path.unwrap(), &[]);
    deployment.run.replications = 4;
    let all = |threads| {
        let options = RunOptions {
            threads: Some(threads),
            ..RunOptions::default()
        };
        let watch = |_| Ok::<_, Infallible>(None::<Calls>);
        let results = run(&deployment, &options, &Progress::default(), watch).unwrap();
        results
            .into_iter()
            .map(|(result, _)| result)
            .collect::<Vec<_>>()
    };
    let results = all(1);
    assert_eq!(results, all(2));
    assert_eq!(results, all(4));
    for result in &results {
        let (options, progress) = (RunOptions::default(), Progress::default());
        let number = result.replication;
        let alone = soe_sim::run_replication(&deployment, number, &options, &progress, None);
        assert_eq!(alone.unwrap().as_ref(), Some(result));
    }
    let mut fingerprints: Vec<_> = results.iter().map(|result| result.fingerprint).collect();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 4);
}

#[test]
fn another_policy_leaves_the_arrivals_untouched() {
    let path = shipped()
        .into_iter()
        .find(|path| path.ends_with("policy-random.toml"))
        .unwrap();
    let arrivals = |policy: &str| {
        let change = format!("broker.router.policy={policy}");
        let (result, calls) = observe(&short(&path, &[&change]));
        let mut arrivals: Vec<_> = calls
            .iter()
            .map(|call| (call.call, call.sent_ns, call.client, call.input_bytes))
            .collect();
        arrivals.sort_unstable();
        (result.fingerprint, arrivals)
    };
    let (random, first) = arrivals("random");
    for policy in ["least-impedance", "round-robin"] {
        let (other, arrivals) = arrivals(policy);
        assert_ne!(random, other, "{policy}");
        assert_eq!(first, arrivals, "{policy}");
    }
}
