//! Laws of routers, and of the links to them.

use analysis::Unit;

use super::{EXPONENTIAL, SERVICE, case, claim, head, time};
use crate::theory::forms::mean_field_of_choices;
use crate::theory::law::{Claim, Fault, Law, Quantity, Sabotage};
use crate::theory::measured;

const POLICIES: [(&str, &str); 6] = [
    ("random", r#""random""#),
    ("round-robin", r#""round-robin""#),
    ("least-impedance", r#""least-impedance""#),
    (
        "proportional-fairness",
        r#"{ type = "proportional-fairness", alpha = 1, beta = 1 }"#,
    ),
    ("two-choices", r#""two-choices""#),
    ("least-connections", r#""least-connections""#),
];

/// Three computers behind a router with this policy: 1, 0.5 and 0.25 Gop/s.
fn routed(policy: &str, rate: f64) -> String {
    let rest = format!(
        r#"
[controller.control]

[computer.fast]
cores = 1
speed = "1 Gop/s"
functions = ["f"]
workers = 100
controller = "control"

[computer.medium]
cores = 1
speed = "0.5 Gop/s"
functions = ["f"]
workers = 100
controller = "control"

[computer.slow]
cores = 1
speed = "0.25 Gop/s"
functions = ["f"]
workers = 100
controller = "control"

[broker.router]
policy = {policy}
controller = "control"

[client.users]
function = "f"
destination = "router"
arrivals = {{ type = "poisson", rate = {rate} }}
size = {EXPONENTIAL}
"#
    );
    head(660.0, 60.0, &rest)
}

pub(super) fn little() -> Law {
    let ratio = Claim {
        // Calls that the ends of the measured time cut.
        tolerance: 0.002,
        ..claim(
            "calls under way, over throughput times latency",
            Unit::Count,
            Quantity::Computed(measured::little),
            1.0,
        )
    };
    let of_policy = |(name, policy)| case(name, routed(policy, 40.0), vec![ratio.clone()]);
    Law {
        name: "little",
        statement: "The mean number of calls under way is their rate times their mean latency",
        source: "Little, Operations Research 9(3), 1961",
        cases: POLICIES.into_iter().map(of_policy).collect(),
        sabotage: Sabotage {
            what: "latencies are reported 1 % too long",
            how: Fault::Meter("latency_mean", 1.01),
        },
    }
}

pub(super) fn work_conservation() -> Law {
    let rate = 40.0;
    let done = claim(
        "work done, Gop/s",
        Unit::Count,
        Quantity::Computed(measured::work_done),
        rate * SERVICE,
    );
    let of_policy = |(name, policy)| case(name, routed(policy, rate), vec![done.clone()]);
    Law {
        name: "work-conservation",
        statement: "All work that arrives is done, whatever the policy",
        source: "conservation of work; Kleinrock, Queueing Systems 2 (1976), section 3.4",
        cases: POLICIES.into_iter().map(of_policy).collect(),
        sabotage: Sabotage {
            what: "calls are 2 % smaller than they say",
            how: Fault::Scenario(&["client.users.size.mean=\"9800 B\""]),
        },
    }
}

/// A router with a fixed table of equal computers: their weights, in order.
fn table(policy: &str, weights: &[f64], rate: f64, duration: f64, warm_up: f64) -> String {
    let mut rest = String::new();
    let mut entries = Vec::new();
    for (number, weight) in weights.iter().enumerate() {
        rest += &format!(
            r#"
[computer.c{number}]
cores = 1
speed = "1 Gop/s"
functions = ["f"]
workers = 1
"#
        );
        entries.push(format!(
            r#"{{ function = "f", destination = "c{number}", weight = {weight} }}"#
        ));
    }
    rest += &format!(
        r#"
[broker.router]
policy = {policy}
optimizer = "none"
table = [{}]

[client.users]
function = "f"
destination = "router"
arrivals = {{ type = "poisson", rate = {rate} }}
size = {EXPONENTIAL}
"#,
        entries.join(", ")
    );
    head(duration, warm_up, &rest)
}

pub(super) fn inverse_weights() -> Law {
    let shares = ["c0", "c1", "c2"]
        .into_iter()
        .zip([4.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0]);
    let share = |(computer, share): (&'static str, f64)| {
        let quantity = Quantity::Metric("share", computer);
        claim(format!("share of {computer}"), Unit::Ratio, quantity, share)
    };
    let scenario = table(r#""random""#, &[1.0, 2.0, 4.0], 100.0, 220.0, 20.0);
    Law {
        name: "inverse-weights",
        statement: "The policy random gives each destination a share in proportion to its inverse weight",
        source: "Cicconetti, Conti, Passarella, IEEE TNSM 2021, section III",
        cases: vec![case("", scenario, shares.map(share).collect())],
        sabotage: Sabotage {
            what: "a weight is 2 instead of 1.9",
            how: Fault::Scenario(&[
                r#"broker.router.table=[{ function = "f", destination = "c0", weight = 1 }, { function = "f", destination = "c1", weight = 1.9 }, { function = "f", destination = "c2", weight = 4 }]"#,
            ]),
        },
    }
}

pub(super) fn turns() -> Law {
    let scenario = table(r#""round-robin""#, &[1.0; 4], 200.0, 100.0, 0.0);
    let spread = claim(
        "calls that a computer is behind another, beyond one",
        Unit::Count,
        Quantity::OfCalls(measured::unfairness),
        0.0,
    );
    Law {
        name: "round-robin",
        statement: "With equal weights, no destination is more than one call behind another",
        source: "definition of round robin",
        cases: vec![case("", scenario, vec![spread])],
        sabotage: Sabotage {
            what: "destinations are chosen at random",
            how: Fault::Scenario(&["broker.router.policy=\"random\""]),
        },
    }
}

pub(super) fn choices() -> Law {
    const SERVERS: usize = 100;
    let cases = [("load 0.7", 0.7), ("load 0.9", 0.9)].map(|(name, load)| {
        let rate = SERVERS as f64 * load / SERVICE;
        let scenario = table(r#""two-choices""#, &[1.0; SERVERS], rate, 8.0, 2.0);
        let latency = Claim {
            // There are 100 servers, not infinitely many.
            tolerance: 0.03,
            ..time(
                "mean latency",
                "latency_mean",
                mean_field_of_choices(2, load) * SERVICE,
            )
        };
        case(name, scenario, vec![latency])
    });
    Law {
        name: "two-choices",
        statement: "The better of two random servers: the queues are those of the mean field",
        source: "Mitzenmacher, IEEE TPDS 12(10), 2001",
        cases: cases.into(),
        sabotage: Sabotage {
            what: "three choices",
            how: Fault::Scenario(&[
                r#"broker.router.policy={ type = "two-choices", choices = 3 }"#,
            ]),
        },
    }
}

pub(super) fn shorter_queue() -> Law {
    // In service times; solved exactly as a Markov chain.
    let exact = [("load 0.5", 0.5, 1.426321), ("load 0.7", 0.7, 2.108197)];
    let cases = exact.map(|(name, load, services)| {
        let rate = 2.0 * load / SERVICE;
        let scenario = table(
            r#""least-connections""#,
            &[1.0; 2],
            rate,
            44_000.0 / rate,
            20.0,
        );
        let latency = time("mean latency", "latency_mean", services * SERVICE);
        case(name, scenario, vec![latency])
    });
    Law {
        name: "shorter-queue",
        statement: "Two servers, each call joins the shorter queue",
        source: "Kingman, Annals of Mathematical Statistics 32(4), 1961; solved numerically",
        cases: cases.into(),
        sabotage: Sabotage {
            what: "calls choose at random",
            how: Fault::Scenario(&["broker.router.policy=\"random\""]),
        },
    }
}

pub(super) fn links() -> Law {
    let rest = r#"
[controller.control]

[computer.server]
cores = 4
speed = "1 Gop/s"
functions = ["f"]
controller = "control"

[broker.router]
policy = "random"
forwarding-time = "3 ms"
controller = "control"

[client.users]
function = "f"
destination = "router"
arrivals = { type = "periodic", rate = 10 }
size = "10 kB"
"#;
    let network = r#"latency = "2 ms"
rate = "8 Mb/s"
header = "50 B""#;
    let scenario = head(60.0, 0.0, rest).replace("latency = \"0 s\"", network);
    // Twice 10 050 B at 1 MB/s, and 2 ms.
    let there = 2.0 * (0.002 + 10_050.0 / 1e6);
    let claims = vec![
        time("network there", "network_there_mean", there),
        time("broker", "broker_mean", 0.003),
        time("processor", "processor_mean", SERVICE),
        time("worker queue", "worker_queue_mean", 0.0),
    ];
    Law {
        name: "links",
        statement: "A message takes latency + 8 (size + header) / rate over each link, to the nanosecond",
        source: "definition of the model",
        cases: vec![case("", scenario, claims)],
        sabotage: Sabotage {
            what: "links take one nanosecond longer",
            how: Fault::Scenario(&["network.latency=\"2000001 ns\""]),
        },
    }
}
