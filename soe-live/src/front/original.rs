//! The answers of the original's `wskproxy` (`--compatibility original`): it knows only
//! blocking invocations, puts outputs into JSON without escaping them, and calls every
//! failure 404.

use ::http::{Method, StatusCode};
use serde_json::json;

use super::FrontEnd;
use super::calls::Fault;
use super::names::UNNAMED;
use super::wsk::BELOW_ROOT;
use crate::http::{Answer, Request, empty, json, text};

/// Answers a request.
pub async fn answer(front: &FrontEnd, request: &Request) -> Answer {
    if request.method() != Method::POST || !request.path().starts_with(BELOW_ROOT) {
        return problem(request);
    }
    let segments = request.segments().unwrap_or_default();
    let [_, _, _, namespace, kind, name] = &*segments else {
        return empty(StatusCode::BAD_REQUEST);
    };
    let flag = |key| request.parameter(key).map(|value| value == "true");
    match (flag("blocking"), flag("result")) {
        (Some(true), Some(true)) if kind == "actions" => {}
        (Some(_), Some(_)) => return empty(StatusCode::NOT_IMPLEMENTED),
        _ => return empty(StatusCode::BAD_REQUEST),
    }
    let function = match &**namespace {
        UNNAMED => name.to_string(),
        namespace => format!("/{namespace}/{name}"),
    };
    match front.calls.call(&function, request.body.clone()).await {
        Ok(response) => {
            let body = format!(r#"{{"payload":"{}"}}"#, response.output);
            text(StatusCode::OK, body)
        }
        Err(fault) => {
            let words = match fault {
                Fault::Unknown(text) | Fault::Refused(text) => text,
                fault => format!("RPC failed: {fault}"),
            };
            text(StatusCode::NOT_FOUND, format!(r#"{{"error":"{words}"}}"#))
        }
    }
}

fn problem(request: &Request) -> Answer {
    let (method, target) = (request.method(), request.target());
    let detail = format!("Error processing method {method} at {target}");
    let status = StatusCode::NOT_FOUND;
    let problem = json!({"ProblemDetails": {"detail": detail, "status": status.as_u16()}});
    json(status, &problem)
}
