//! Claims of a study and their verdicts.

#![allow(clippy::unwrap_used)]

use analysis::{Manifest, ResultFolder};
use soe_sim::Progress;
use soe_study::{Study, Sweep, Verdict};

const STUDY: &str = r#"
version = 1
kind = "scenario"
replications = 3
metrics = ["latency_mean@all"]

[scenario.run]
calls = 3
[scenario.network]
latency = "1 ms"
[scenario.function.f]
operations = "1 Mop"
[scenario.computer.edge]
speed = "1 Gop/s"
functions = ["f"]
[scenario.client.user]
function = "f"
destination = "edge"

[[axis]]
name = "network"
values = [
  { label = "near", set = { "network.latency" = "1 ms" } },
  { label = "far", set = { "network.latency" = "3 ms" } },
]

[[axis]]
name = "work"
values = [
  { label = "little", set = { "function.f.operations" = "1 Mop" } },
  { label = "much", set = { "function.f.operations" = "93 Mop" } },
]
"#;

fn verdicts(findings: &str) -> (Vec<Verdict>, String, String) {
    let text = format!("{STUDY}{findings}");
    let study = Study::parse(&text, "findings.toml").unwrap();
    let plan = study.resolve().unwrap_or_else(|wrong| panic!("{wrong}"));
    let prepared = plan.prepare().unwrap();
    let parent = tempfile::tempdir().unwrap();
    let work = parent.path().join("work");
    let metrics = plan.metrics_known();
    let mut sweep = Sweep::open(&prepared, metrics, &plan.replications, &work, None).unwrap();
    let progress = Progress::default();
    sweep.run(Some(1), &progress, |_| {}, |_| {}).unwrap();
    let results = parent.path().join("results");
    let folder = ResultFolder::create(&results, false).unwrap();
    let printed = study.check().unwrap();
    // What is printed reads back.
    let again = Study::parse(&printed, "findings.toml").unwrap();
    assert_eq!(again.check().unwrap(), printed);
    sweep
        .write(&plan, &prepared, &printed, folder, Manifest::default())
        .unwrap();
    let read = |name: &str| std::fs::read_to_string(results.join(name)).unwrap();
    let verdicts = sweep.verdicts.clone();
    (verdicts, read("findings.csv"), read("index.html"))
}

fn finding(name: &str, value: &str, than: &str, more: &str) -> String {
    format!(
        "[[finding]]\nname = \"{name}\"\nclaim = \"{name} holds\"\nmetric = \"latency_mean@all\"\n\
         axis = \"network\"\nvalue = \"{value}\"\nthan = \"{than}\"\n{more}\n"
    )
}

#[test]
fn claims_are_decided_by_paired_ratios() {
    // Latency is twice the network's and the work: 3, 7, 95 and 99 ms.
    let findings = [
        finding("near", "near", "far", "is = \"less\""),
        finding("far", "far", "near", "is = \"not-more\""),
        finding("depends", "near", "far", "is = \"depends\""),
        finding("little", "near", "far", "where = \"work = little\""),
        finding("along", "near", "far", "along = \"work\""),
        finding("against", "far", "near", "along = \"work\""),
    ];
    let (verdicts, table, page) = verdicts(&findings.concat());
    let reproduced: Vec<_> = verdicts.iter().map(|verdict| verdict.reproduced).collect();
    assert_eq!(reproduced, [true, false, false, true, false, true]);
    let counts = |verdict: &Verdict| (verdict.places, verdict.less, verdict.more);
    assert_eq!(counts(&verdicts[0]), (2, 2, 0));
    assert_eq!(counts(&verdicts[3]), (1, 1, 0));
    assert_eq!(
        verdicts[0].line(),
        "reproduced: near holds (latency_mean@all of near over far: from 0.429 ± 0.000 at work \
         little to 0.960 ± 0.000 at work much; less in 2, more in 0 of 2 places)"
    );
    assert!(verdicts[1].line().starts_with("NOT reproduced: far holds"));
    // From 3/7 to 95/99.
    assert!(
        verdicts[4].numbers.contains(": 2.239 ± 0.000"),
        "{}",
        verdicts[4].numbers
    );
    assert_eq!(table.lines().count(), 7);
    assert!(table.contains("\nlittle,true,1,1,0,little holds,"));
    assert!(page.contains("<h2>Findings</h2>"));
}

#[test]
fn wrong_claims_get_one_line() {
    for (finding, message) in [
        (
            finding("x", "near", "close", ""),
            "than: the axis has no value `close`, known: near, far",
        ),
        (
            finding("x", "near", "far", "along = \"load\""),
            "along: no axis is called `load`, known: network, work",
        ),
        (
            finding("x", "near", "far", "along = \"network\""),
            "along: this is the axis that is compared",
        ),
        (
            finding("x", "near", "far", "").replace("@all", ""),
            "metric: `latency_mean` needs an entity, such as latency_mean@all",
        ),
        (
            finding("x", "near", "far", "is = \"more\""),
            "is: unknown word `more`, known: less, not-more, depends",
        ),
    ] {
        let study = Study::parse(&format!("{STUDY}{finding}"), "findings.toml").unwrap();
        let wrong = study.resolve().unwrap_err().to_string();
        assert_eq!(wrong.lines().count(), 1, "{wrong}");
        assert!(wrong.ends_with(message), "{wrong}");
    }
}
