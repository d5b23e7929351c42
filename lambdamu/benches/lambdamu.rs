//! How long LambdaMuSim takes, beside a loop in Python as a measure of the machine:
//!
//!     cargo bench -p lambdamu
//!
//! * one point of study 012 (50 and 50 applications, alpha and beta 0.5), 6 400
//!   replications on one core. The original takes as long as 42 loops of 20 million
//!   additions in Python; the loop runs before and after in the same process of
//!   measurement, and all times are those of the processor;
//! * one replication as the number of applications grows to 10 000, with its memory.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::process::Command;

use lambdamu::{Setting, SnapshotLoad, Worker, example, snapshot};

const LOOP: &str = "
import time
start = time.process_time()
total = 0
for i in range(20000000):
    total += i
print(time.process_time() - start)
";

fn python() -> Option<f64> {
    let output = Command::new("python3").args(["-c", LOOP]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// Processor time of this process, in seconds.
fn processor_time() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// The most memory that this process has had, in megabytes.
fn peak_memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}

fn main() {
    let network = example::city(example::CELLS, 2.0).unwrap();
    let setting = Setting::default();
    let mut worker = Worker::default();
    let load = SnapshotLoad { lambda: 50, mu: 50 };
    for round in 1..=3 {
        let before = python();
        let start = processor_time();
        let mut cost = 0.0;
        for seed in 1..=6400 {
            let outcome = snapshot(&network, &setting, load, seed, &mut worker);
            cost += outcome.lambda_cost + outcome.mu_cost;
        }
        let seconds = processor_time() - start;
        let after = python();
        let loops = match (before, after) {
            (Some(before), Some(after)) => {
                let mean = (before + after) / 2.0;
                format!("{:.2} Python loops of {mean:.2} s", seconds / mean)
            }
            _ => "python3 is not there to compare with".into(),
        };
        println!(
            "6400 replications, round {round}: {seconds:.2} s, {loops} (mean cost {:.3})",
            cost / 6400.0
        );
    }
    println!("applications  seconds  peak MB (50 % lambda, 50 % mu)");
    for apps in [100, 300, 1000, 3000, 10_000] {
        let load = SnapshotLoad {
            lambda: apps / 2,
            mu: apps / 2,
        };
        let start = processor_time();
        snapshot(&network, &setting, load, 1, &mut worker);
        let seconds = processor_time() - start;
        println!("{apps:12}  {seconds:7.2}  {:7.1}", peak_memory());
    }
}
