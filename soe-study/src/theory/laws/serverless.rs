//! Laws of instances that start and go.

use analysis::Unit;
use soe_model::instances::theory;

use super::{BIMODAL, EXPONENTIAL, FIXED, SERVICE, case, claim, head, time};
use crate::theory::law::{Fault, Law, Quantity, Sabotage};
use crate::theory::measured;

/// Poisson arrivals at a computer with instances: calls per second, sizes, how they start and
/// go.
fn serverless(rate: f64, size: &str, instances: &str) -> String {
    let duration = 44_000.0 / rate;
    let rest = format!(
        r#"
[computer.server]
cores = 1000
speed = "1 Gop/s"
functions = ["f"]

[computer.server.instances]
{instances}

[client.users]
function = "f"
destination = "server"
arrivals = {{ type = "poisson", rate = {rate} }}
size = {size}
"#
    );
    head(duration, duration / 11.0, &rest)
}

pub(super) fn rejection() -> Law {
    let (rate, instances) = (400.0, 5);
    let rejected = claim(
        "share of rejected calls",
        Unit::Ratio,
        Quantity::Computed(measured::rejected),
        theory::erlang_b(instances, rate * SERVICE),
    );
    let limits = r#"keep-alive = "infinite"
max-instances = 5
overflow = "reject""#;
    let sizes = [
        ("constant", FIXED),
        ("exponential", EXPONENTIAL),
        ("bimodal", BIMODAL),
    ];
    let of_size = |(name, size)| case(name, serverless(rate, size, limits), vec![rejected.clone()]);
    Law {
        name: "erlang-b",
        statement: "At most five instances that reject: the share of rejected calls is Erlang B, \
                    whatever the times",
        source: "Erlang, 1917; Kleinrock, Queueing Systems 1 (1975), section 3.6",
        cases: sizes.into_iter().map(of_size).collect(),
        sabotage: Sabotage {
            what: "one instance more",
            how: Fault::Scenario(&["computer.server.instances.max-instances=6"]),
        },
    }
}

pub(super) fn keep_alive() -> Law {
    let (rate, window) = (100.0, 0.1);
    let pool = theory::most_recently_used(rate, SERVICE, window);
    let cold = Quantity::Metric("cold_share", "all");
    let instances = Quantity::Metric("instances_mean", "all");
    let claims = vec![
        claim("share of cold calls", Unit::Ratio, cold, pool.cold),
        claim("instances", Unit::Count, instances, pool.instances),
    ];
    let rules = r#"keep-alive = { type = "fixed", ttl = "100 ms" }
warm-choice = "mru""#;
    Law {
        name: "keep-alive",
        statement: "Most recently used first: there are as many instances as were busy at once \
                    within the window",
        source: "M/M/infinity, killed above a level; docs of soe_model::instances::theory",
        cases: vec![case("", serverless(rate, EXPONENTIAL, rules), claims)],
        sabotage: Sabotage {
            what: "instances stay a tenth longer",
            how: Fault::Scenario(&[
                r#"computer.server.instances.keep-alive={ type = "fixed", ttl = "110 ms" }"#,
            ]),
        },
    }
}

pub(super) fn single_instance() -> Law {
    let (rate, start, window) = (50.0, 0.04, 0.02);
    let queue = theory::single_instance_queue(rate, SERVICE, start, window);
    let caused = Quantity::Metric("cold_caused_share", "all");
    let claims = vec![
        time("mean latency", "latency_mean", queue.response),
        claim("calls that cause a start", Unit::Ratio, caused, queue.cause),
    ];
    let rules = r#"keep-alive = { type = "fixed", ttl = "20 ms" }
max-instances = 1"#;
    let scenario = serverless(rate, EXPONENTIAL, rules).replace(
        "operations-per-byte = \"1 kop\"",
        "operations-per-byte = \"1 kop\"\ninstance = { create = \"40 ms\" }",
    );
    Law {
        name: "cold-starts",
        statement: "A single instance that starts when it has expired: M/G/1 with exceptional \
                    first service",
        source: "Welch, Operations Research 12(5), 1964",
        cases: vec![case("", scenario, claims)],
        sabotage: Sabotage {
            what: "a start takes a tenth longer",
            how: Fault::Scenario(&[r#"function.f.instance={ create = "44 ms" }"#]),
        },
    }
}
