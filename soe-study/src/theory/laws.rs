//! The laws, and the scenarios that must obey them.
//!
//! All queues have the same unit of work: a call of 10 kB takes 10 ms on a core of 1 Gop/s.
//! There is no network, except where the law is about it.

use analysis::Unit;

use super::forms::{
    mean_field_of_choices, mean_wait_of_many_servers, pollaczek_khinchine, quantile_of_one_server,
};
use super::law::{Case, Claim, Fault, Law, Quantity, Sabotage};
use super::measured;

/// The mean service time of all queues, seconds.
const SERVICE: f64 = 0.01;

const FIXED: &str = r#""10 kB""#;
const EXPONENTIAL: &str = r#"{ type = "exponential", mean = "10 kB" }"#;
/// 5 ms, one in ten calls 55 ms; the mean of the square is 3.25 times the square of the mean.
const BIMODAL: &str = r#"{ type = "bimodal", small = "5 kB", large = "55 kB", large-share = 0.1 }"#;

/// All laws.
pub fn laws() -> Vec<Law> {
    vec![
        one_server(),
        many_servers(),
        constant_service(),
        any_service(),
        processor_sharing(),
        shared_cores(),
        tandem(),
        little(),
        order(),
        work_conservation(),
        saturation(),
        inverse_weights(),
        turns(),
        choices(),
        shorter_queue(),
        links(),
    ]
}

/// What comes before each scenario: lengths of runs, one function.
fn head(duration: f64, warm_up: f64, rest: &str) -> String {
    format!(
        r#"version = 1
run = {{ duration = "{duration} s", warm-up = "{warm_up} s" }}

[network]
latency = "0 s"

[function.f]
operations-per-byte = "1 kop"
{rest}"#
    )
}

/// Poisson arrivals at one computer: calls per second, sizes, cores, workers.
fn queue(rate: f64, size: &str, cores: u32, workers: u32) -> String {
    // 40 000 calls, however fast they come.
    let duration = 44_000.0 / rate;
    let rest = format!(
        r#"
[computer.server]
cores = {cores}
speed = "1 Gop/s"
functions = ["f"]
workers = {workers}

[client.users]
function = "f"
destination = "server"
arrivals = {{ type = "poisson", rate = {rate} }}
size = {size}
"#
    );
    head(duration, duration / 11.0, &rest)
}

fn case(name: &'static str, scenario: String, claims: Vec<Claim>) -> Case {
    Case {
        name,
        scenario,
        claims,
    }
}

fn claim(what: impl Into<String>, unit: Unit, quantity: Quantity, expected: f64) -> Claim {
    Claim {
        what: what.into(),
        unit,
        quantity,
        expected,
        tolerance: 0.0,
    }
}

/// A duration in seconds that all calls have on average, or a quantile of them.
fn time(what: &str, metric: &'static str, seconds: f64) -> Claim {
    let quantity = Quantity::Metric(metric, "all");
    claim(what, Unit::Nanoseconds, quantity, seconds * 1e9)
}

fn one_server() -> Law {
    let (rate, load) = (70.0, 0.7);
    let wait = load * SERVICE / (1.0 - load);
    let mut claims = vec![
        time("mean latency", "latency_mean", wait + SERVICE),
        time("mean wait", "worker_queue_mean", wait),
    ];
    // Quantiles come from a histogram.
    for (q, metric) in [
        (0.5, "latency_p50"),
        (0.95, "latency_p95"),
        (0.99, "latency_p99"),
    ] {
        let what = format!("{} % of latency", q * 100.0);
        claims.push(Claim {
            tolerance: 0.004,
            ..time(&what, metric, quantile_of_one_server(rate, SERVICE, q))
        });
    }
    let calls = Quantity::Metric("calls_under_way", "all");
    claims.push(claim(
        "calls under way",
        Unit::Count,
        calls,
        load / (1.0 - load),
    ));
    claims.push(claim(
        "utilization",
        Unit::Ratio,
        Quantity::Sum("utilization"),
        load,
    ));
    Law {
        name: "m-m-1",
        statement: "One server, exponential times: the latency is exponential with rate mu - lambda",
        source: "Kleinrock, Queueing Systems 1 (1975), section 3.2",
        cases: vec![case("", queue(rate, EXPONENTIAL, 1, 1), claims)],
        sabotage: Sabotage {
            what: "the processor is 3 % slower than it says",
            how: Fault::Scenario(&["computer.server.speed=\"0.97 Gop/s\""]),
        },
    }
}

fn many_servers() -> Law {
    let cases = [
        ("2 servers", 2, 0.6),
        ("3 servers", 3, 0.7),
        ("10 servers", 10, 0.8),
    ];
    let cases = cases.map(|(name, servers, load)| {
        let rate = f64::from(servers) * load / SERVICE;
        let wait = mean_wait_of_many_servers(servers, rate, SERVICE);
        let mut claims = vec![time("mean latency", "latency_mean", wait + SERVICE)];
        // With ten servers, hardly any call waits.
        if servers < 10 {
            claims.push(time("mean wait", "worker_queue_mean", wait));
        }
        case(name, queue(rate, EXPONENTIAL, servers, servers), claims)
    });
    Law {
        name: "m-m-c",
        statement: "Several servers, one queue: calls wait with the probability of Erlang C",
        source: "Kleinrock, Queueing Systems 1 (1975), section 3.5",
        cases: cases.into(),
        sabotage: Sabotage {
            what: "one worker too many shares the cores",
            how: Fault::Scenario(&["computer.server.workers=4"]),
        },
    }
}

fn constant_service() -> Law {
    let rate = 70.0;
    let wait = pollaczek_khinchine(rate, SERVICE, SERVICE * SERVICE);
    let claims = vec![time("mean wait", "worker_queue_mean", wait)];
    Law {
        name: "m-d-1",
        statement: "Constant times: calls wait half as long as with exponential ones",
        source: "Kleinrock, Queueing Systems 1 (1975), section 5.6",
        cases: vec![case("", queue(rate, FIXED, 1, 1), claims)],
        sabotage: Sabotage {
            what: "times vary by half of their mean",
            how: Fault::Scenario(&[
                r#"client.users.size={ type = "uniform", min = "5 kB", max = "15 kB" }"#,
            ]),
        },
    }
}

fn any_service() -> Law {
    let rate = 60.0;
    let wait = pollaczek_khinchine(rate, SERVICE, 3.25 * SERVICE * SERVICE);
    let claims = vec![
        time("mean wait", "worker_queue_mean", wait),
        time("mean latency", "latency_mean", wait + SERVICE),
    ];
    Law {
        name: "m-g-1",
        statement: "Any times in order of arrival: the wait grows with the mean of their square",
        source: "Pollaczek and Khinchine; Kleinrock, Queueing Systems 1 (1975), section 5.6",
        cases: vec![case("", queue(rate, BIMODAL, 1, 1), claims)],
        sabotage: Sabotage {
            what: "long calls are a tenth less frequent",
            how: Fault::Scenario(&["client.users.size.large-share=0.09"]),
        },
    }
}

fn processor_sharing() -> Law {
    let (rate, load) = (70.0, 0.7);
    let sizes = [
        ("constant", FIXED),
        ("exponential", EXPONENTIAL),
        ("bimodal", BIMODAL),
    ];
    let cases = sizes.map(|(name, size)| {
        let latency = SERVICE / (1.0 - load);
        let claims = vec![
            time("mean latency", "latency_mean", latency),
            time("mean wait", "worker_queue_mean", 0.0),
        ];
        case(name, queue(rate, size, 1, 100_000), claims)
    });
    Law {
        name: "processor-sharing",
        statement: "A shared core: the mean latency depends on the mean time only",
        source: "Kleinrock, Queueing Systems 2 (1976), section 4.4",
        cases: cases.into(),
        sabotage: Sabotage {
            what: "at most five calls share the core, others wait",
            how: Fault::Scenario(&["computer.server.workers=5"]),
        },
    }
}

fn shared_cores() -> Law {
    let (rate, cores) = (140.0, 2);
    let latency = SERVICE + mean_wait_of_many_servers(cores, rate, SERVICE);
    let sizes = [("constant", FIXED), ("bimodal", BIMODAL)];
    let cases = sizes.map(|(name, size)| {
        let claims = vec![time("mean latency", "latency_mean", latency)];
        case(name, queue(rate, size, cores, 100_000), claims)
    });
    Law {
        name: "shared-cores",
        statement: "Two shared cores, a call uses one: the mean latency is that of M/M/2, \
                    whatever the times",
        source: "Kelly, Reversibility and Stochastic Networks (1979), section 3.3",
        cases: cases.into(),
        sabotage: Sabotage {
            what: "one core of twice the speed in place of two",
            how: Fault::Scenario(&[
                "computer.server.cores=1",
                "computer.server.speed=\"2 Gop/s\"",
            ]),
        },
    }
}

fn tandem() -> Law {
    let rate = 70.0;
    let second = claim(
        "mean latency at the second queue",
        Unit::Nanoseconds,
        Quantity::OfCalls(measured::latency_at_a_second_queue),
        1e9 / (1.0 / measured::SECOND_SERVICE - rate),
    );
    Law {
        name: "tandem",
        statement: "What leaves M/M/1 arrives at the next queue as if at random",
        source: "Burke, Operations Research 4(6), 1956",
        cases: vec![case("", queue(rate, EXPONENTIAL, 1, 1), vec![second])],
        sabotage: Sabotage {
            what: "the times of the first queue are constant",
            how: Fault::Scenario(&["client.users.size=\"10 kB\""]),
        },
    }
}

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

fn little() -> Law {
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

fn work_conservation() -> Law {
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

fn order() -> Law {
    let overtaken = claim(
        "calls that overtake another",
        Unit::Count,
        Quantity::OfCalls(measured::overtaking),
        0.0,
    );
    Law {
        name: "fifo",
        statement: "With one worker, calls end in the order in which they came",
        source: "definition of first come, first served",
        cases: vec![case("", queue(70.0, EXPONENTIAL, 1, 1), vec![overtaken])],
        sabotage: Sabotage {
            what: "two workers",
            how: Fault::Scenario(&["computer.server.workers=2"]),
        },
    }
}

fn saturation() -> Law {
    let scenario = |clients: u32| {
        let rest = format!(
            r#"
[computer.server]
cores = 1
speed = "1 Gop/s"
functions = ["f"]
workers = 1

[client.users]
count = {clients}
function = "f"
destination = "server"
arrivals = {{ type = "closed-loop", interval = "0 s" }}
size = {EXPONENTIAL}
"#
        );
        head(330.0, 30.0, &rest)
    };
    let of_clients = |(name, clients): (&'static str, u32)| {
        let throughput = Quantity::Metric("throughput", "all");
        let claims = vec![
            claim("throughput", Unit::PerSecond, throughput, 1.0 / SERVICE),
            time("mean latency", "latency_mean", f64::from(clients) * SERVICE),
            claim(
                "utilization",
                Unit::Ratio,
                Quantity::Sum("utilization"),
                1.0,
            ),
        ];
        case(name, scenario(clients), claims)
    };
    Law {
        name: "closed-loop",
        statement: "Clients that call without pause keep the server busy, and each waits for all others",
        source: "the utilization law and Little's law; Denning and Buzen, Computing Surveys 10(3), 1978",
        cases: [("1 client", 1), ("4 clients", 4), ("32 clients", 32)]
            .map(of_clients)
            .into(),
        sabotage: Sabotage {
            what: "clients pause for 10 ms",
            how: Fault::Scenario(&["client.users.arrivals.interval=\"10 ms\""]),
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

fn inverse_weights() -> Law {
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

fn turns() -> Law {
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

fn choices() -> Law {
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

fn shorter_queue() -> Law {
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

fn links() -> Law {
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
