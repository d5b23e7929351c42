//! Invocations, as the server of a broker or a computer sees them.

use std::sync::Arc;
use std::time::Instant;

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge};
use tonic::{Code, Status};

use super::Metrics;
use super::labels::{Labels, OTHER};
use crate::server::{Caller, Invocation, Invocations};
use crate::wire::{Frame, Request, Response};

/// Counts invocations by function and outcome, and measures how long they take.
#[derive(Debug)]
pub struct Calls {
    functions: Labels<Function>,
    calls: IntCounterVec,
    seconds: HistogramVec,
    in_flight: IntGauge,
}

/// What is counted for a function.
#[derive(Debug)]
struct Function {
    ok: IntCounter,
    error: IntCounter,
    invalid: IntCounter,
    refused: IntCounter,
    cancelled: IntCounter,
    seconds: Histogram,
}

impl Function {
    fn of(calls: &IntCounterVec, seconds: &HistogramVec, name: &str) -> Self {
        let counter = |outcome: &str| calls.with_label_values(&[name, outcome]);
        Self {
            ok: counter("ok"),
            error: counter("error"),
            invalid: counter("invalid"),
            refused: counter("refused"),
            cancelled: counter("cancelled"),
            seconds: seconds.with_label_values(&[name]),
        }
    }
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
        let calls = metrics.counters(
            "soe_calls_total",
            "Calls that have ended, by function and outcome",
            &["function", "outcome"],
        )?;
        let seconds = metrics.times(
            "soe_call_duration_seconds",
            "From the arrival of a call that was executed to its response",
            &["function"],
        )?;
        let in_flight = metrics.gauge(
            "soe_calls_in_flight",
            "Calls that have arrived and are not answered yet",
        )?;
        Some(Self {
            functions: Labels::new(Function::of(&calls, &seconds, OTHER)),
            calls,
            seconds,
            in_flight,
        })
    }
}

/// Invocations that are counted.
struct Measured {
    calls: Arc<Calls>,
    inner: Arc<dyn Invocations>,
}

impl Invocations for Measured {
    fn invoke(self: Arc<Self>, request: Frame, caller: Caller) -> Invocation {
        let read = Request::read(request.clone()).ok();
        let name = read.as_ref().map_or("", Request::name);
        let known = self.calls.functions.own(name);
        let mut running = Running {
            name: match known {
                Some(_) => String::new(),
                None => name.to_owned(),
            },
            known,
            calls: self.calls.clone(),
            since: Instant::now(),
            over: false,
        };
        running.calls.in_flight.inc();
        let called = self.inner.clone().invoke(request, caller);
        Box::pin(async move {
            let answered = called.await;
            running.ended(&answered);
            answered
        })
    }
}

/// A call in progress. One that is dropped before its end was cancelled.
struct Running {
    calls: Arc<Calls>,
    /// The function, if it has a label of its own.
    known: Option<Arc<Function>>,
    /// Its name, if it has none.
    name: String,
    since: Instant,
    over: bool,
}

impl Running {
    fn function(&self) -> &Function {
        let known = self.known.as_deref();
        known.unwrap_or_else(|| self.calls.functions.other())
    }

    fn ended(&mut self, answered: &Result<Frame, Status>) {
        self.over = true;
        let response = match answered {
            Ok(frame) => Response::read(frame.clone()).ok(),
            Err(status) => {
                return match status.code() {
                    Code::InvalidArgument => self.function().invalid.inc(),
                    _ => self.function().refused.inc(),
                };
            }
        };
        if !response.is_some_and(|response| response.is_ok) {
            return self.function().error.inc();
        }
        if self.known.is_none() {
            // Only names of functions that exist become labels.
            let Calls {
                functions,
                calls,
                seconds,
                ..
            } = &*self.calls;
            let make = |name: &str| Function::of(calls, seconds, name);
            self.known = Some(functions.admit(&self.name, make));
        }
        let function = self.function();
        function.ok.inc();
        function.seconds.observe(self.since.elapsed().as_secs_f64());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.calls.in_flight.dec();
        if !self.over {
            self.function().cancelled.inc();
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
