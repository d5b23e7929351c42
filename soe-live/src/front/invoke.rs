//! Invocations of OpenWhisk: each is an activation, whose record is kept.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use super::FrontEnd;
use super::activations::{Activation, Outcome};
use super::calls::Fault;
use super::functions::milliseconds;
use super::names::Place;
use crate::rpc::LambdaResponse;

/// What came of an invocation.
#[derive(Debug)]
pub struct Done {
    /// The record.
    pub activation: Arc<Activation>,
    /// Why there is no result.
    pub fault: Option<Fault>,
}

/// What is invoked, and from which namespace.
pub struct What {
    /// The namespace of the caller.
    pub owner: String,
    /// What is invoked.
    pub place: Place,
}

/// An invocation that goes on, whether its caller waits or not.
pub struct Started {
    /// Its identifier.
    pub id: String,
    /// What will come of it.
    pub done: oneshot::Receiver<Done>,
}

impl FrontEnd {
    /// Starts an invocation of a function. Its record is kept when it has ended.
    pub(super) fn start(
        self: &Arc<Self>,
        function: String,
        what: What,
        input: Bytes,
        permit: OwnedSemaphorePermit,
    ) -> Started {
        let id = Uuid::new_v4().simple().to_string();
        let (send, done) = oneshot::channel();
        let (front, name) = (self.clone(), id.clone());
        tokio::spawn(async move {
            let start = SystemTime::now();
            let called = front.calls.call(&function, input).await;
            drop(permit);
            let (activation, fault) = record(name, what, start, called);
            let activation = Arc::new(activation);
            front.activations.insert(activation.clone());
            // The caller may be gone.
            let _ = send.send(Done { activation, fault });
        });
        Started { id, done }
    }

    /// The longest that a blocking invocation waits, as a caller may shorten it.
    pub(super) fn wait(&self, milliseconds: Option<u64>) -> Duration {
        let wanted = milliseconds.map(Duration::from_millis);
        wanted.unwrap_or(self.blocking).min(self.blocking)
    }
}

fn record(
    id: String,
    What { owner, place }: What,
    start: SystemTime,
    called: Result<LambdaResponse, Fault>,
) -> (Activation, Option<Fault>) {
    let end = SystemTime::now();
    let time = humantime::format_rfc3339_millis(end);
    let mut annotations = Map::new();
    annotations.insert("path".to_owned(), json!(place.path()));
    annotations.insert("kind".to_owned(), json!("blackbox"));
    let (outcome, result, log, fault) = match called {
        Ok(response) => {
            annotations.insert("responder".to_owned(), json!(response.responder));
            annotations.insert("processingTime".to_owned(), json!(response.ptime));
            annotations.insert("hops".to_owned(), json!(response.hops));
            annotations.insert("load".to_owned(), json!(response.load1));
            let log = format!(
                "{time} stdout: executed by {} in {} ms, {} hops, load {} %",
                response.responder, response.ptime, response.hops, response.load1
            );
            (Outcome::Success, result(response), log, None)
        }
        Err(fault) => {
            let outcome = match fault {
                Fault::Unknown(_) | Fault::Refused(_) => Outcome::ApplicationError,
                _ => Outcome::InternalError,
            };
            let log = format!("{time} stderr: {fault}");
            (
                outcome,
                json!({"error": fault.to_string()}),
                log,
                Some(fault),
            )
        }
    };
    let activation = Activation {
        id,
        owner,
        place,
        start: milliseconds(start),
        end: milliseconds(end),
        outcome,
        size: result.to_string().len(),
        result,
        logs: vec![log],
        annotations,
    };
    (activation, fault)
}

/// The result as OpenWhisk wants it: an object. An output that is one is the result as it
/// is; any other is the text of the member `payload`.
pub fn result(response: LambdaResponse) -> Value {
    if let Some(object) = object(response.output.as_bytes()) {
        return object;
    }
    match response.output.is_empty() && !response.dataout.is_empty() {
        true => json!({"payload": String::from_utf8_lossy(&response.dataout)}),
        false => json!({"payload": response.output}),
    }
}

/// The JSON object that some bytes are.
pub fn object(bytes: &[u8]) -> Option<Value> {
    let value = serde_json::from_slice(bytes).ok();
    value.filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_the_result_and_any_other_text_is_its_payload() {
        let of = |output: &str| {
            let response = LambdaResponse {
                output: output.to_owned(),
                ..LambdaResponse::default()
            };
            result(response).to_string()
        };
        assert_eq!(of(r#"{"b":1,"a":[2]}"#), r#"{"b":1,"a":[2]}"#);
        for text in [
            r#"say "hi"\n"#,
            "[1]",
            "7",
            "null",
            "{\"a\":1} x",
            "",
            "\u{0}\n\u{1F600}",
        ] {
            let whole: Value = serde_json::from_str(&of(text)).unwrap();
            assert_eq!(whole, json!({"payload": text}), "{text}");
        }
    }
}
