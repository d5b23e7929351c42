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

/// Published, for 50 and 50 applications: lambda-cost by beta.
const MIX: [(&[f64], [f64; 9]); 3] = [
    (
        &[0.1, 0.2],
        [
            163.7096875,
            133.8784375,
            126.2178125,
            124.9334375,
            124.8103125,
            124.806875,
            124.806875,
            124.806875,
            124.806875,
        ],
    ),
    (
        &[0.5, 0.6],
        [
            245.67546875,
            163.70671875,
            144.31734375,
            133.87578125,
            128.6115625,
            126.2159375,
            125.25203125,
            124.9325,
            124.8359375,
        ],
    ),
    (
        &[0.9],
        [
            425.31015625,
            280.88859375,
            192.84421875,
            162.845625,
            151.8125,
            143.88375,
            138.0196875,
            133.74953125,
            130.69765625,
        ],
    ),
];

/// Published, for 100 applications in their lambda phase: lambda-cost by beta.
const LAMBDAS: [f64; 9] = [
    478.71890625,
    320.031875,
    282.4228125,
    262.94421875,
    253.96734375,
    250.69125,
    249.8390625,
    249.6890625,
    249.6684375,
];

/// Published, by alpha: mu-cost and mu-cloud for 50 and 50 applications and for 100 in
/// their mu phase.
const BY_ALPHA: [[f64; 9]; 4] = [
    [
        600.27,
        579.27,
        460.55546875,
        439.55546875,
        325.7425,
        325.7425,
        304.86765625,
        208.4228125,
        196.7734375,
    ],
    [
        50.0225, 47.0225, 34.0225, 31.0225, 18.0271875, 18.0271875, 15.0471875, 3.86296875,
        2.30140625,
    ],
    [
        1199.679375,
        1178.679375,
        1058.06375,
        1037.06375,
        917.6259375,
        917.6259375,
        896.6259375,
        779.36625,
        758.36625,
    ],
    [
        99.97328125,
        96.97328125,
        83.97328125,
        80.97328125,
        67.97328125,
        67.97328125,
        64.97328125,
        51.97328125,
        48.97328125,
    ],
];

/// A published file `alpha beta mean`.
fn table(folder: &Path, name: &str) -> Vec<[f64; 3]> {
    let text = std::fs::read_to_string(folder.join(format!("{name}.dat"))).unwrap_or_default();
    let rows = text.lines().filter(|line| !line.trim().is_empty());
    rows.map(|line| {
        let numbers: Vec<f64> = line
            .split(' ')
            .map(|field| field.parse().unwrap())
            .collect();
        [numbers[0], numbers[1], numbers[2]]
    })
    .collect()
}

fn study_012(network: &Network, check: &mut Check) {
    let tables = std::env::var_os("SOE_TABLES").map(PathBuf::from);
    for (name, lambda, mu) in [("lambdas", 100, 0), ("mus", 0, 100), ("mix", 50, 50)] {
        let published_tables = ["lambda-cost", "mu-cost", "mu-cloud"].map(|metric| {
            let folder = tables.as_deref();
            folder.map_or(Vec::new(), |folder| {
                table(folder, &format!("{metric}-{name}"))
            })
        });
        for (row, &alpha) in SHARES.iter().enumerate() {
            for (column, &beta) in SHARES.iter().enumerate() {
                let load = SnapshotLoad { lambda, mu };
                let mean = means(network, &published(alpha, beta), load, 6400);
                let what = |metric: &str| format!("012 {name} {alpha} {beta} {metric}");
                let found = [mean(LAMBDA_COST), mean(MU_COST), mean(MU_CLOUD)];
                for (table, found) in published_tables.iter().zip(found) {
                    for [_, _, expected] in
                        table.iter().filter(|row| row[0] == alpha && row[1] == beta)
                    {
                        check.equal(&what("published table"), found, *expected);
                    }
                }
                let [lambda_cost, mu_cost, mu_cloud] = found;
                match name {
                    "lambdas" => {
                        check.equal(&what("lambda-cost"), lambda_cost, LAMBDAS[column]);
                        check.equal(&what("mu-cost"), mu_cost, 0.0);
                        check.equal(&what("mu-cloud"), mu_cloud, 0.0);
                    }
                    "mus" => {
                        check.equal(&what("lambda-cost"), lambda_cost, 0.0);
                        check.equal(&what("mu-cost"), mu_cost, BY_ALPHA[2][row]);
                        check.equal(&what("mu-cloud"), mu_cloud, BY_ALPHA[3][row]);
                    }
                    _ => {
                        let known = MIX.iter().find(|(alphas, _)| alphas.contains(&alpha));
                        if let Some((_, costs)) = known {
                            check.equal(&what("lambda-cost"), lambda_cost, costs[column]);
                        }
                        check.equal(&what("mu-cost"), mu_cost, BY_ALPHA[0][row]);
                        check.equal(&what("mu-cloud"), mu_cloud, BY_ALPHA[1][row]);
                    }
                }
            }
        }
    }
}

/// Reference values by alpha: mu-cost, mu-cloud, lambda-cost for 25 and 75 in the mu phase.
const STUDY_010: [(u64, [[&str; 9]; 3]); 2] = [
    (
        25,
        [
            [
                "300.26063",
                "279.26063",
                "166.03781",
                "146.17672",
                "87.267969",
                "87.267969",
                "85.741875",
                "75.124219",
                "75.122969",
            ],
            [
                "25.0217",
                "22.0217",
                "9.06438",
                "6.24469",
                "0.221562",
                "0.221562",
                "0.0629688",
                "0",
                "0",
            ],
            [
                "124.81031",
                "124.81031",
                "125.05172",
                "125.05109",
                "128.36641",
                "128.36641",
                "128.35703",
                "145.19688",
                "145.19688",
            ],
        ],
    ),
    (
        75,
        [
            [
                "900.3",
                "879.3",
                "759.17687",
                "738.17687",
                "620.41359",
                "620.41359",
                "599.41359",
                "485.26031",
                "464.26781",
            ],
            [
                "75.025", "72.025", "59.025", "56.025", "43.025", "43.025", "40.025", "27.0255",
                "24.0267",
            ],
            [
                "124.81031",
                "124.81031",
                "125.05172",
                "125.05172",
                "128.61375",
                "128.61375",
                "128.61375",
                "152.5975",
                "152.59859",
            ],
        ],
    ),
];

fn study_010(network: &Network, check: &mut Check) {
    for (mu, expected) in STUDY_010 {
        for (row, &alpha) in SHARES.iter().enumerate() {
            let load = SnapshotLoad { lambda: 50, mu };
            let mean = means(network, &published(alpha, 0.5), load, 6400);
            let measures = [
                ("mu-cost", MU_COST),
                ("mu-cloud", MU_CLOUD),
                ("lambda-cost", LAMBDA_COST),
            ];
            for ((metric, measure), expected) in measures.into_iter().zip(expected) {
                let what = format!("010 {mu} {alpha} {metric}");
                check.rounded(&what, mean(measure), expected[row]);
            }
        }
    }
}

const ALGORITHMS: [(&str, MuAlgorithm, LambdaAlgorithm); 3] = [
    ("random", MuAlgorithm::Random, LambdaAlgorithm::Random),
    ("greedy", MuAlgorithm::Greedy, LambdaAlgorithm::Greedy),
    (
        "proposed",
        MuAlgorithm::Hungarian,
        LambdaAlgorithm::MinCostFlow,
    ),
];

/// Studies of 2023: alpha 0.5, beta 1, storage costs 0 and 10.
fn balanced(model: &str, mu: MuAlgorithm, lambda: LambdaAlgorithm) -> Setting {
    Setting {
        storage_remote: 10.0,
        applications: model.parse().unwrap(),
        mu,
        lambda,
        ..published(0.5, 1.0)
    }
}

/// Reference values: applications; lambda-cost, mu-cost, share of lambda and of mu in the
/// cloud for random, greedy, proposed.
type Row020 = (u64, [[&'static str; 3]; 4]);
const STUDY_020: [Row020; 5] = [
    (
        20,
        [
            ["6656", "2824", "2761"],
            ["1769", "706", "690"],
            [".320", "0", "0"],
            [".163", "0", "0"],
        ],
    ),
    (
        60,
        [
            ["27869", "10116", "8562"],
            ["6275", "2551", "2294"],
            [".773", "0", "0"],
            [".348", "0", "0"],
        ],
    ),
    (
        100,
        [
            ["49883", "19330", "14532"],
            ["11544", "4993", "4179"],
            [".894", ".0085", ".0085"],
            [".439", ".0069", ".0132"],
        ],
    ),
    (
        140,
        [
            ["71645", "36733", "21403"],
            ["16920", "8986", "6417"],
            [".937", ".2065", ".2065"],
            [".518", ".103", ".181"],
        ],
    ),
    (
        200,
        [
            ["103176", "66775", "32102"],
            ["26285", "18879", "11306"],
            [".963", ".4629", ".4629"],
            [".618", ".349", ".633"],
        ],
    ),
];

fn study_020(network: &Network, check: &mut Check) {
    for (apps, expected) in STUDY_020 {
        for (which, (name, mu, lambda)) in ALGORITHMS.into_iter().enumerate() {
            let setting = balanced("classes,0.5,1,100,10,0.5,10,1,0", mu, lambda);
            let load = SnapshotLoad {
                lambda: apps * 3 / 4,
                mu: apps / 4,
            };
            let mean = means(network, &setting, load, 200);
            let measures = [
                ("lambda-cost", LAMBDA_COST),
                ("mu-cost", MU_COST),
                ("lambda in the cloud", LAMBDA_SERVICE),
                ("mu in the cloud", MU_SERVICE),
            ];
            for ((metric, measure), expected) in measures.into_iter().zip(expected) {
                let what = format!("020 {apps} {name} {metric}");
                check.rounded(&what, mean(measure), expected[which]);
            }
        }
    }
}

/// Reference values: m2, d2, lambda-cost, share of lambda in the cloud.
const STUDY_021: [(u64, u64, &str, &str); 13] = [
    (0, 0, "116140", ".067"),
    (0, 2, "116140", ".502"),
    (0, 10, "116140", ".502"),
    (2, 0, "124090", ".184"),
    (2, 2, "126659", ".467"),
    (2, 5, "126659", ".502"),
    (2, 10, "126659", ".502"),
    (5, 0, "130293", ".184"),
    (5, 2, "133747", ".184"),
    (5, 5, "136716", ".467"),
    (5, 10, "136716", ".502"),
    (10, 0, "140631", ".184"),
    (10, 2, "144085", ".184"),
];
const STUDY_021_LAST: [(u64, u64, &str, &str); 2] =
    [(10, 5, "149266", ".184"), (10, 10, "153477", ".467")];
/// m2 and mu-cost.
const STUDY_021_MU: [(u64, &str); 4] = [(0, "29825"), (2, "31062"), (5, "32917"), (10, "36008")];

fn study_021(network: &Network, check: &mut Check) {
    let load = SnapshotLoad {
        lambda: 112,
        mu: 37,
    };
    for (m2, d2, cost, share) in STUDY_021.into_iter().chain(STUDY_021_LAST) {
        let model = format!("classes,0.5,5,100,10,0.5,5,{m2},{d2}");
        let setting = balanced(&model, MuAlgorithm::Hungarian, LambdaAlgorithm::MinCostFlow);
        let mean = means(network, &setting, load, 100);
        check.rounded(
            &format!("021 {m2} {d2} lambda-cost"),
            mean(LAMBDA_COST),
            cost,
        );
        check.rounded(
            &format!("021 {m2} {d2} lambda in the cloud"),
            mean(LAMBDA_SERVICE),
            share,
        );
        let mu = STUDY_021_MU.iter().find(|(known, _)| *known == m2);
        if let Some((_, mu)) = mu {
            check.rounded(&format!("021 {m2} {d2} mu-cost"), mean(MU_COST), mu);
        }
    }
}

/// Reference values: applications in the mu phase, algorithm, mu-cost at m2 = 0, 2, 10, 20,
/// share in the cloud at m2 = 0 and 2.
type Row022 = (u64, usize, [&'static str; 4], [&'static str; 2]);
const STUDY_022: [Row022; 6] = [
    (
        25,
        0,
        ["52491", "53548", "57778", "63066"],
        [".445", ".445"],
    ),
    (
        25,
        1,
        ["18525", "22891", "24704", "26970"],
        [".50", ".0059"],
    ),
    (
        25,
        2,
        ["18171", "18694", "20784", "23396"],
        [".50", ".0059"],
    ),
    (
        50,
        0,
        ["118185", "120574", "130128", "142071"],
        [".611", ".611"],
    ),
    (
        50,
        1,
        ["44562", "86277", "93165", "101776"],
        [".506", ".350"],
    ),
    (
        50,
        2,
        ["43165", "45616", "55421", "67677"],
        [".506", ".350"],
    ),
];

fn study_022(network: &Network, check: &mut Check) {
    for (apps, which, costs, shares) in STUDY_022 {
        let (name, mu, lambda) = ALGORITHMS[which];
        for (at, m2) in [0, 2, 10, 20].into_iter().enumerate() {
            let model = format!("classes,0.5,5,100,10,0.5,5,{m2},0");
            let load = SnapshotLoad {
                lambda: 0,
                mu: apps,
            };
            let mean = means(network, &balanced(&model, mu, lambda), load, 1000);
            check.rounded(
                &format!("022 {apps} {name} {m2} mu-cost"),
                mean(MU_COST),
                costs[at],
            );
            if let Some(share) = shares.get(at) {
                let what = format!("022 {apps} {name} {m2} mu in the cloud");
                check.rounded(&what, mean(MU_SERVICE), share);
            }
        }
    }
}

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
        ("012", study_012),
        ("010", study_010),
        ("020", study_020),
        ("021", study_021),
        ("022", study_022),
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
