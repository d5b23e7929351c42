//! The dialect of OpenFaaS: `/function/NAME` and the paths beside it.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use ::http::{Method, StatusCode, Uri};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tracing::warn;
use uuid::Uuid;

use super::FrontEnd;
use super::calls::Fault;
use super::functions::{Offer, Presence};
use crate::http::{Answer, Request, busy, empty, json, text};
use crate::limits::HTTP_RETRY;
use crate::rpc::LambdaResponse;

/// The path that says whether the front end is there.
pub const HEALTH: &str = "/healthz";

const SYNCHRONOUS: &str = "/function/";
const ASYNCHRONOUS: &str = "/async-function/";
const FUNCTIONS: &str = "/system/functions";
const ONE_FUNCTION: &str = "/system/function/";
const INFO: &str = "/system/info";

const CALL_ID: HeaderName = HeaderName::from_static("x-call-id");
const CALLBACK: HeaderName = HeaderName::from_static("x-callback-url");
const DURATION: HeaderName = HeaderName::from_static("x-duration-seconds");
const FUNCTION_NAME: HeaderName = HeaderName::from_static("x-function-name");
const FUNCTION_STATUS: HeaderName = HeaderName::from_static("x-function-status");

/// How long a callback may take to accept a result.
const DELIVERY: Duration = Duration::from_secs(10);

/// The answer to a caller without a valid key.
pub fn unauthorized() -> Answer {
    let mut answer = text(StatusCode::UNAUTHORIZED, "invalid credentials\n");
    let basic = HeaderValue::from_static("Basic realm=\"Restricted\"");
    answer.headers_mut().insert(WWW_AUTHENTICATE, basic);
    answer
}

/// Answers a request.
pub async fn answer(front: Arc<FrontEnd>, request: Request) -> Answer {
    let get = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.path().to_owned();
    match &*path {
        HEALTH => text(StatusCode::OK, "OK\n"),
        FUNCTIONS | INFO if !get => empty(StatusCode::METHOD_NOT_ALLOWED),
        FUNCTIONS => functions(&front),
        INFO => info(),
        path => {
            if let Some(name) = path.strip_prefix(SYNCHRONOUS) {
                invoke(front, name, request.body).await
            } else if let Some(name) = path.strip_prefix(ASYNCHRONOUS) {
                enqueue(front, name, &request).await
            } else if let Some(name) = path.strip_prefix(ONE_FUNCTION) {
                function(&front, name).await
            } else {
                text(StatusCode::NOT_FOUND, "no such path\n")
            }
        }
    }
}

fn info() -> Answer {
    let version = env!("CARGO_PKG_VERSION");
    let info = json!({
        "arch": std::env::consts::ARCH,
        "provider": {
            "provider": "serverless-on-edge",
            "orchestration": "serverless-on-edge",
            "version": {"release": version},
        },
        "version": {"release": version},
    });
    json(StatusCode::OK, &info)
}

fn functions(front: &FrontEnd) -> Answer {
    match front.functions.list() {
        Some(functions) => {
            let shown = functions.iter().map(|(name, offer)| status(name, offer));
            json(StatusCode::OK, &shown.collect())
        }
        None => unknown_functions(front),
    }
}

async fn function(front: &FrontEnd, name: &str) -> Answer {
    match find(front, name).await {
        (Presence::Known, Some((name, offer))) => json(StatusCode::OK, &status(&name, &offer)),
        (Presence::Unsure, _) => unknown_functions(front),
        _ => missing(name),
    }
}

fn unknown_functions(front: &FrontEnd) -> Answer {
    if !front.functions.has_tables() {
        let words = "the front end was started without --tables-endpoint\n";
        return text(StatusCode::NOT_IMPLEMENTED, words);
    }
    let words = "the tables of the broker cannot be read\n";
    busy(text(StatusCode::SERVICE_UNAVAILABLE, words), HTTP_RETRY)
}

fn status(name: &str, offer: &Offer) -> Value {
    let replicas = offer.destinations.len();
    json!({
        "name": name,
        "image": "serverless-on-edge",
        "namespace": "",
        "envProcess": "",
        "labels": {},
        "annotations": {"destinations": offer.destinations.iter().cloned().collect::<Vec<_>>().join(" ")},
        "invocationCount": 0,
        "replicas": replicas,
        "availableReplicas": replicas,
        "createdAt": humantime::format_rfc3339_seconds(
            SystemTime::UNIX_EPOCH + Duration::from_millis(offer.updated)
        ).to_string(),
    })
}

fn missing(name: &str) -> Answer {
    let name: String = name.chars().take(200).collect();
    text(
        StatusCode::NOT_FOUND,
        format!("error finding function {name}: not found\n"),
    )
}

/// The names that a function may have whose path is this.
fn names(path: &str) -> Vec<String> {
    let name = percent_decode_str(path).decode_utf8_lossy().into_owned();
    let absolute = format!("/{}", name.trim_start_matches('/'));
    match name.starts_with('/') {
        true => vec![absolute],
        false => vec![name, absolute],
    }
}

async fn find(front: &FrontEnd, path: &str) -> (Presence, Option<(String, Offer)>) {
    front.functions.find(&names(path)).await
}

/// The function that a path means, and a place for its call.
async fn prepare(front: &FrontEnd, path: &str) -> Result<(String, OwnedSemaphorePermit), Answer> {
    let name = match find(front, path).await {
        (Presence::Known, Some((name, _))) => Some(name),
        (Presence::Unsure, _) => names(path).into_iter().next(),
        _ => None,
    };
    let name = name
        .filter(|name| !name.is_empty())
        .ok_or_else(|| missing(path))?;
    let place = front.calls.place().ok_or_else(|| {
        let words = format!("{} calls are in progress\n", front.calls.most());
        busy(text(StatusCode::TOO_MANY_REQUESTS, words), HTTP_RETRY)
    })?;
    Ok((name, place))
}

async fn invoke(front: Arc<FrontEnd>, path: &str, input: Bytes) -> Answer {
    let (name, _place) = match prepare(&front, path).await {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal,
    };
    let id = Uuid::new_v4();
    let mut answer = execute(&front, &name, input).await;
    mark(&mut answer, id);
    answer
}

/// Calls a function and makes an answer of the result.
async fn execute(front: &FrontEnd, name: &str, input: Bytes) -> Answer {
    let start = Instant::now();
    let mut answer = match front.calls.call(name, input).await {
        Ok(response) => result(response),
        Err(Fault::Refused(retcode)) => {
            text(StatusCode::INTERNAL_SERVER_ERROR, format!("{retcode}\n"))
        }
        Err(Fault::Unknown(_)) => missing(name),
        Err(fault) => {
            let answer = text(fault.status(), format!("{fault}\n"));
            match fault {
                Fault::Late(_) => answer,
                _ => busy(answer, HTTP_RETRY),
            }
        }
    };
    let seconds = format!("{:.6}", start.elapsed().as_secs_f64());
    if let Ok(seconds) = HeaderValue::from_str(&seconds) {
        answer.headers_mut().insert(DURATION, seconds);
    }
    answer
}

/// The output as it is, with its type.
fn result(response: LambdaResponse) -> Answer {
    if response.output.is_empty() && !response.dataout.is_empty() {
        let mut answer = Answer::new(response.dataout);
        let bytes = HeaderValue::from_static("application/octet-stream");
        answer.headers_mut().insert(CONTENT_TYPE, bytes);
        return answer;
    }
    let is_json = matches!(response.output.trim_start().as_bytes(), [b'{' | b'[', ..])
        && serde_json::from_str::<serde::de::IgnoredAny>(&response.output).is_ok();
    let mut answer = text(StatusCode::OK, response.output);
    if is_json {
        let json = HeaderValue::from_static("application/json");
        answer.headers_mut().insert(CONTENT_TYPE, json);
    }
    answer
}

fn mark(answer: &mut Answer, id: Uuid) {
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        answer.headers_mut().insert(CALL_ID, id);
    }
}

/// Accepts a call whose result goes to a callback, if there is one.
async fn enqueue(front: Arc<FrontEnd>, path: &str, request: &Request) -> Answer {
    let callback = match request.header(CALLBACK).map(str::parse::<Uri>) {
        None => None,
        Some(Ok(url))
            if url.host().is_some() && matches!(url.scheme_str(), Some("http" | "https")) =>
        {
            Some(url)
        }
        Some(_) => {
            let words = "X-Callback-Url: expected an address such as http://host:port/path\n";
            return text(StatusCode::BAD_REQUEST, words);
        }
    };
    let (name, place) = match prepare(&front, path).await {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal,
    };
    let id = Uuid::new_v4();
    let input = request.body.clone();
    tokio::spawn(async move {
        let mut result = execute(&front, &name, input).await;
        if let Some(url) = callback {
            mark(&mut result, id);
            deliver(&front, &name, url, result).await;
        }
        drop(place);
    });
    let mut answer = empty(StatusCode::ACCEPTED);
    mark(&mut answer, id);
    answer
}

async fn deliver(front: &FrontEnd, name: &str, url: Uri, result: Answer) {
    let (head, body) = result.into_parts();
    let mut request = ::http::Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url;
    let headers = request.headers_mut();
    for passed in [CONTENT_TYPE, CALL_ID, DURATION] {
        if let Some(value) = head.headers.get(&passed) {
            headers.insert(passed, value.clone());
        }
    }
    headers.insert(FUNCTION_STATUS, head.status.as_u16().into());
    if let Ok(name) = HeaderValue::from_str(name) {
        headers.insert(FUNCTION_NAME, name);
    }
    if let Err(error) = front.callbacks.send(request, DELIVERY).await {
        warn!("the result of `{name}` is lost: its callback does not accept it: {error}");
    }
}
