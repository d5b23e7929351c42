//! The format of study files: what is written back reads as the same study.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use scenarios::shipped::SHIPPED;
use soe_study::{Runner, Study};

fn plan_of(study: &Study) -> String {
    let plan = study.resolve().unwrap();
    let mut text = format!(
        "{} {} {:?} {:?} {:?}\n",
        plan.title,
        plan.seed,
        plan.replications.min,
        plan.metrics
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        plan.replications.precision
    );
    for point in 0..plan.points.len() {
        text += &plan.describe(point);
        text.push('\n');
    }
    let prepared = plan.prepare().unwrap();
    for point in 0..prepared.points() {
        text += &prepared.identity(point);
    }
    text
}

fn reads_back(text: &str, origin: &str) {
    let study = Study::parse(text, origin).unwrap();
    let checked = study.check().unwrap();
    let again = Study::parse(&checked, origin).unwrap_or_else(|wrong| panic!("{wrong}\n{checked}"));
    assert_eq!(
        again
            .check()
            .unwrap_or_else(|wrong| panic!("{wrong}\n{checked}")),
        checked
    );
    assert_eq!(plan_of(&again), plan_of(&study));
}

#[test]
fn shipped_studies_are_complete_and_read_back() {
    for shipped in SHIPPED {
        assert!(!shipped.about().is_empty(), "{}", shipped.name);
        let mut study = Study::parse(shipped.text, shipped.name).unwrap();
        assert!(
            !study.resolve().unwrap().title.is_empty(),
            "{}",
            shipped.name
        );
        // Smaller inputs, as this is about the format.
        if shipped.name.starts_with("statesim") {
            study.set("trace.generate=50").unwrap();
        }
        reads_back(&study.check().unwrap(), shipped.name);
    }
}

const SCENARIO: &str = r#"
    version = 1
    kind = "scenario"
    title = 'with "quotes" and é'
    seed = 7
    replications = { min = 3, max = 9, precision = 0.1, metrics = ["latency_mean@all"] }
    metrics = ["latency_mean@all", "share"]
    filter = ["rate < 100 or policy = random", "policy != 'least-impedance'"]
    set."run.duration" = "5 s"
    [scenario.controller.control]
    [scenario.computer."pi.x"]
    count = 2
    platform = "raspberry"
    [scenario.broker.router]
    policy = "random"
    [scenario.client.user]
    function = "clambda0"
    destination = "router"
    arrivals = { type = "poisson", rate = 1 }
    size = "10 kB"
    [[axis]]
    key = "client.user.arrivals.rate"
    from = 1
    to = 100
    steps = 3
    spacing = "logarithmic"
    label = "calls per second"
    [[axis]]
    name = "policy"
    key = "broker.router.policy"
    values = ["random", "round-robin", "least-impedance"]
    [[axis]]
    name = "size"
    keys = ["client.user.size", "network.latency"]
    values = [["1 kB", "1 ms"], [["1 kB", "2 kB"], "2 ms"]]
    labels = ["1 kB", "several"]
    [[axis]]
    name = "case"
    values = [
        { label = "plain", set = {} },
        { label = "slow", set = { "network.rate" = "1 Mb/s", "computer.\"pi.x\".count" = 3 } },
    ]
    [[figure]]
    name = "latency"
    title = "Latency"
    metric = "latency_mean@all"
    x = "rate"
    series = "policy"
    where = ["size = several", "case = plain or case = slow"]
    scale = "logarithmic"
    entities = ["all"]
    [[figure]]
    name = "ratio"
    metric = "share"
    x = "rate"
    ratio = [["pi.x-1", "pi.x-2"]]
"#;

#[test]
fn a_study_of_a_scenario_reads_back() {
    reads_back(SCENARIO, "study.toml");
    let plan = Study::parse(SCENARIO, "study.toml")
        .unwrap()
        .resolve()
        .unwrap();
    let rates: Vec<_> = plan.axes[0]
        .items
        .iter()
        .map(|item| item.label.as_str())
        .collect();
    assert_eq!(rates, ["1", "10", "100"]);
    // Rate 100 goes with policy random only, and least-impedance is left out.
    assert_eq!(plan.points.len(), (3 + 2) * 2 * 2);
}

#[test]
fn changes_from_outside_apply_before_axes() {
    let mut study = Study::parse(SCENARIO, "study.toml").unwrap();
    study.set("axis.1.steps=2").unwrap();
    study.set("scenario.client.user.size=\"5 kB\"").unwrap();
    study.set("seed=9").unwrap();
    let plan = study.resolve().unwrap();
    assert_eq!((plan.seed, plan.axes[0].items.len()), (9, 2));
}

#[test]
fn changes_from_outside_reach_items_scenarios_and_sets() {
    let mut study = Study::parse(SCENARIO, "study.toml").unwrap();
    for assignment in [
        "axis.2.values.3=two-choices",
        "axis.2.name=rule",
        "axis.3.values.1.2=3 ms",
        "axis.4.values.1.label=usual",
        "filter.1=rate < 100",
        "filter.2=rule != two-choices",
        "figure.1.series=rule",
        "figure.1.where.2=case = usual",
        // The word `async` becomes a table with a parameter.
        "scenario.broker.router.optimizer=async",
        "scenario.broker.router.optimizer.alpha=0.5",
        "set.run.duration=7 s",
        "replications.max=5",
    ] {
        study.set(assignment).unwrap();
    }
    let text = study.check().unwrap();
    for expected in [
        "\"random\", \"round-robin\", \"two-choices\"",
        "\"3 ms\"",
        "label = \"usual\"",
        "alpha = 0.5",
        "\"run.duration\" = \"7 s\"",
        "max = 5",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    reads_back(&text, "study.toml");
}

#[test]
fn points_that_differ_in_name_only_share_their_content() {
    let text = SCENARIO.replace(
        "set = { \"network.rate\" = \"1 Mb/s\", \"computer.\\\"pi.x\\\".count\" = 3 }",
        "set = {}",
    );
    let plan = Study::parse(&text, "study.toml")
        .unwrap()
        .resolve()
        .unwrap();
    let prepared = plan.prepare().unwrap();
    assert_eq!(prepared.identity(0), prepared.identity(1));
    assert_ne!(prepared.identity(0), prepared.identity(2));
}

proptest! {
    #[test]
    fn ranges_start_and_end_where_they_say(from in 1e-6..1e6_f64, factor in 1.1..1e3_f64, steps in 2..20_u32, log: bool) {
        let spacing = if log { "logarithmic" } else { "linear" };
        let to = from * factor;
        let text = format!(
            "version = 1\nkind = \"statesim\"\n[[axis]]\nkey = \"state-factor\"\nfrom = {from:?}\nto = {to:?}\n\
             steps = {steps}\nspacing = \"{spacing}\"\n"
        );
        let plan = Study::parse(&text, "study.toml").unwrap().resolve().unwrap();
        let numbers: Vec<_> = plan.axes[0].items.iter().map(|item| item.number.unwrap()).collect();
        prop_assert_eq!(numbers.len(), steps as usize);
        prop_assert_eq!((numbers[0], numbers[numbers.len() - 1]), (from, to));
        prop_assert!(numbers.is_sorted());
        let steps: Vec<_> = numbers
            .windows(2)
            .map(|pair| if log { pair[1] / pair[0] } else { pair[1] - pair[0] })
            .collect();
        let near = |step: &f64| (step / steps[0] - 1.0).abs() < 1e-6;
        prop_assert!(steps.iter().all(near), "{steps:?}");
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z0-9=\\[\\]{}\",. \n-]{0,200}") {
        let text = format!("version = 1\nkind = \"statesim\"\n{text}");
        if let Ok(study) = Study::parse(&text, "study.toml") {
            let _ = study.resolve();
        }
    }
}
