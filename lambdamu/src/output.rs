//! The original's table of results: one row of 25 columns per replication.

use std::fmt::Write;

use crate::{Outcome, Setting};

/// The columns: name, and meaning. The first [`INPUTS`] are parameters, the others results.
pub const COLUMNS: [(&str, &str); 25] = [
    ("seed", "seed of the replication"),
    (
        "cloud-distance-factor",
        "distance of the cloud, in multiples of the farthest edge node",
    ),
    (
        "cloud-storage-cost-local",
        "cost per unit of stored data, from the cloud",
    ),
    (
        "cloud-storage-cost-remote",
        "cost per unit of stored data, from elsewhere",
    ),
    ("epoch", "time between placements, ms (dynamic)"),
    (
        "min-periods",
        "least number of periods of an application (dynamic)",
    ),
    ("avg-apps", "average number of applications (dynamic)"),
    (
        "avg-lambda",
        "average number of applications in their lambda phase (snapshot)",
    ),
    (
        "avg-mu",
        "average number of applications in their mu phase (snapshot)",
    ),
    ("alpha", "share of the containers of a node for mu"),
    ("beta", "share of the capacity of a container for requests"),
    ("app-model", "rates and sizes of applications"),
    (
        "mu-algorithm",
        "how containers are given to applications in their mu phase",
    ),
    (
        "lambda-algorithm",
        "how requests are spread over containers",
    ),
    ("num-containers", "containers, with those of the cloud"),
    (
        "tot-capacity",
        "sum of the capacity of one container of each node",
    ),
    ("num-lambda", "applications in their lambda phase"),
    ("num-mu", "applications in their mu phase"),
    ("lambda-cost", "cost of applications in their lambda phase"),
    (
        "lambda-service-cloud",
        "share of their requests that the cloud serves",
    ),
    ("mu-cost", "cost of applications in their mu phase"),
    ("mu-cloud", "applications in their mu phase in the cloud"),
    (
        "mu-service-cloud",
        "share of the requests of mu that the cloud serves",
    ),
    (
        "mu-migrations",
        "moves of applications in their mu phase (dynamic)",
    ),
    (
        "num-optimizations",
        "placements of all applications (dynamic)",
    ),
];

/// How many columns are parameters.
pub const INPUTS: usize = 14;

/// The parameters that every row repeats.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// Those of the orchestrator and the applications.
    pub setting: &'a Setting,
    /// How far the cloud is.
    pub cloud_distance_factor: f64,
    /// Time between placements, in milliseconds.
    pub epoch: f64,
    /// The least number of periods of an application.
    pub min_periods: u64,
    /// Average numbers of applications: dynamic, in their lambda phase, in their mu phase.
    pub averages: [u64; 3],
}

/// The line with the names of the columns.
pub fn header() -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|column| column.0).collect();
    names.join(",") + "\n"
}

/// The row of one replication, with its line feed.
pub fn row(seed: u64, inputs: &Inputs<'_>, outcome: &Outcome) -> String {
    let Inputs {
        setting,
        cloud_distance_factor,
        epoch,
        min_periods,
        averages: [apps, lambda, mu],
    } = inputs;
    let mut row = String::with_capacity(320);
    // Writing to a string does not fail.
    let _ = write!(row, "{seed}");
    fixed(&mut row, *cloud_distance_factor);
    fixed(&mut row, setting.storage_local);
    fixed(&mut row, setting.storage_remote);
    fixed(&mut row, *epoch);
    let _ = write!(row, ",{min_periods},{apps},{lambda},{mu}");
    fixed(&mut row, setting.alpha);
    fixed(&mut row, setting.beta);
    let model = setting.applications.to_string().replace(',', ";");
    let _ = write!(row, ",{model},{},{}", setting.mu, setting.lambda);
    let _ = write!(row, ",{},{}", outcome.num_containers, outcome.tot_capacity);
    for number in [
        outcome.num_lambda,
        outcome.num_mu,
        outcome.lambda_cost,
        outcome.lambda_service_cloud,
        outcome.mu_cost,
        outcome.mu_cloud,
        outcome.mu_service_cloud,
    ] {
        fixed(&mut row, number);
    }
    let _ = writeln!(
        row,
        ",{},{}",
        outcome.mu_migrations, outcome.num_optimizations
    );
    row
}

/// Appends a comma and a number as `printf("%f")` writes it. What is not a number comes
/// from 0/0, whose sign is set on the processors of the original's author.
fn fixed(row: &mut String, number: f64) {
    let _ = match number.is_nan() {
        true => write!(row, ",-nan"),
        false => write!(row, ",{number:.6}"),
    };
}
