//! What services tell Prometheus.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use soe_live::broker::BrokerOptions;
use soe_live::command::{Endpoint, Stop};
use soe_live::computer::ComputerOptions;
use soe_live::controller::ControllerOptions;
use soe_live::http::{Client, Trust};
use soe_live::limits::{METRIC_ENTRIES, METRIC_LABELS};
use soe_live::rpc::EdgeRouterConf;
use soe_live::rpc::edge_router_client::EdgeRouterClient;
use soe_live::rpc::edge_router_conf::Action;
use soe_live::{Security, broker, computer, connect, controller};

use crate::controlling::{broker_options, controller_options};
use crate::support::{call, computer_options, endpoint, eventually, request};

/// The metrics of a process by name and labels, as they are written.
async fn scrape(endpoint: &Endpoint) -> BTreeMap<String, f64> {
    let asked = http::Request::get(format!("http://{endpoint}/metrics"));
    let asked = asked.body(Bytes::new()).unwrap();
    let answer = Client::new(Trust::System).with_most(1 << 24);
    let answer = answer.send(asked, Duration::from_secs(30)).await.unwrap();
    assert_eq!(answer.status(), 200);
    let sort = answer.headers()["content-type"].to_str().unwrap();
    assert_eq!(sort, "text/plain; version=0.0.4; charset=utf-8");
    let text = String::from_utf8(answer.into_body().to_vec()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

/// The sum of all metrics whose name and labels have all these parts.
fn sum(metrics: &BTreeMap<String, f64>, parts: &[&str]) -> f64 {
    let found = metrics.iter().filter(|(name, _)| {
        let mut parts = parts.iter();
        parts.all(|part| name.contains(part))
    });
    found.map(|(_, value)| value).sum()
}

/// A controller, a router and two computers; all but the places of computers.
struct Deployment {
    router: Endpoint,
    tables: Endpoint,
    stop: Stop,
    metrics: [Endpoint; 4],
}

impl Deployment {
    async fn start() -> Self {
        let stop = Stop::new();
        let metrics = [(); 4].map(|()| endpoint());
        let [control, router, tables] = [(); 3].map(|()| endpoint());
        tokio::spawn(controller::run(
            ControllerOptions {
                metrics_endpoint: Some(metrics[0].clone()),
                ..controller_options(&control)
            },
            stop.clone(),
        ));
        tokio::spawn(broker::run(
            BrokerOptions {
                metrics_endpoint: Some(metrics[1].clone()),
                ..broker_options(&router, &tables, &control)
            },
            stop.clone(),
        ));
        for number in 0..2 {
            let options = ComputerOptions {
                controller_endpoint: Some(control.clone()),
                metrics_endpoint: Some(metrics[2 + number].clone()),
                ..computer_options(endpoint())
            };
            tokio::spawn(computer::run(options, stop.clone()));
        }
        let deployment = Self {
            router,
            tables,
            stop,
            metrics,
        };
        let [_, of_router, ..] = &deployment.metrics;
        eventually("metrics are served", async || {
            connect(of_router.as_str(), &Security::Plaintext)
                .await
                .is_ok()
        })
        .await;
        eventually("all are known", async || {
            let seen = scrape(of_router).await;
            // Two functions at two computers, in each of two tables.
            sum(&seen, &["soe_table_entries"]) == 8.0
        })
        .await;
        deployment
    }
}

#[tokio::test]
async fn counters_are_exactly_what_clients_did() {
    let deployment = Deployment::start().await;
    let [control, router, one, two] = &deployment.metrics;
    for number in 0..40 {
        let function = ["clambda0", "glambda0"][number % 2];
        let answer = call(&deployment.router, request(function, 100)).await;
        assert_eq!(answer.retcode, "OK");
    }
    for number in 0..7 {
        let answer = call(&deployment.router, request(&format!("unknown{number}"), 1)).await;
        assert_ne!(answer.retcode, "OK");
    }
    let seen = scrape(router).await;
    let is = |parts: &[&str], expected: f64| {
        assert_eq!(sum(&seen, parts), expected, "{parts:?} in {seen:#?}");
    };
    is(&["soe_calls_total{", "clambda0", "\"ok\""], 20.0);
    is(&["soe_calls_total{", "glambda0", "\"ok\""], 20.0);
    is(&["soe_calls_total{", "\"other\"", "\"error\""], 7.0);
    is(&["soe_calls_total{"], 47.0);
    is(&["soe_call_duration_seconds_count"], 40.0);
    is(&["soe_attempts_total{", "\"ok\""], 40.0);
    is(&["soe_attempts_total{"], 40.0);
    is(&["soe_attempt_duration_seconds_count"], 40.0);
    is(&["soe_rejections_total{reason=\"no destination\"}"], 7.0);
    is(&["soe_retries_total"], 0.0);
    is(&["soe_calls_in_flight"], 0.0);
    is(&["soe_broker_calls_in_progress"], 0.0);
    is(&["soe_destination_calls_pending"], 0.0);
    is(&["soe_lost_destinations"], 0.0);
    let weights = seen
        .keys()
        .filter(|name| name.starts_with("soe_table_weight_seconds"));
    assert_eq!(weights.count(), 8);
    assert!(sum(&seen, &["soe_connections_accepted_total"]) >= 1.0);
    let computers = [scrape(one).await, scrape(two).await];
    let executed = computers
        .iter()
        .map(|seen| sum(seen, &["soe_calls_total{", "\"ok\""]));
    assert_eq!(executed.sum::<f64>(), 40.0);
    for seen in &computers {
        assert_eq!(sum(seen, &["soe_tasks_running"]), 0.0);
        assert!(
            seen.keys()
                .any(|name| name.starts_with("soe_processor_busy_seconds_total"))
        );
    }
    let seen = scrape(control).await;
    assert_eq!(sum(&seen, &["soe_controller_computers"]), 2.0);
    assert_eq!(sum(&seen, &["soe_controller_brokers"]), 1.0);
    assert_eq!(sum(&seen, &["soe_controller_changes_queued"]), 0.0);
    assert!(sum(&seen, &["soe_announcements_total{kind=\"computer\"}"]) >= 2.0);
    if cfg!(target_os = "linux") {
        assert!(sum(&seen, &["process_resident_memory_bytes"]) > 1e6);
    }
    deployment.stop.stop();
}

#[tokio::test]
async fn a_failed_destination_is_a_retry_and_an_attempt() {
    let deployment = Deployment::start().await;
    let [_, router, ..] = &deployment.metrics;
    // A destination where nobody listens, which looks best.
    let channel = connect(deployment.tables.as_str(), &Security::Plaintext).await;
    let mut client = EdgeRouterClient::new(channel.unwrap());
    let change = EdgeRouterConf {
        action: Action::Change.into(),
        lambda: "clambda0".into(),
        destination: endpoint().to_string(),
        weight: 1e-6,
        r#final: true,
    };
    client.configure(change).await.unwrap();
    for _ in 0..5 {
        let answer = call(&deployment.router, request("clambda0", 100)).await;
        assert_eq!(answer.retcode, "OK");
    }
    let seen = scrape(router).await;
    assert_eq!(sum(&seen, &["soe_calls_total{", "\"ok\""]), 5.0);
    assert_eq!(sum(&seen, &["soe_attempts_total{", "\"ok\""]), 5.0);
    assert_eq!(sum(&seen, &["soe_attempts_total{", "unreachable"]), 1.0);
    assert_eq!(sum(&seen, &["soe_retries_total"]), 1.0);
    deployment.stop.stop();
}

#[tokio::test]
async fn strangers_and_large_tables_do_not_make_the_page_grow() {
    let deployment = Deployment::start().await;
    let [_, router, ..] = &deployment.metrics;
    for number in 0..500 {
        call(&deployment.router, request(&format!("made-up-{number}"), 1)).await;
    }
    let before = scrape(router).await.len();
    let channel = connect(deployment.tables.as_str(), &Security::Plaintext).await;
    let mut client = EdgeRouterClient::new(channel.unwrap());
    for number in 0..METRIC_ENTRIES {
        let change = EdgeRouterConf {
            action: Action::Change.into(),
            lambda: format!("many-{number}"),
            destination: format!("127.0.0.1:{}", 1 + number % (2 * METRIC_LABELS)),
            weight: 1.0,
            r#final: true,
        };
        client.configure(change).await.unwrap();
    }
    let seen = scrape(router).await;
    assert_eq!(sum(&seen, &["soe_calls_total{", "made-up"]), 0.0);
    assert_eq!(sum(&seen, &["soe_calls_total{", "\"other\""]), 500.0);
    let entries = 2 * (METRIC_ENTRIES + 4);
    assert_eq!(sum(&seen, &["soe_table_entries"]), entries as f64);
    let count = |name: &str| seen.keys().filter(|it| it.starts_with(name)).count();
    assert_eq!(count("soe_table_weight_seconds{"), METRIC_ENTRIES);
    assert_eq!(count("soe_destination_calls_pending{"), METRIC_LABELS);
    assert!(seen.len() < before + METRIC_ENTRIES + 3 * METRIC_LABELS);
    deployment.stop.stop();
}

#[tokio::test]
async fn only_the_page_of_metrics_is_served() {
    let deployment = Deployment::start().await;
    let [control, ..] = &deployment.metrics;
    let client = Client::new(Trust::System);
    for (method, path, body, status) in [
        ("GET", "/", "", 404),
        ("GET", "/metrics/", "", 404),
        ("POST", "/metrics", "", 405),
        ("POST", "/metrics", "x", 413),
        ("GET", "/metrics?x=1", "", 200),
    ] {
        let asked = http::Request::builder().method(method);
        let asked = asked.uri(format!("http://{control}{path}"));
        let asked = asked.body(Bytes::from(body)).unwrap();
        let answer = client.send(asked, Duration::from_secs(30)).await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path} {body}");
    }
    deployment.stop.stop();
}
