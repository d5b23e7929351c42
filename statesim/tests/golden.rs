//! The original's files, byte for byte.

#![allow(clippy::unwrap_used)]

mod shared;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use soe_model::topology::{Orientation, RouteSearch, Topology, VertexKind};
use statesim::output::native;
use statesim::trace::{self, Layout};
use statesim::{
    Cloud, Corrections, Evaluation, Factors, Jobs, Network, Pool, Worker, allocation, execution,
};

const FACTORS: Factors = Factors {
    operations: 1e5,
    argument: 1e6,
    state: 1e6,
};
const CLOUD: Cloud = Cloud {
    latency: 0.06,
    rate_mbps: 50.0,
};

/// Every output file of every policy for the given seeds, by name.
fn files(
    topology: Topology,
    jobs: &Jobs,
    functions: usize,
    wanted: usize,
    seeds: u64,
) -> BTreeMap<String, Vec<u8>> {
    let network = Network::new(topology, Corrections::NONE).unwrap();
    let pool = Pool::new(jobs, FACTORS, functions, Corrections::NONE);
    let evaluation = Evaluation::new(&network, &pool, CLOUD).unwrap();
    let mut worker = Worker::default();
    let mut files = BTreeMap::new();
    for allocation in allocation::ALL {
        for seed in 1..=seeds {
            let outcomes =
                evaluation.replicate(allocation, &execution::ALL, wanted, seed, &mut worker);
            for outcome in outcomes.unwrap() {
                let mut text = Vec::new();
                native::write_jobs(&outcome, &mut text);
                files.insert(native::job_file(&outcome), text);
                let mut text = Vec::new();
                native::write_nodes(&outcome, &mut text);
                files.insert(native::node_file(&outcome), text);
            }
        }
    }
    files
}

#[test]
fn every_file_of_the_made_up_inputs_is_equal_to_the_original_s() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let inputs = golden.join("inputs");
    let jobs = trace::read(inputs.join("tasks.csv"), Layout::Spar).unwrap();
    for name in ["campus", "metro"] {
        let files = files(shared::topology(&inputs, name), &jobs, 6, 40, 3);
        let expected = golden.join("expected").join(name);
        assert_eq!(files.len(), fs::read_dir(&expected).unwrap().count());
        for (file, text) in files {
            assert!(
                text == fs::read(expected.join(&file)).unwrap(),
                "{name}/{file}"
            );
        }
    }
}

#[test]
fn every_file_of_the_published_inputs_has_the_original_s_digest() {
    let Some(data) = shared::folder("data") else {
        return;
    };
    let jobs = trace::read(data.join("spar/batch_task.csv"), Layout::Spar).unwrap();
    let expected = include_str!("golden/real-trace.sha256");
    let expected: BTreeMap<&str, &str> = expected
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(d, f)| (f, d))
        .collect();
    let mut compared = 0;
    for name in ["iiot", "urban_sensing"] {
        let topology = shared::topology(&data.join("topologies/000"), &format!("{name}.0"));
        for (file, text) in files(topology, &jobs, 10, 500, 5) {
            let digest = Sha256::digest(&text);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(
                expected.get(&*format!("{name}/{file}")),
                Some(&&*digest),
                "{name}/{file}"
            );
            compared += 1;
        }
    }
    assert_eq!(compared, expected.len());
}

#[test]
fn the_distance_between_two_sensors_of_the_published_city_is_the_original_s() {
    let Some(data) = shared::folder("data") else {
        return;
    };
    let topology = shared::topology(&data.join("topologies/000"), "urban_sensing.0");
    let mut search = RouteSearch::new(&topology, Orientation::Swapped, |kind| match kind {
        VertexKind::Link(link) => 2.0 / (link.rate_mbps * 1e6) as f32,
        _ => 0.0,
    });
    let [near, far] = ["rpi3_0", "rpi3_53"].map(|name| topology.id(name).unwrap());
    search.next_hops_to(far);
    let distance = search.distance_from(near).unwrap();
    assert_eq!(format!("{distance:.2e}"), "2.16e-7");
}
