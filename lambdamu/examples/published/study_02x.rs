//! Studies 020, 021 and 022: balanced networks.

use super::*;

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

pub fn study_020(network: &Network, check: &mut Check) {
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

pub fn study_021(network: &Network, check: &mut Check) {
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

pub fn study_022(network: &Network, check: &mut Check) {
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
