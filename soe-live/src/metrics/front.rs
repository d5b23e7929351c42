//! HTTP front ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use ::http::request::Parts;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{HistogramVec, IntCounterVec, IntGauge};

use super::{Metrics, whole};
use crate::front::FrontEnd;
use crate::http::{Answer, Handler, Request};

/// Counts the requests of a front end, and measures how long they take.
#[derive(Debug)]
pub struct FrontMetrics {
    front: Arc<FrontEnd>,
    requests: IntCounterVec,
    seconds: HistogramVec,
}

impl FrontMetrics {
    /// Wraps a front end, whose state is also read from now on.
    pub fn of(metrics: &Metrics, front: Arc<FrontEnd>) -> Option<Self> {
        if let Ok(state) = State::new(front.clone()) {
            metrics.register(state);
        }
        Some(Self {
            front,
            requests: metrics.counters(
                "soe_http_requests_total",
                "Requests that were answered, by dialect and status",
                &["dialect", "status"],
            )?,
            seconds: metrics.times(
                "soe_http_request_duration_seconds",
                "From a request with its body to its answer",
                &["dialect"],
            )?,
        })
    }

    fn count(&self, path: &str, answer: &Answer) -> &'static str {
        let dialect = dialect(path);
        let status = answer.status();
        let labels = [dialect, status.as_str()];
        self.requests.with_label_values(&labels).inc();
        dialect
    }
}

fn dialect(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("api") => "openwhisk",
        Some("function" | "async-function" | "system" | "healthz") => "openfaas",
        _ => "other",
    }
}

impl Handler for FrontMetrics {
    fn refuse(&self, head: &Parts, peer: SocketAddr) -> Option<Answer> {
        let answer = self.front.refuse(head, peer)?;
        self.count(head.uri.path(), &answer);
        Some(answer)
    }

    async fn answer(self: Arc<Self>, request: Request) -> Answer {
        let since = Instant::now();
        let path = request.path().to_owned();
        let answer = self.front.clone().answer(request).await;
        let dialect = self.count(&path, &answer);
        let seconds = self.seconds.with_label_values(&[dialect]);
        seconds.observe(since.elapsed().as_secs_f64());
        answer
    }
}

/// The state of a front end, read when it is collected.
struct State {
    front: Arc<FrontEnd>,
    calls: IntGauge,
    activations: IntGauge,
}

impl State {
    fn new(front: Arc<FrontEnd>) -> prometheus::Result<Self> {
        Ok(Self {
            front,
            calls: IntGauge::new("soe_calls_in_flight", "Calls of functions in progress")?,
            activations: IntGauge::new("soe_activations", "Activations that are kept")?,
        })
    }
}

impl Collector for State {
    fn desc(&self) -> Vec<&Desc> {
        [self.calls.desc(), self.activations.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.calls.set(whole(self.front.calls.in_progress()));
        self.activations.set(whole(self.front.activations.len()));
        [self.calls.collect(), self.activations.collect()].concat()
    }
}
