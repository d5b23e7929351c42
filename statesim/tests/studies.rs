//! The published studies, recomputed from the published inputs.

#![allow(clippy::unwrap_used)]

mod shared;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use statesim::output::{format_general, round_as_written};
use statesim::statistics::{Estimate, Metric, Statistics, by_chain_length};
use statesim::trace::{self, Layout};
use statesim::{
    Cloud, Corrections, Evaluation, Factors, Jobs, Network, Outcome, Pool, allocation, execution,
};

const CLOUD: Cloud = Cloud {
    latency: 0.06,
    rate_mbps: 50.0,
};

/// What is the same for all rows that one run gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    network: usize,
    allocation: &'static str,
    jobs: usize,
    operations_factor: &'static str,
    state_factor: &'static str,
}

const REFERENCE: &str = include_str!("golden/studies-000-001-002.csv");

#[test]
fn every_average_of_the_published_studies_is_reproduced_to_all_digits() {
    let Some(data) = shared::folder("data") else {
        return;
    };
    let inputs = Inputs::read(&data);
    let mut compared = 0;
    for (point, rows) in points(|metric| metric != "netlat_by_chain") {
        // The scripts of the original average over seeds 1 to 199.
        let metrics = [Metric::Processing, Metric::Network, Metric::Traffic];
        let statistics = inputs.replicate(&point, 1..=199, |outcome| {
            metrics.map(|metric| Statistics::of(outcome, metric).unwrap())
        });
        for row in rows {
            let metric = match row[8] {
                "proclat_s" => 0,
                "netlat_s" => 1,
                "traffic_B" => 2,
                other => panic!("unknown metric {other}"),
            };
            let statistics: Vec<_> = statistics[row[4]].iter().map(|all| all[metric]).collect();
            let estimate = Estimate::over(&statistics).unwrap();
            let values = [estimate.mean].into_iter().chain(estimate.quantiles);
            let found: Vec<String> = values
                .map(|interval| format_general(interval.mean))
                .collect();
            assert_eq!(found, row[9..], "{row:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 582);
}

#[test]
fn every_average_by_chain_length_is_reproduced_to_all_digits() {
    let Some(data) = shared::folder("data") else {
        return;
    };
    let inputs = Inputs::read(&data);
    let mut compared = 0;
    for (point, rows) in points(|metric| metric == "netlat_by_chain") {
        let outcomes = inputs.replicate(&point, 1..=200, Outcome::clone);
        for row in rows {
            let lengths = by_chain_length(&outcomes[row[4]], Metric::Network);
            // Five digits are printed.
            let digits = |value: f64| format!("{value:.4e}");
            let found: Vec<_> = lengths
                .iter()
                .map(|(&length, mean)| (length, digits(mean.mean)))
                .collect();
            let expected = row[9].split(' ').map(|pair| {
                let (length, mean) = pair.split_once(':').unwrap();
                (length.parse().unwrap(), digits(mean.parse().unwrap()))
            });
            assert_eq!(found, expected.collect::<Vec<(u32, String)>>(), "{row:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 34);
}

/// The rows of the reference that have such a metric, by the run that they need.
fn points(wanted: impl Fn(&str) -> bool) -> BTreeMap<Point, Vec<Vec<&'static str>>> {
    let mut points = BTreeMap::<Point, Vec<Vec<&str>>>::new();
    let rows = REFERENCE
        .lines()
        .skip(1)
        .map(|row| row.split(',').collect::<Vec<_>>());
    for row in rows.filter(|row| wanted(row[8])) {
        let point = Point {
            network: if row[2] == "iiot" { 0 } else { 1 },
            allocation: row[3],
            jobs: row[5].parse().unwrap(),
            operations_factor: row[6],
            state_factor: row[7],
        };
        points.entry(point).or_default().push(row);
    }
    points
}

struct Inputs {
    jobs: Jobs,
    networks: [Network; 2],
}

impl Inputs {
    fn read(data: &Path) -> Self {
        Self {
            jobs: trace::read(data.join("spar/batch_task.csv"), Layout::Spar).unwrap(),
            networks: ["iiot.0", "urban_sensing.0"].map(|name| {
                let topology = shared::topology(&data.join("topologies/000"), name);
                Network::new(topology, Corrections::NONE).unwrap()
            }),
        }
    }

    /// Replications of a point, each measured, by execution policy.
    fn replicate<T: Send>(
        &self,
        point: &Point,
        seeds: RangeInclusive<u64>,
        measure: impl Fn(&Outcome) -> T + Sync,
    ) -> BTreeMap<&'static str, Vec<T>> {
        let factors = Factors {
            operations: point.operations_factor.parse().unwrap(),
            argument: 1e6,
            state: point.state_factor.parse().unwrap(),
        };
        let pool = Pool::new(&self.jobs, factors, 10, Corrections::NONE);
        let network = &self.networks[point.network];
        let evaluation = Evaluation::new(network, &pool, CLOUD).unwrap();
        let allocation = allocation::by_name(point.allocation).unwrap();
        let finish = |mut outcomes: Vec<Outcome>| {
            outcomes.iter_mut().for_each(round_as_written);
            outcomes.iter().map(&measure).collect::<Vec<_>>()
        };
        let replications =
            evaluation.replicate_all(allocation, &execution::ALL, point.jobs, seeds, finish);
        let mut by_execution = BTreeMap::<_, Vec<T>>::new();
        for measured in replications.unwrap() {
            for (policy, measured) in execution::ALL.iter().zip(measured) {
                by_execution
                    .entry(policy.name())
                    .or_default()
                    .push(measured);
            }
        }
        by_execution
    }
}
