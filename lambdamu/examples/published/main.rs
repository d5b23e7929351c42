//! The published tables of study 012 and the reference values of studies 010, 020, 021 and
//! 022, computed anew and compared:
//!
//!     SOE_DATA=FOLDER cargo run --release -p lambdamu --example published [012|010|020|021|022]...
//!
//! `SOE_DATA` names the folder with the published network. Study 012 takes about ten
//! minutes of one core, study 010 one. If a second folder is given in `SOE_TABLES`, its
//! files `{lambda-cost,mu-cost,mu-cloud}-{lambdas,mus,mix}.dat` (from
//! `simulations/012_LambdaMuSim_alphabeta/graph/pm3d` of the original) are compared in
//! full. The exit status is 1 if a value differs.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod study_010;
mod study_012;
mod study_02x;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lambdamu::{
    LambdaAlgorithm, MuAlgorithm, Network, Outcome, PoissonRule, Setting, SnapshotLoad, Worker,
    snapshot,
};
use rayon::prelude::*;
use soe_model::topology::Topology;

/// Values of alpha in the studies, and of beta.
const SHARES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// Compares and counts.
#[derive(Default)]
struct Check {
    compared: usize,
    differing: usize,
}

impl Check {
    /// A value that must be equal to all the digits of `expected`.
    fn equal(&mut self, what: &str, found: f64, expected: f64) {
        self.one(what, found, expected, found == expected);
    }

    /// A value that is given with so many digits.
    fn rounded(&mut self, what: &str, found: f64, expected: &str) {
        let number: f64 = expected.parse().unwrap();
        let places = expected.split_once('.').map_or(0, |(_, after)| after.len());
        // Half a unit of the last digit given, which may be cut instead of rounded.
        let close = (found - number).abs() < 10_f64.powi(-(places as i32));
        self.one(what, found, number, close);
    }

    fn one(&mut self, what: &str, found: f64, expected: f64, same: bool) {
        self.compared += 1;
        if !same {
            self.differing += 1;
            println!("  {what}: {found}, expected {expected}");
        }
    }
}

/// Means over the seeds 1 to `seeds`.
fn means(
    network: &Network,
    setting: &Setting,
    load: SnapshotLoad,
    seeds: u64,
) -> impl Fn(fn(&Outcome) -> f64) -> f64 + use<> {
    let outcomes: Vec<Outcome> = (1..=seeds)
        .into_par_iter()
        .map_init(Worker::default, |worker, seed| {
            snapshot(network, setting, load, seed, worker)
        })
        .collect();
    move |measure| outcomes.iter().map(measure).sum::<f64>() / outcomes.len() as f64
}

fn published(alpha: f64, beta: f64) -> Setting {
    Setting {
        alpha,
        beta,
        poisson: PoissonRule::Published,
        ..Setting::default()
    }
}

const LAMBDA_COST: fn(&Outcome) -> f64 = |outcome| outcome.lambda_cost;
const MU_COST: fn(&Outcome) -> f64 = |outcome| outcome.mu_cost;
const MU_CLOUD: fn(&Outcome) -> f64 = |outcome| outcome.mu_cloud;
const LAMBDA_SERVICE: fn(&Outcome) -> f64 = |outcome| outcome.lambda_service_cloud;
const MU_SERVICE: fn(&Outcome) -> f64 = |outcome| outcome.mu_service_cloud;

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("SOE_DATA").map(PathBuf::from) else {
        println!("SOE_DATA does not name the folder with the published inputs");
        return ExitCode::from(2);
    };
    let folder = folder.join("data/topologies/010");
    let file = |kind: &str| folder.join(format!("urban_sensing.0.{kind}"));
    let topology = Topology::read(file("nodes"), file("links"), file("edges")).unwrap();
    let network = Network::of_topology(&topology, 2.0).unwrap();
    type Study = (&'static str, fn(&Network, &mut Check));
    const STUDIES: [Study; 5] = [
        ("012", study_012::study_012),
        ("010", study_010::study_010),
        ("020", study_02x::study_020),
        ("021", study_02x::study_021),
        ("022", study_02x::study_022),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut all_equal = true;
    for (name, study) in STUDIES {
        if wanted.is_empty() || wanted.iter().any(|one| one == name) {
            let mut check = Check::default();
            study(&network, &mut check);
            println!(
                "study {name}: {} values, {} differ",
                check.compared, check.differing
            );
            all_equal &= check.differing == 0;
        }
    }
    ExitCode::from(u8::from(!all_equal))
}
