//! The studies of LambdaMuSim on the executor.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use analysis::{Manifest, ResultFolder};
use scenarios::shipped::Shipped;
use soe_sim::Progress;
use soe_study::{Runner, Study, Sweep};

const STUDIES: [&str; 6] = [
    "lambdamu-010",
    "lambdamu-011",
    "lambdamu-012",
    "lambdamu-020",
    "lambdamu-021",
    "lambdamu-022",
];

fn shipped(name: &str) -> Study {
    Study::parse(Shipped::by_name(name).unwrap().text, name).unwrap()
}

/// Runs a study and returns the folder of its results.
fn run(study: &Study, threads: usize, folder: &Path) -> PathBuf {
    let plan = study.resolve().unwrap_or_else(|wrong| panic!("{wrong}"));
    let prepared = plan.prepare().unwrap();
    let work = folder.join("work");
    let metrics = plan.metrics_known();
    let mut sweep = Sweep::open(&prepared, metrics, &plan.replications, &work, None).unwrap();
    sweep
        .run(Some(threads), &Progress::default(), |_| {}, |_| {})
        .unwrap();
    assert!(sweep.failures.is_empty());
    let results = ResultFolder::create(folder.join("results"), false).unwrap();
    let text = study.check().unwrap();
    sweep
        .write(&plan, &prepared, &text, results, Manifest::default())
        .unwrap()
}

#[test]
fn every_study_runs_with_its_figures_and_prints_as_it_reads() {
    for name in STUDIES {
        let mut study = shipped(name);
        study.set("replications=2").unwrap();
        let plan = study.resolve().unwrap_or_else(|wrong| panic!("{wrong}"));
        let printed = plan.to_toml();
        let again = Study::parse(&printed, name).unwrap().resolve();
        let again = again.unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        assert_eq!(again.to_toml(), printed);
        if name == "lambdamu-011" {
            // A day of simulated time is too much for a test.
            study.set("placement.duration=\"3 h\"").unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let results = run(&study, 2, folder.path());
        for figure in &plan.figures {
            let drawn = std::fs::read_dir(results.join("figures")).unwrap();
            let mut names = drawn.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            assert!(
                names.any(|file| file.starts_with(&figure.name)),
                "{name}: {}",
                figure.name
            );
        }
    }
}

#[test]
fn results_do_not_depend_on_threads() {
    let mut study = shipped("lambdamu-022");
    study.set("replications=3").unwrap();
    let read = |threads| {
        let folder = tempfile::tempdir().unwrap();
        let results = run(&study, threads, folder.path());
        ["metrics.csv", "summary.csv"].map(|file| std::fs::read(results.join(file)).unwrap())
    };
    assert_eq!(read(1), read(3));
}

/// The point with 50 and 50 applications, alpha and beta 0.5, of the published table.
#[test]
fn study_012_gives_the_published_means_to_the_last_digit() {
    let Some(data) = std::env::var_os("SOE_DATA") else {
        eprintln!("left out: SOE_DATA does not name the folder with the published inputs");
        return;
    };
    let prefix = PathBuf::from(data).join("data/topologies/010/urban_sensing.0");
    let mut study = shipped("lambdamu-012");
    study.give_network("city", &prefix).unwrap();
    study.set("replications=6400").unwrap();
    let plan = study.resolve().unwrap();
    let prepared = plan.prepare().unwrap();
    let point = (0..plan.points.len())
        .find(|&point| {
            let about = plan.describe(point);
            about.contains("50 lambda")
                && about.contains("alpha = 0.5")
                && about.contains("beta = 0.5")
        })
        .unwrap();
    let mut sums = [0.0; 3];
    let mut worker = Default::default();
    let progress = Progress::default();
    for replication in 0..6400 {
        let report = prepared.replicate(point, replication, &mut worker, &progress);
        let report = report.unwrap().unwrap();
        let columns = report.layout.columns.iter().zip(&report.values);
        for (column, value) in columns {
            let wanted = ["lambda_cost", "mu_cost", "mu_cloud"];
            if let Some(at) = wanted.iter().position(|name| *name == column.metric.name) {
                sums[at] += value;
            }
        }
    }
    assert_eq!(
        sums.map(|sum| sum / 6400.0),
        [128.6115625, 325.7425, 18.0271875]
    );
}

#[test]
fn mistakes_are_told_with_their_place() {
    let study = "version = 1\nkind = \"lambdamu\"\n[placement]\nalpha = 0.5\n\
                 [[axis]]\nkey = \"beta\"\nvalues = [0.1, 0.5]\n";
    for (line, instead, expected) in [
        (
            "alpha = 0.5",
            "alpha = 1.5",
            "wrong.toml:4:9: placement.alpha",
        ),
        ("alpha = 0.5", "alph = 0.5", "did you mean `alpha`?"),
        ("alpha = 0.5", "network = \"x\"", "no network is called `x`"),
        (
            "alpha = 0.5",
            "applications = \"constant,1\"",
            "application model is `constant,1`",
        ),
        (
            "alpha = 0.5",
            "epoch = \"1 s\"",
            "can be used with type = \"dynamic\" only",
        ),
        (
            "alpha = 0.5",
            "type = \"dynamic\"\nepoch = \"0 s\"",
            "wrong.toml:5:9: placement.epoch: epoch is 0 ms",
        ),
        (
            "values = [0.1, 0.5]",
            "values = [0, 0.5]",
            "found the number 0, expected",
        ),
        (
            "key = \"beta\"",
            "key = \"gamma\"",
            "unknown parameter `gamma`",
        ),
        (
            "[placement]",
            "[parameters]",
            "can be used with kind = \"statesim\" only",
        ),
        (
            "[placement]",
            "base = \"x\"\n[placement]",
            "can be used with kind = \"scenario\" only",
        ),
    ] {
        let text = study.replace(line, instead);
        let wrong = Study::parse(&text, "wrong.toml").unwrap().resolve();
        let message = wrong.unwrap_err().to_string();
        assert!(message.contains(expected), "{instead}: {message}");
    }
    let scenario = "version = 1\nkind = \"scenario\"\nbase = \"x\"\n[trace]\ngenerate = 5\n";
    let wrong = Study::parse(scenario, "wrong.toml").unwrap().resolve();
    let message = wrong.unwrap_err().to_string();
    assert!(
        message.contains("can be used with kind = \"statesim\" or \"lambdamu\" only"),
        "{message}"
    );
}
