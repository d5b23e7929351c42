//! What each property of the original model is worth.
//!
//! Evaluates the point of 500 jobs of study 002 with each correction alone and with
//! all, and prints by how many per cent the averages change against the original, as
//! a table in Markdown.
//!
//! ```sh
//! cargo run --release -p statesim --example corrections
//! ```
//!
//! With `SOE_DATA` on the published inputs, without it on inputs made here; and on a
//! network with latencies, which the published ones do not have.

use std::path::PathBuf;

use sim_core::SimDuration;
use soe_model::topology::Topology;
use soe_model::topology::generate::{Iiot, LinkSpec, UrbanSensing};
use statesim::statistics::{Metric, Statistics};
use statesim::trace::{self, Layout};
use statesim::{
    Cloud, Corrections, Evaluation, Factors, Jobs, Network, Outcome, Pool, allocation, execution,
    workload,
};

const METRICS: [Metric; 3] = [Metric::Processing, Metric::Network, Metric::Traffic];
const REPLICATIONS: u64 = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (networks, jobs) = inputs()?;
    for (name, topology) in &networks {
        for allocation in ["ProcNet", "ProcOnly"] {
            let of = |corrections| averages(topology, &jobs, allocation, corrections);
            let original = of(Corrections::NONE)?;
            println!("\n`{name}`, {allocation}: processing | network, traffic of each policy\n");
            let policies: Vec<&str> = original.iter().map(|(policy, _)| *policy).collect();
            println!("| correction | processing | {} |", policies.join(" | "));
            println!("|---|---|{}", "---|".repeat(policies.len()));
            let every = [("all", Corrections::ALL)];
            for (correction, corrections) in Corrections::SINGLE.into_iter().chain(every) {
                let corrected = of(corrections)?;
                let change = |policy: usize, metric: usize| {
                    let (old, new) = (original[policy].1[metric], corrected[policy].1[metric]);
                    format!("{:+.1}", 100.0 * (new / old - 1.0))
                };
                let cells =
                    (0..policies.len()).map(|i| format!("{}, {}", change(i, 1), change(i, 2)));
                let cells: Vec<String> = cells.collect();
                println!(
                    "| {correction} | {} | {} |",
                    change(0, 0),
                    cells.join(" | ")
                );
            }
        }
    }
    Ok(())
}

type Inputs = (Vec<(&'static str, Topology)>, Jobs);

fn inputs() -> Result<Inputs, Box<dyn std::error::Error>> {
    let line = |rate_mbps, ms| LinkSpec {
        rate_mbps,
        latency: SimDuration::from_millis(ms),
    };
    let with_latency = UrbanSensing {
        shared: line(500.0, 2),
        up: line(25.0, 5),
        down: line(125.0, 5),
        ..UrbanSensing::default()
    };
    let with_latency = ("urban-sensing, with latency", with_latency.generate(1)?);
    let Some(folder) = std::env::var_os("SOE_DATA") else {
        let text = workload::generate(15_478, 1);
        let networks = vec![
            ("iiot", Iiot::default().generate(1)?),
            ("urban-sensing", UrbanSensing::default().generate(1)?),
            with_latency,
        ];
        return Ok((
            networks,
            trace::parse("generated", text.as_bytes(), Layout::Spar)?,
        ));
    };
    let data = PathBuf::from(folder).join("data");
    let mut networks = Vec::new();
    for name in ["iiot.0", "urban_sensing.0"] {
        let file = |kind| data.join(format!("topologies/000/{name}.{kind}"));
        networks.push((
            name,
            Topology::read(file("nodes"), file("links"), file("edges"))?,
        ));
    }
    networks.push(with_latency);
    let jobs = trace::read(data.join("spar/batch_task.csv"), Layout::Spar)?;
    Ok((networks, jobs))
}

/// A policy and its average of each metric.
type Average = (&'static str, [f64; 3]);

/// Mean over replications of the means over jobs, by policy.
fn averages(
    topology: &Topology,
    jobs: &Jobs,
    allocation: &str,
    corrections: Corrections,
) -> Result<Vec<Average>, Box<dyn std::error::Error>> {
    let network = Network::new(topology.clone(), corrections)?;
    let factors = Factors {
        operations: 1e5,
        argument: 1e6,
        state: 1e6,
    };
    let pool = Pool::new(jobs, factors, 10, corrections);
    let cloud = Cloud {
        latency: 0.06,
        rate_mbps: 50.0,
    };
    let evaluation = Evaluation::new(&network, &pool, cloud)?;
    let allocation = allocation::by_name(allocation).ok_or("no such policy")?;
    let executions: Vec<_> = execution::ALL
        .into_iter()
        .filter(|policy| policy.name().starts_with("Unchained"))
        .collect();
    let finish = |outcomes: Vec<Outcome>| {
        let means = outcomes.iter().map(|outcome| {
            METRICS.map(|metric| Statistics::of(outcome, metric).map_or(0.0, |all| all.mean))
        });
        means.collect::<Vec<_>>()
    };
    let replications =
        evaluation.replicate_all(allocation, &executions, 500, 1..=REPLICATIONS, finish)?;
    let average = |policy: usize| {
        let metric = |metric: usize| {
            let sum: f64 = replications.iter().map(|means| means[policy][metric]).sum();
            sum / REPLICATIONS as f64
        };
        [metric(0), metric(1), metric(2)]
    };
    Ok(executions
        .iter()
        .enumerate()
        .map(|(i, policy)| (policy.name(), average(i)))
        .collect())
}
