//! Invocations, as the server of a broker or a computer sees them.

use std::sync::Arc;
use std::time::Instant;

use prometheus::{HistogramVec, IntCounterVec, IntGauge};
use tonic::{Code, Status};

use super::Metrics;
use super::labels::Labels;
use crate::server::{Caller, Invocation, Invocations};
use crate::wire::{Frame, Request, Response};

/// Counts invocations by function and outcome, and measures how long they take.
#[derive(Debug)]
pub struct Calls {
    functions: Labels,
    calls: IntCounterVec,
    seconds: HistogramVec,
    in_flight: IntGauge,
}

impl Calls {
    /// Wraps what handles invocations, if there are metrics.
    pub fn measure(
        metrics: Option<&Arc<Metrics>>,
        inner: Arc<dyn Invocations>,
    ) -> Arc<dyn Invocations> {
        match metrics.and_then(|metrics| Self::new(metrics)) {
            None => inner,
            Some(calls) => Arc::new(Measured {
                calls: Arc::new(calls),
                inner,
            }),
        }
    }

    fn new(metrics: &Metrics) -> Option<Self> {
        Some(Self {
            functions: Labels::default(),
            calls: metrics.counters(
                "soe_calls_total",
                "Calls that have ended, by function and outcome",
                &["function", "outcome"],
            )?,
            seconds: metrics.times(
                "soe_call_duration_seconds",
                "From the arrival of a call that was executed to its response",
                &["function"],
            )?,
            in_flight: metrics.gauge(
                "soe_calls_in_flight",
                "Calls that have arrived and are not answered yet",
            )?,
        })
    }

    fn count(&self, name: &str, outcome: &str) {
        self.calls.with_label_values(&[name, outcome]).inc();
    }
}

/// Invocations that are counted.
struct Measured {
    calls: Arc<Calls>,
    inner: Arc<dyn Invocations>,
}

impl Invocations for Measured {
    fn invoke(self: Arc<Self>, request: Frame, caller: Caller) -> Invocation {
        let name = Request::read(request.clone()).ok();
        let name = name.map(|request| request.name().to_owned());
        let running = Running {
            calls: self.calls.clone(),
            name: name.unwrap_or_default(),
            since: Instant::now(),
            over: false,
        };
        running.calls.in_flight.inc();
        let called = self.inner.clone().invoke(request, caller);
        Box::pin(async move {
            let mut running = running;
            let answered = called.await;
            running.ended(&answered);
            answered
        })
    }
}

/// A call in progress. One that is dropped before its end was cancelled.
struct Running {
    calls: Arc<Calls>,
    name: String,
    since: Instant,
    over: bool,
}

impl Running {
    fn ended(&mut self, answered: &Result<Frame, Status>) {
        self.over = true;
        let took = self.since.elapsed().as_secs_f64();
        let response = match answered {
            Ok(frame) => Response::read(frame.clone()).ok(),
            Err(status) => {
                let outcome = match status.code() {
                    Code::InvalidArgument => "invalid",
                    _ => "refused",
                };
                return self
                    .calls
                    .count(self.calls.functions.find(&self.name), outcome);
            }
        };
        // Only names of functions that exist become labels.
        if response.is_some_and(|response| response.is_ok) {
            let name = self.calls.functions.admit(&self.name);
            self.calls.count(name, "ok");
            self.calls.seconds.with_label_values(&[name]).observe(took);
        } else {
            let name = self.calls.functions.find(&self.name);
            self.calls.count(name, "error");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.calls.in_flight.dec();
        if !self.over {
            let name = self.calls.functions.find(&self.name);
            self.calls.count(name, "cancelled");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::METRIC_LABELS;
    use crate::rpc::LambdaRequest;
    use crate::wire::Reply;
    use prost::Message;

    /// Executes every function whose name has no `x`, and waits for ever for `wait`.
    struct Functions;

    impl Invocations for Functions {
        fn invoke(self: Arc<Self>, request: Frame, _: Caller) -> Invocation {
            Box::pin(async move {
                let request = Request::read(request);
                let request = request.map_err(|_| Status::invalid_argument("malformed"))?;
                match request.name() {
                    "wait" => std::future::pending().await,
                    "full" => Err(Status::resource_exhausted("full")),
                    name if name.contains('x') => Ok(Reply::error("no such function")),
                    _ => Ok(Reply {
                        retcode: "OK",
                        ..Reply::default()
                    }
                    .with_text("")),
                }
            })
        }
    }

    fn request(name: &str) -> Frame {
        let request = LambdaRequest {
            name: name.to_owned(),
            ..LambdaRequest::default()
        };
        Frame::of(&request.encode_to_vec())
    }

    #[tokio::test]
    async fn every_call_is_counted_once_and_strangers_make_no_labels() {
        let metrics = Metrics::new();
        let measured = Calls::measure(Some(&metrics), Arc::new(Functions));
        let call = |frame: Frame| measured.clone().invoke(frame, Caller::default());
        for name in ["f", "f", "g", "full"] {
            let _ = call(request(name)).await;
        }
        // Names of functions that do not exist.
        for number in 0..1000 {
            let _ = call(request(&format!("x{number}"))).await;
        }
        // More functions than there are labels.
        for number in 0..2 * METRIC_LABELS {
            let _ = call(request(&format!("many{number}"))).await;
        }
        let _ = call(Frame::of(&[0xff])).await;
        let mut waiting = call(request("wait"));
        assert!(futures_util::FutureExt::now_or_never(&mut waiting).is_none());
        let text = metrics.text().unwrap();
        assert!(text.contains("soe_calls_in_flight 1\n"), "{text}");
        drop(waiting);
        let text = metrics.text().unwrap();
        for line in [
            r#"soe_calls_total{function="f",outcome="ok"} 2"#,
            r#"soe_calls_total{function="g",outcome="ok"} 1"#,
            r#"soe_calls_total{function="other",outcome="error"} 1000"#,
            r#"soe_calls_total{function="other",outcome="refused"} 1"#,
            r#"soe_calls_total{function="other",outcome="invalid"} 1"#,
            r#"soe_calls_total{function="other",outcome="cancelled"} 1"#,
            r#"soe_call_duration_seconds_count{function="f"} 2"#,
            "soe_calls_in_flight 0",
        ] {
            assert!(text.lines().any(|it| it == line), "no {line} in\n{text}");
        }
        let ok = |line: &&str| line.starts_with("soe_calls_total") && line.contains("\"ok\"");
        // `other` is one more.
        assert_eq!(text.lines().filter(ok).count(), METRIC_LABELS + 1);
    }

    #[test]
    fn without_metrics_nothing_is_wrapped() {
        let inner: Arc<dyn Invocations> = Arc::new(Functions);
        let same = Calls::measure(None, inner.clone());
        assert!(Arc::ptr_eq(&inner, &same));
    }
}
