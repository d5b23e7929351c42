//! Laws of a single computer.

use analysis::Unit;

use super::{BIMODAL, EXPONENTIAL, FIXED, SERVICE, case, claim, head, queue, time};
use crate::theory::forms::{
    mean_wait_of_many_servers, pollaczek_khinchine, quantile_of_one_server,
};
use crate::theory::law::{Claim, Fault, Law, Quantity, Sabotage};
use crate::theory::measured;

pub(super) fn one_server() -> Law {
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

pub(super) fn many_servers() -> Law {
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

pub(super) fn constant_service() -> Law {
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

pub(super) fn any_service() -> Law {
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

pub(super) fn processor_sharing() -> Law {
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

pub(super) fn shared_cores() -> Law {
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

pub(super) fn tandem() -> Law {
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

pub(super) fn order() -> Law {
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

pub(super) fn saturation() -> Law {
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
