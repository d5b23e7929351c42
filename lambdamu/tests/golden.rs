//! The original's rows, byte for byte.

#![allow(clippy::unwrap_used)]

mod shared;

use std::fs;

use lambdamu::output::{self, Inputs};
use lambdamu::{
    DynamicLoad, Network, NodeSpec, Outcome, Periods, Setting, SnapshotLoad, Worker, dynamic,
    snapshot,
};

const DAY: f64 = 86_400_000.0;

#[test]
fn every_row_of_the_original_is_written_byte_for_byte() {
    let (Some(golden), Some(topologies)) = (
        shared::folder("golden/lambdamusim"),
        shared::folder("data/topologies/010"),
    ) else {
        return;
    };
    let network = shared::city(&topologies);
    let periods = Periods::read(&golden.join("apps-timestamps.bin"), 1).unwrap();
    let expected = fs::read_to_string(golden.join("lambdamusim.csv")).unwrap();
    let mut lines = expected.lines();
    assert_eq!(output::header().trim_end(), lines.next().unwrap());
    let mut worker = Worker::default();
    let mut compared = 0;
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let real = |at: usize| -> f64 { fields[at].parse().unwrap() };
        let whole = |at: usize| -> u64 { fields[at].parse().unwrap() };
        let setting = Setting {
            alpha: real(9),
            beta: real(10),
            storage_local: real(2),
            storage_remote: real(3),
            applications: fields[11].replace(';', ",").parse().unwrap(),
            mu: fields[12].parse().unwrap(),
            lambda: fields[13].parse().unwrap(),
            ..Setting::default()
        };
        let inputs = Inputs {
            setting: &setting,
            cloud_distance_factor: real(1),
            epoch: real(4),
            min_periods: whole(5),
            averages: [whole(6), whole(7), whole(8)],
        };
        let outcome = if inputs.min_periods == 1 {
            let load = DynamicLoad {
                apps: inputs.averages[0],
                duration: DAY,
                warm_up: 5000.0,
                epoch: inputs.epoch,
            };
            dynamic(&network, &setting, load, &periods, whole(0), &mut worker).unwrap()
        } else {
            let load = SnapshotLoad {
                lambda: inputs.averages[1],
                mu: inputs.averages[2],
            };
            snapshot(&network, &setting, load, whole(0), &mut worker)
        };
        let row = output::row(whole(0), &inputs, &outcome);
        assert_eq!(row.trim_end(), line);
        compared += 1;
    }
    assert_eq!(compared, 36);
}

/// From the original's own tests.
#[test]
fn the_expectations_of_the_original_s_tests_hold() {
    // A - C - D - E with a broker each at C and D.
    let node = NodeSpec {
        containers: 2,
        capacity: 1,
    };
    let network = Network::new(&[node; 3], &[vec![1, 2, 3], vec![2, 1, 2]], 2.0).unwrap();
    let setting = Setting {
        beta: 1.0,
        ..Setting::default()
    };
    let load = SnapshotLoad { lambda: 6, mu: 6 };
    let outcome = snapshot(&network, &setting, load, 42, &mut Worker::default());
    let expected = Outcome {
        num_containers: 12,
        tot_capacity: 11,
        num_lambda: 8.0,
        num_mu: 5.0,
        lambda_cost: 34.0,
        mu_cost: 16.0,
        mu_cloud: 2.0,
        ..outcome
    };
    assert_eq!(outcome, expected);

    let Some(topologies) = shared::folder("data/topologies/000") else {
        return;
    };
    let network = shared::city(&topologies);
    let load = SnapshotLoad { lambda: 10, mu: 10 };
    for (seed, expected) in [
        (42, [906.0, 268.0, 9.0, 5.0, 21.0, 0.0, 13.0, 0.0, 0.0]),
        (43, [911.0, 276.0, 13.0, 10.0, 31.0, 0.0, 31.0, 0.0, 0.0]),
    ] {
        let outcome = snapshot(
            &network,
            &Setting::default(),
            load,
            seed,
            &mut Worker::default(),
        );
        let found = [
            outcome.num_containers as f64,
            outcome.tot_capacity as f64,
            outcome.num_lambda,
            outcome.num_mu,
            outcome.lambda_cost,
            outcome.lambda_service_cloud,
            outcome.mu_cost,
            outcome.mu_cloud,
            outcome.mu_service_cloud,
        ];
        assert_eq!(found, expected);
    }
}
