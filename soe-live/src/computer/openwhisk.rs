//! Executing functions on OpenWhisk, or on what speaks its protocol: another deployment
//! behind its front end.

mod command;

use std::fmt::Write;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sim_core::SimDuration;
use soe_model::broker::Compatibility;

use super::{Done, Text};
use crate::http::{Client, ClientError, Root, Trust};
use crate::limits::HTTP_LIST;

pub use command::EdgeComputerWsk;

/// How long a function may take.
const EXECUTION: Duration = Duration::from_secs(300);
/// How long the platform may take to list its actions.
const LISTING: Duration = Duration::from_secs(5);
/// The pause before a result is asked for again that was not there, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(2);
/// Pages of the list of actions that are read at most.
const PAGES: usize = 50;

/// What a name may have that a path has as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'@');

/// The namespace of the owner of the key.
const OWN: &str = "_";

/// Where the platform is and how it is used.
#[derive(Clone, Debug)]
pub struct OpenWhiskConf {
    /// The root of its interface.
    pub root: Root,
    /// The key.
    pub key: Option<WskKey>,
    /// Whose certificates are accepted.
    pub trust: Trust,
    /// Whether results and names are treated as the original does.
    pub compatibility: Compatibility,
}

/// A key of OpenWhisk, ready for the header `Authorization`.
#[derive(Clone, PartialEq, Eq)]
pub struct WskKey(HeaderValue);

/// A text is no key of OpenWhisk. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected user:password, or the same in Base64")]
pub struct WskKeyError;

/// In which form a key was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// `user:password`.
    Plain,
    /// The same in Base64.
    Encoded,
}

impl WskKey {
    /// Takes `user:password` or its Base64 form. The two cannot be confused: Base64 has no
    /// colon.
    ///
    /// # Errors
    /// If the text is neither.
    pub fn read(text: &str) -> Result<(Self, KeyForm), WskKeyError> {
        let (plain, form) = match text.contains(':') {
            true => (text.as_bytes().to_vec(), KeyForm::Plain),
            false => {
                let plain = STANDARD.decode(text).map_err(|_| WskKeyError)?;
                (plain, KeyForm::Encoded)
            }
        };
        let colon = plain.iter().position(|byte| *byte == b':');
        let parts = colon.is_some_and(|at| at > 0 && at + 1 < plain.len());
        if !parts || plain.iter().any(u8::is_ascii_control) {
            return Err(WskKeyError);
        }
        let encoded = match form {
            KeyForm::Plain => STANDARD.encode(&plain),
            KeyForm::Encoded => text.to_owned(),
        };
        let header = HeaderValue::from_str(&format!("Basic {encoded}"));
        let mut header = header.map_err(|_| WskKeyError)?;
        header.set_sensitive(true);
        Ok((Self(header), form))
    }
}

impl std::fmt::Debug for WskKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Keys do not belong into logs.
        f.write_str("WskKey")
    }
}

/// Executes functions on the platform.
#[derive(Debug)]
pub struct OpenWhisk {
    conf: OpenWhiskConf,
    /// The root as text, which stands for the platform in responses.
    name: String,
    http: Box<Client>,
}

impl OpenWhisk {
    /// Of the platform that the configuration names.
    pub fn new(conf: OpenWhiskConf) -> Self {
        Self {
            name: conf.root.to_string(),
            http: Box::new(Client::new(conf.trust.clone())),
            conf,
        }
    }

    /// What stands for the platform in responses.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The actions of the namespace of the key, as `/namespace/name`, in order.
    ///
    /// # Errors
    /// If the platform does not tell.
    pub async fn functions(&self) -> Result<Vec<String>, String> {
        let mut functions = Vec::new();
        for page in 0..PAGES {
            let skip = page * HTTP_LIST;
            let path = format!("namespaces/{OWN}/actions/?limit=0&skip={skip}");
            let body = Bytes::from_static(b"{}");
            let answer = self.send(Method::GET, &path, body, LISTING).await;
            let answer = answer.map_err(|error| error.to_string())?;
            if answer.status() != StatusCode::OK {
                return Err(self.unexpected(&answer));
            }
            let list: Vec<Value> =
                serde_json::from_slice(answer.body()).map_err(|error| error.to_string())?;
            functions.extend(list.iter().filter_map(name));
            if list.len() < HTTP_LIST || self.is_original() {
                break;
            }
        }
        functions.sort_unstable();
        functions.dedup();
        Ok(functions)
    }

    /// Executes a function with a JSON text.
    pub(super) async fn execute(&self, function: &str, input: Bytes) -> Result<Done, String> {
        let start = Instant::now();
        let caught = |text: &dyn std::fmt::Display| format!("error encountered: {text}");
        let action = self.path(function).map_err(|error| caught(&error))?;
        let body = match input.trim_ascii() {
            [] => Bytes::from_static(b"{}"),
            text => {
                let value: Value = serde_json::from_slice(text)
                    .map_err(|error| caught(&format!("the input is no JSON text: {error}")))?;
                value.to_string().into()
            }
        };
        let path = format!("{action}?blocking=true&result=true");
        let sent = self.send(Method::POST, &path, body, EXECUTION).await;
        let answer = sent.map_err(|error| caught(&error))?;
        let output = match answer.status() {
            StatusCode::OK => self.output(answer.body())?,
            StatusCode::ACCEPTED if !self.is_original() => {
                self.follow(answer.body(), start + EXECUTION).await?
            }
            _ => return Err(self.unexpected(&answer)),
        };
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Ok(Done {
            output: Text::Own(output),
            processing: SimDuration::from_nanos(nanos),
            loads: [0; 3],
            in_flight: None,
        })
    }

    fn is_original(&self) -> bool {
        self.conf.compatibility == Compatibility::Original
    }

    /// The path of a function: `NAME`, `/SPACE/NAME` or `/SPACE/PACKAGE/NAME`.
    fn path(&self, function: &str) -> Result<String, String> {
        let parts: Vec<_> = function
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        let (space, name) = match *parts {
            [_] => (OWN, &parts[..]),
            [space, _] => (space, &parts[1..]),
            [space, _, _] if !self.is_original() => (space, &parts[1..]),
            _ => {
                return Err(format!(
                    "found function `{function}`, expected NAME, /SPACE/NAME or /SPACE/PACKAGE/NAME"
                ));
            }
        };
        // Servers resolve these, so that the path would be another one.
        if parts.iter().any(|part| matches!(*part, "." | "..")) {
            return Err(format!("`{function}` is no function name"));
        }
        let mut path = format!("namespaces/{}/actions", utf8_percent_encode(space, PLAIN));
        for part in name {
            // Writing to a string cannot fail.
            let _ = write!(path, "/{}", utf8_percent_encode(part, PLAIN));
        }
        Ok(path)
    }

    /// The output that a result means: its member `payload` if that is a text, otherwise
    /// the whole.
    fn output(&self, result: &[u8]) -> Result<String, String> {
        let value: Value = serde_json::from_slice(result)
            .map_err(|error| format!("unexpected body: no JSON text: {error}"))?;
        match value.get("payload") {
            Some(Value::String(payload)) => Ok(payload.clone()),
            _ if self.is_original() => Err("unexpected body: payload field missing".to_owned()),
            _ => Ok(value.to_string()),
        }
    }

    /// Waits for the result of a function that takes longer than the platform lets its
    /// callers wait.
    async fn follow(&self, accepted: &[u8], deadline: Instant) -> Result<String, String> {
        let accepted: Option<Value> = serde_json::from_slice(accepted).ok();
        let id = accepted
            .as_ref()
            .and_then(|it| it.get("activationId")?.as_str());
        let id = id.ok_or("unexpected body: activationId field missing")?;
        let id = utf8_percent_encode(id, PLAIN);
        let path = format!("namespaces/{OWN}/activations/{id}");
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
            let sent = self.send(Method::GET, &path, Bytes::new(), LISTING).await;
            match sent {
                Ok(answer) if answer.status() == StatusCode::OK => {
                    return self.outcome(answer.body());
                }
                // It has not ended.
                Ok(answer) if answer.status() == StatusCode::NOT_FOUND => {}
                Ok(answer) => return Err(self.unexpected(&answer)),
                Err(error) => return Err(format!("error encountered: {error}")),
            }
            if Instant::now() >= deadline {
                return Err("error encountered: no answer in time".to_owned());
            }
        }
    }

    /// The output that the record of an activation means.
    fn outcome(&self, record: &[u8]) -> Result<String, String> {
        let record: Value = serde_json::from_slice(record)
            .map_err(|error| format!("unexpected body: no JSON text: {error}"))?;
        let response = record.get("response").unwrap_or(&Value::Null);
        let result = response.get("result").unwrap_or(&Value::Null);
        match response.get("success") {
            Some(Value::Bool(true)) => self.output(result.to_string().as_bytes()),
            _ => Err(format!(
                "error encountered: {}",
                told(result).unwrap_or_default()
            )),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        time: Duration,
    ) -> Result<Response<Bytes>, ClientError> {
        let url = self.conf.root.url(&format!("/api/v1/{path}"));
        let mut request = Request::new(body);
        *request.uri_mut() = url.parse().map_err(|_| ClientError::Address(url))?;
        *request.method_mut() = method;
        let headers = request.headers_mut();
        if let Some(WskKey(key)) = &self.conf.key {
            headers.insert(AUTHORIZATION, key.clone());
        }
        let fixed = HeaderValue::from_static;
        headers.insert(CONTENT_TYPE, fixed("application/json"));
        headers.insert(
            USER_AGENT,
            fixed(concat!("serverless-on-edge/", env!("CARGO_PKG_VERSION"))),
        );
        headers.insert(CONNECTION, fixed("Keep-Alive"));
        self.http.send(request, time).await
    }

    /// What an answer with another status means.
    fn unexpected(&self, answer: &Response<Bytes>) -> String {
        let text = format!("unexpected HTTP response: {}", answer.status().as_u16());
        let body = serde_json::from_slice(answer.body()).ok();
        match body.as_ref().and_then(told) {
            Some(reason) if !self.is_original() => format!("{text} ({reason})"),
            _ => text,
        }
    }
}

/// The error that a JSON object tells.
fn told(body: &Value) -> Option<String> {
    match body.get("error")? {
        Value::String(text) => Some(text.chars().take(500).collect()),
        other => Some(other.to_string().chars().take(500).collect()),
    }
}

/// The name of an action in a list. As for the original, an entry has a namespace, a
/// version and the time of its last change.
fn name(entry: &Value) -> Option<String> {
    let name = entry.get("name")?.as_str()?;
    let space = entry.get("namespace")?.as_str()?;
    entry.get("version")?.as_str()?;
    entry.get("updated")?.as_number()?;
    Some(format!("/{space}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openwhisk(compatibility: Compatibility) -> OpenWhisk {
        OpenWhisk::new(OpenWhiskConf {
            root: "http://127.0.0.1:1".parse().unwrap(),
            key: None,
            trust: Trust::System,
            compatibility,
        })
    }

    #[test]
    fn a_key_is_taken_in_either_form() {
        let header = |text| WskKey::read(text).map(|(key, form)| (key.0, form));
        let expected = HeaderValue::from_static("Basic dXNlcjpwYXNz");
        assert_eq!(header("user:pass"), Ok((expected.clone(), KeyForm::Plain)));
        assert_eq!(header("dXNlcjpwYXNz"), Ok((expected, KeyForm::Encoded)));
        for wrong in ["", "user", "user:", ":pass", "dXNlcg==", "%%%%", "a:b\nc"] {
            assert_eq!(header(wrong), Err(WskKeyError), "{wrong}");
        }
        assert!(!format!("{:?}", WskKey::read("user:pass").unwrap()).contains("dXNl"));
    }

    #[test]
    fn names_of_functions_are_paths() {
        let path = |name: &str| openwhisk(Compatibility::Corrected).path(name);
        assert_eq!(path("f").unwrap(), "namespaces/_/actions/f");
        assert_eq!(path("/guest/f").unwrap(), "namespaces/guest/actions/f");
        assert_eq!(path("//a/b//c/").unwrap(), "namespaces/a/actions/b/c");
        assert_eq!(path("a b?c").unwrap(), "namespaces/_/actions/a%20b%3Fc");
        for wrong in ["", "/", "/a/b/c/d", "/a/..", "."] {
            assert!(path(wrong).is_err(), "{wrong}");
        }
        let original = openwhisk(Compatibility::Original);
        assert!(original.path("/a/b/c").is_err() && original.path("/a/b").is_ok());
    }

    #[test]
    fn the_output_is_the_payload_or_the_whole_result() {
        let (corrected, original) = (Compatibility::Corrected, Compatibility::Original);
        let output = |whose, text: &str| openwhisk(whose).output(text.as_bytes());
        assert_eq!(
            output(corrected, r#"{"payload":"hi","x":1}"#).unwrap(),
            "hi"
        );
        assert_eq!(output(original, r#"{"payload":"hi"}"#).unwrap(), "hi");
        for whole in [r#"{"b":1,"a":2}"#, r#"{"payload":5}"#, "[1]", "{}"] {
            assert_eq!(output(corrected, whole).unwrap(), whole);
            let error = output(original, whole).unwrap_err();
            assert_eq!(error, "unexpected body: payload field missing");
        }
        assert!(output(corrected, "nothing").is_err());
    }
}
