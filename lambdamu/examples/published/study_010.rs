//! Study 010: applications on an edge network.

use super::*;

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

pub fn study_010(network: &Network, check: &mut Check) {
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
