//! Study 012: alpha and beta.

use super::*;

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

pub fn study_012(network: &Network, check: &mut Check) {
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
