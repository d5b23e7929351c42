//! The shipped StateSim studies from the published inputs: what the original's scripts print.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use analysis::{Manifest, ResultFolder};
use scenarios::shipped::Shipped;
use soe_sim::Progress;
use soe_study::{Study, Sweep};

const REFERENCE: &str = include_str!("../../statesim/tests/golden/studies-000-001-002.csv");

/// The rows of the reference of a study: what they are about, and their numbers.
fn reference(study: &str) -> BTreeMap<String, Vec<&'static str>> {
    let rows = REFERENCE
        .lines()
        .skip(1)
        .map(|row| row.split(',').collect::<Vec<_>>());
    let rows = rows.filter(|row| row[1] == study);
    rows.map(|row| (row[2..9].join(","), row[9..].to_vec()))
        .collect()
}

/// Runs a study on the published inputs and returns the folder of its results.
fn run(name: &str, data: &Path, replications: u32, folder: &Path) -> PathBuf {
    let mut study = Study::parse(Shipped::by_name(name).unwrap().text, name).unwrap();
    for network in ["iiot", "urban_sensing"] {
        let prefix = data.join("topologies/000").join(format!("{network}.0"));
        study.give_network(network, &prefix).unwrap();
    }
    study.give_trace(&data.join("spar/batch_task.csv")).unwrap();
    study.set(&format!("replications={replications}")).unwrap();
    let plan = study.resolve().unwrap();
    let prepared = plan.prepare().unwrap();
    let work = folder.join(format!("{name}.work"));
    let metrics = plan.metrics_known();
    let mut sweep = Sweep::open(&prepared, metrics, &plan.replications, &work, None).unwrap();
    sweep
        .run(None, &Progress::default(), |_| {}, |_| {})
        .unwrap();
    let results =
        ResultFolder::create(folder.join(format!("{name}-{replications}")), false).unwrap();
    let text = study.check().unwrap();
    sweep
        .write(&plan, &prepared, &text, results, Manifest::default())
        .unwrap()
}

/// Compares a study with what is printed of it; how many rows there are.
fn reproduces(name: &str) -> Option<usize> {
    let Some(data) = std::env::var_os("SOE_DATA") else {
        eprintln!("left out: SOE_DATA does not name the folder with the published inputs");
        return None;
    };
    let data = PathBuf::from(data).join("data");
    let folder = tempfile::tempdir().unwrap();
    // The original's scripts average over seeds 1 to 199.
    let results = run(name, &data, 199, folder.path());
    let averages = std::fs::read_to_string(results.join("averages.csv")).unwrap();
    let number = |text: &str| text.parse::<f64>().unwrap();
    let found: BTreeMap<String, Vec<&str>> = averages
        .lines()
        .skip(1)
        .map(|row| {
            let row: Vec<_> = row.split(',').collect();
            (row[..7].join(","), row[7..].to_vec())
        })
        .collect();
    let study = name.strip_prefix("statesim-").unwrap();
    let expected = reference(study);
    for (about, numbers) in &expected {
        assert_eq!(found.get(about), Some(numbers), "{about}");
    }
    assert_eq!(found.len(), expected.len());

    // By length of chain they take all 200, and print five digits.
    let by_chain = reference(&format!("{study}pcs"));
    if !by_chain.is_empty() {
        let results = run(name, &data, 200, folder.path());
        let profiles = std::fs::read_to_string(results.join("profiles.csv")).unwrap();
        let points = std::fs::read_to_string(results.join("averages.csv")).unwrap();
        // The same points in the same order; each has three rows for each pair of policies.
        let mut order: Vec<Vec<&str>> = points
            .lines()
            .skip(1)
            .map(|row| row.split(',').collect())
            .collect();
        let key = |row: &[&str]| [row[0], row[3], row[4], row[5]].join(",");
        order.dedup_by_key(|row| key(row));
        for (about, numbers) in &by_chain {
            let about: Vec<_> = about.split(',').collect();
            let point = order
                .iter()
                .position(|row| key(row) == key(&about))
                .unwrap();
            let rows = profiles
                .lines()
                .map(|row| row.split(',').collect::<Vec<_>>());
            let entity = format!("{}/{}", about[1], about[2]);
            let found: Vec<String> = rows
                .filter(|row| row[0] == point.to_string() && row[1] == "network_by_chain")
                .filter(|row| row[2] == entity && row[8].parse::<u64>().unwrap() > 2)
                .map(|row| format!("{}:{:.4e}", row[3], number(row[5]) / 1e9))
                .collect();
            let printed = numbers[0].split(' ').map(|pair| {
                let (length, mean) = pair.split_once(':').unwrap();
                format!("{length}:{:.4e}", number(mean))
            });
            assert_eq!(found, printed.collect::<Vec<_>>(), "{about:?}");
        }
    }
    Some(expected.len() + by_chain.len())
}

#[test]
fn study_000_prints_what_the_original_prints() {
    assert!(reproduces("statesim-000").is_none_or(|rows| rows == 216 + 18));
}

#[test]
fn study_001_prints_what_the_original_prints() {
    assert!(reproduces("statesim-001").is_none_or(|rows| rows == 126));
}

#[test]
fn study_002_prints_what_the_original_prints() {
    assert!(reproduces("statesim-002").is_none_or(|rows| rows == 240 + 16));
}
