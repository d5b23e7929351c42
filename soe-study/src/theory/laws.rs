//! The laws, and the scenarios that must obey them.
//!
//! All queues have the same unit of work: a call of 10 kB takes 10 ms on a core of 1 Gop/s.
//! There is no network, except where the law is about it.

mod brokers;
mod queues;
mod serverless;

use analysis::Unit;

use super::law::{Case, Claim, Law, Quantity};

/// The mean service time of all queues, seconds.
const SERVICE: f64 = 0.01;

const FIXED: &str = r#""10 kB""#;
const EXPONENTIAL: &str = r#"{ type = "exponential", mean = "10 kB" }"#;
/// 5 ms, one in ten calls 55 ms; the mean of the square is 3.25 times the square of the mean.
const BIMODAL: &str = r#"{ type = "bimodal", small = "5 kB", large = "55 kB", large-share = 0.1 }"#;

/// All laws.
pub fn laws() -> Vec<Law> {
    vec![
        queues::one_server(),
        queues::many_servers(),
        queues::constant_service(),
        queues::any_service(),
        queues::processor_sharing(),
        queues::shared_cores(),
        queues::tandem(),
        brokers::little(),
        queues::order(),
        brokers::work_conservation(),
        queues::saturation(),
        brokers::inverse_weights(),
        brokers::turns(),
        brokers::choices(),
        brokers::shorter_queue(),
        brokers::links(),
        serverless::rejection(),
        serverless::keep_alive(),
        serverless::single_instance(),
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
