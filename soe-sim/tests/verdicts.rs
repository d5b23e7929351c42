//! Verdicts: what runs say about themselves is true where the truth is known.

#![allow(clippy::unwrap_used)]

use analysis::verdict::Verdict;
use scenarios::format::{Scenario, starter};
use soe_model::deployment::Deployment;
use soe_sim::{Progress, Recording, Results};

/// A single server with Poisson arrivals, exponential service of 10 ms on average, and a
/// load.
fn single_server(load: f64, rest: &str) -> String {
    let rate = load * 100.0;
    format!(
        r#"
        version = 1
        run = {{ duration = "1000 s", warm-up = "100 s", replications = 5 }}
        [function.f]
        operations-per-byte = "1 kop"
        [computer.c]
        speed = "1 Gop/s"
        functions = ["f"]
        [client.u]
        function = "f"
        destination = "c"
        arrivals = {{ type = "poisson", rate = {rate} }}
        size = {{ type = "exponential", mean = "10 kB" }}
        {rest}
        "#
    )
}

fn deployment(text: &str, changes: &[&str]) -> Deployment {
    let mut scenario = Scenario::parse(text, "test.toml").unwrap();
    for change in changes {
        scenario.set(change).unwrap();
    }
    scenario.resolve().unwrap_or_else(|error| panic!("{error}"))
}

fn results(deployment: &Deployment) -> Results {
    let progress = Progress::default();
    Results::of(deployment, Recording::default(), None, &progress).unwrap()
}

fn judged(text: &str, changes: &[&str]) -> (Verdict, String) {
    let results = results(&deployment(text, changes));
    let [judgement] = results.summary.verdicts.as_slice() else {
        panic!("one point has one verdict");
    };
    (judgement.verdict, judgement.reason.clone())
}

/// Seeds with which each claim is tried.
const SEEDS: usize = 10;

/// How many of the seeds give this verdict.
fn count(text: &str, changes: &[&str], verdict: Verdict) -> usize {
    let seeds = 1..=SEEDS as u32;
    let gives = |seed: &u32| {
        let seed = format!("run.seed={seed}");
        let changes: Vec<&str> = changes.iter().copied().chain([seed.as_str()]).collect();
        judged(text, &changes).0 == verdict
    };
    seeds.filter(gives).count()
}

#[test]
fn a_server_below_its_capacity_is_steady_and_one_above_is_overloaded() {
    for load in [0.5, 0.8] {
        let steady = count(&single_server(load, ""), &[], Verdict::Steady);
        assert!(steady >= SEEDS - 1, "{load}: {steady} are steady");
    }
    for load in [1.05, 1.5] {
        let overloaded = count(&single_server(load, ""), &[], Verdict::Overloaded);
        assert_eq!(overloaded, SEEDS, "{load}");
    }
}

#[test]
fn one_replication_is_judged_as_well() {
    let alone = ["run.replications=1"];
    let steady = count(&single_server(0.5, ""), &alone, Verdict::Steady);
    assert!(steady >= SEEDS - 1, "{steady} are steady");
    let overloaded = count(&single_server(1.3, ""), &alone, Verdict::Overloaded);
    assert!(overloaded >= SEEDS - 1, "{overloaded} are overloaded");
}

#[test]
fn a_closed_loop_that_keeps_its_computer_busy_is_steady() {
    let closed = r#"client.u.arrivals={ type = "closed-loop" }"#;
    let (verdict, reason) = judged(&single_server(0.5, ""), &[closed, "client.u.count=4"]);
    assert_eq!(verdict, Verdict::Steady, "{reason}");
    assert!(reason.contains("c/cpu, is offered 100 %"), "{reason}");
}

#[test]
fn a_computer_that_slows_down_halfway_is_no_steady_state() {
    let slows = "[[event]]\nat = \"550 s\"\nslow = \"c\"\nspeed = \"0.6 Gop/s\"";
    let steady = count(&single_server(0.5, slows), &[], Verdict::Steady);
    assert_eq!(steady, 0);
}

#[test]
fn what_starts_full_and_empties_is_a_transient() {
    // 2 000 calls at once, which take 20 s of a run of 60 s, beside a load of a half.
    let burst = r#"
        [client.burst]
        function = "f"
        destination = "c"
        count = 2000
        arrivals = { type = "periodic", interval = "1000 s", phase = "zero" }
        size = "10 kB"
    "#;
    let short = ["run.duration=60 s", "run.warm-up=0 s"];
    let (verdict, reason) = judged(&single_server(0.5, burst), &short);
    assert_eq!(verdict, Verdict::Transient, "{reason}");
    assert!(reason.contains("shrink"), "{reason}");
}

#[test]
fn few_calls_are_too_few_and_none_is_nothing() {
    let text = single_server(0.5, "");
    assert_eq!(
        judged(&text, &["run.duration=100.05 s"]).0,
        Verdict::TooShort
    );
    assert_eq!(
        judged(
            &text,
            &[
                "client.u.start=990 s",
                "client.u.stop=991 s",
                "run.warm-up=995 s"
            ]
        )
        .0,
        Verdict::Empty
    );
}

#[test]
fn the_offered_load_is_the_work_that_arrives() {
    for load in [0.25, 0.75, 1.5] {
        // Each call takes 10 ms, and they come at equal intervals.
        let text = single_server(load, "");
        let fixed = format!(
            r#"client.u.arrivals={{ type = "periodic", rate = {} }}"#,
            load * 100.0
        );
        let deployment = deployment(&text, &[&fixed, "client.u.size=10 kB"]);
        let before = deployment.offered_loads();
        assert_eq!(before.len(), 1);
        assert!((before[0].ratio - load).abs() < 1e-6, "{before:?}");
        let results = results(&deployment);
        let rows = &results.summary.rows;
        let measured = rows
            .iter()
            .find(|row| row.metric == "offered_load")
            .unwrap();
        assert!((measured.mean.unwrap() - load).abs() < 1e-4, "{measured:?}");
    }
}

#[test]
fn mean_sizes_are_those_of_what_is_drawn() {
    for size in [
        r#"{ type = "uniform", min = "1 kB", max = "30 kB" }"#,
        r#"{ type = "list", sizes = ["1 kB", "4 kB", "4 kB", "20 kB"] }"#,
        r#"{ type = "lognormal", mean = "10 kB", variation = 0.7 }"#,
        r#"{ type = "pareto", min = "2 kB", max = "40 kB", shape = 1.5 }"#,
        r#"{ type = "pareto", min = "2 kB", max = "40 kB", shape = 1 }"#,
        r#"{ type = "bimodal", small = "2 kB", large = "30 kB", large-share = 0.2 }"#,
    ] {
        let size = format!("client.u.size={size}");
        let deployment = deployment(&single_server(0.5, ""), &[&size, "run.duration=4000 s"]);
        let [before] = &deployment.offered_loads()[..] else {
            panic!("{size}: one group");
        };
        let results = results(&deployment);
        let rows = &results.summary.rows;
        let measured = rows
            .iter()
            .find(|row| row.metric == "offered_load")
            .unwrap();
        let ratio = measured.mean.unwrap() / before.ratio;
        assert!((ratio - 1.0).abs() < 0.02, "{size}: {ratio}");
    }
}

#[test]
fn the_template_is_steady_also_with_the_change_that_the_readme_makes() {
    for changes in [&[][..], &["client.phone.arrivals.rate=3"][..]] {
        let (verdict, reason) = judged(starter(), changes);
        assert_eq!(verdict, Verdict::Steady, "{changes:?}: {reason}");
    }
    let readme = include_str!("../../README.md");
    assert!(readme.contains("--set client.phone.arrivals.rate=3\n"));
}

#[test]
fn every_shipped_scenario_is_steady_or_says_that_it_is_not() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // The large one takes a minute in a debug build.
        if !name.ends_with(".toml") || ["Cargo.toml", "large.toml"].contains(&&*name) {
            continue;
        }
        let mut scenario = Scenario::load(&path).unwrap();
        scenario.set("run.replications=3").unwrap();
        let results = results(&scenario.resolve().unwrap());
        let judgement = &results.summary.verdicts[0];
        let demonstration = name.contains("readme") || name.contains("workflow");
        let is_short = demonstration && judgement.verdict == Verdict::TooShort;
        // Those that show a burst, a change or an overload say so.
        let text = std::fs::read_to_string(&path).unwrap();
        let says_so = text.contains(&format!("verdict is `{}`", judgement.verdict));
        assert!(
            is_short || says_so || judgement.verdict.is_steady(),
            "{name}: {judgement}"
        );
    }
}

/// Two computers, equally fast, one of which is 5 ms farther away, below a dispatcher.
fn dispatched(estimator: &str, compatibility: &str) -> String {
    format!(
        r#"
        version = 1
        run = {{ duration = "600 s", warm-up = "60 s", replications = 3 }}
        [network]
        latency = "0.5 ms"
        [[network.link]]
        between = ["d", "far"]
        latency = "5 ms"
        [function.f]
        operations-per-byte = "1 kop"
        [controller.k]
        [computer.near]
        speed = "1 Gop/s"
        functions = {{ f = 100 }}
        controller = "k"
        [computer.far]
        speed = "1 Gop/s"
        functions = {{ f = 100 }}
        controller = "k"
        [broker.d]
        type = "dispatcher"
        estimator = "{estimator}"
        compatibility = "{compatibility}"
        controller = "k"
        [client.u]
        function = "f"
        destination = "d"
        arrivals = {{ type = "poisson", rate = 120 }}
        size = {{ type = "exponential", mean = "10 kB" }}
        "#
    )
}

#[test]
fn estimators_of_the_load_do_not_herd_where_every_size_is_new() {
    let latency = |estimator, compatibility, changes: &[&str]| {
        let results = results(&deployment(&dispatched(estimator, compatibility), changes));
        let verdict = results.summary.verdicts[0].verdict;
        let mut rows = results.summary.rows.iter();
        let mean = rows.find(|row| row.metric == "latency_mean").unwrap().mean;
        (verdict, mean.unwrap() / 1e6)
    };
    for estimator in ["util", "delay"] {
        // Loads that are a second old make calls swing between the computers, but no more
        // than with a single size.
        let (_, one_size) = latency(estimator, "corrected", &["client.u.size=10 kB"]);
        let (verdict, mean) = latency(estimator, "corrected", &[]);
        assert_eq!(verdict, Verdict::Steady, "{estimator}");
        assert!(
            mean < one_size,
            "{estimator}: {mean} ms, {one_size} ms with a single size"
        );
        // With the rule of the original, the nearer computer gets nearly all.
        let (verdict, _) = latency(estimator, "original", &[]);
        assert_eq!(verdict, Verdict::Overloaded, "{estimator}");
    }
}
