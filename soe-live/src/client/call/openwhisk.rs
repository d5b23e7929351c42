//! Calls as a client of OpenWhisk makes them, through a front end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::CallError;
use crate::http::{Client, ClientError, Root, Trust};
use crate::limits::MESSAGE_RANGE;
use crate::rpc::{LambdaRequest, LambdaResponse, OK};

/// The interface of a front end.
#[derive(Clone, Debug)]
pub struct OpenWhisk {
    http: Arc<Client>,
    root: Root,
}

impl OpenWhisk {
    /// Of the front end at this address.
    pub fn new(root: Root) -> Self {
        let http = Client::new(Trust::System).with_most(*MESSAGE_RANGE.end());
        Self {
            http: Arc::new(http),
            root,
        }
    }

    /// Invokes an action and waits for its activation.
    pub async fn call(
        &self,
        request: LambdaRequest,
        time: Duration,
    ) -> Result<LambdaResponse, CallError> {
        if request.dry {
            let text = "OpenWhisk cannot estimate a call without executing it";
            return Err(CallError::Refused(text.to_owned()));
        }
        // One segment, whatever is in the name.
        let name = utf8_percent_encode(&request.name, NON_ALPHANUMERIC);
        let path = format!("/api/v1/namespaces/_/actions/{name}?blocking=true");
        let sort = match serde_json::from_str::<Value>(&request.input) {
            Ok(Value::Object(_)) => "application/json",
            _ => "text/plain",
        };
        let sent = Request::post(self.root.url(&path))
            .header(CONTENT_TYPE, sort)
            .body(Bytes::from(request.input))
            .map_err(|error| CallError::Transport(error.to_string()))?;
        match self.http.send(sent, time).await {
            Ok(answer) => read(&answer, time),
            Err(ClientError::Timeout) => Err(CallError::Timeout(time)),
            Err(error) => Err(CallError::Transport(error.to_string())),
        }
    }
}

/// The response that an activation stands for.
fn read(answer: &Response<Bytes>, time: Duration) -> Result<LambdaResponse, CallError> {
    let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
    let result = &body["response"]["result"];
    let status = answer.status();
    match status {
        StatusCode::OK if result.is_object() => Ok(LambdaResponse {
            retcode: OK.to_owned(),
            output: output(result),
            responder: annotation(&body, "responder")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            ptime: number(&body, "processingTime"),
            hops: number(&body, "hops"),
            load1: number(&body, "load"),
            ..LambdaResponse::default()
        }),
        StatusCode::OK => Err(CallError::Status("an answer without a result".to_owned())),
        // The front end waits no longer; the function may still be executed.
        StatusCode::ACCEPTED => Err(CallError::Timeout(time)),
        StatusCode::BAD_GATEWAY if result.is_object() => Err(CallError::Refused(error_of(result))),
        StatusCode::NOT_FOUND => Err(CallError::Refused(error_of(&body))),
        _ => Err(CallError::Status(format!(
            "{}: {}",
            status.as_u16(),
            error_of(&body)
        ))),
    }
}

fn error_of(value: &Value) -> String {
    let text = value["error"].as_str().unwrap_or("no reason was given");
    text.to_owned()
}

/// A result that is only a text is the output, any other result its JSON.
fn output(result: &Value) -> String {
    let payload = result.get("payload").and_then(Value::as_str);
    let is_only_text = result.as_object().is_some_and(|it| it.len() == 1);
    match payload {
        Some(text) if is_only_text => text.to_owned(),
        _ => result.to_string(),
    }
}

fn annotation<'a>(activation: &'a Value, key: &str) -> Option<&'a Value> {
    let mut all = activation["annotations"].as_array()?.iter();
    all.find(|it| it["key"] == key)?.get("value")
}

/// A whole number; 0 if the platform does not tell it.
fn number(activation: &Value, key: &str) -> u32 {
    let value = annotation(activation, key).and_then(Value::as_u64);
    value.and_then(|it| u32::try_from(it).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answered(status: u16, body: &Value) -> Result<LambdaResponse, CallError> {
        let answer = Response::builder().status(status);
        let answer = answer.body(Bytes::from(body.to_string())).unwrap();
        read(&answer, Duration::from_secs(1))
    }

    #[test]
    fn an_activation_says_who_executed_the_call() {
        let annotations = json!([
            {"key": "responder", "value": "h:1"}, {"key": "processingTime", "value": 7},
            {"key": "hops", "value": 2}, {"key": "load", "value": 50}
        ]);
        let activation =
            json!({"annotations": annotations, "response": {"result": {"payload": "x"}}});
        let response = answered(200, &activation).unwrap();
        assert_eq!((&*response.responder, &*response.output), ("h:1", "x"));
        assert_eq!((response.ptime, response.hops, response.load1), (7, 2, 50));
        // A platform that is not ours tells less.
        let activation = json!({"response": {"result": {"payload": "x", "more": 1}}});
        let response = answered(200, &activation).unwrap();
        assert_eq!((&*response.responder, response.ptime), ("", 0));
        assert_eq!(response.output, r#"{"payload":"x","more":1}"#);
    }

    #[test]
    fn errors_are_those_of_a_direct_call() {
        let failed = json!({"response": {"result": {"error": "why"}}});
        let refused = Err(CallError::Refused("why".to_owned()));
        assert_eq!(answered(502, &failed), refused);
        assert_eq!(answered(404, &json!({"error": "why"})), refused);
        for status in [429, 503, 504] {
            let error = answered(status, &json!({"error": "why"})).unwrap_err();
            assert_eq!(error, CallError::Status(format!("{status}: why")));
        }
        assert!(matches!(
            answered(202, &json!({})),
            Err(CallError::Timeout(_))
        ));
        for odd in [json!(null), json!([]), json!({"response": 1})] {
            assert!(matches!(answered(200, &odd), Err(CallError::Status(_))));
        }
    }
}
