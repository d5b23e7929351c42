//! The dialect of OpenWhisk: the paths below `/api/v1`.
//!
//! Errors have the statuses and texts of OpenWhisk's own controller.

use std::borrow::Cow;
use std::sync::Arc;

use ::http::header::{ALLOW, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use ::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::FrontEnd;
use super::activations::Wish;
use super::calls::Fault;
use super::entity;
use super::functions::{Offer, Presence, placed};
use super::invoke::{Done, What, object};
use super::names::{Place, UNNAMED, Wanted};
use crate::http::{Answer, Request, busy, json};
use crate::limits::{HTTP_LIST, HTTP_LIST_DEFAULT, HTTP_RETRY};

/// The path of the interface.
pub const ROOT: &str = "/api/v1";
/// What all its other paths begin with.
pub const BELOW_ROOT: &str = "/api/v1/";

const ACTIVATION_ID: HeaderName = HeaderName::from_static("x-openwhisk-activation-id");

const NO_RESOURCE: &str = "The requested resource does not exist.";
const NO_ACCESS: &str = "The supplied authentication is not authorized to access this resource.";
const NO_TABLES: &str = "The functions are not known: the front end was started without \
                         --tables-endpoint.";
const OLD_TABLES: &str = "The functions are not known at the moment: the tables of the broker \
                          cannot be read.";
const NOT_HERE: &str = "Functions are deployed on computers, not through this interface.";

/// The answer to a request that is refused.
type Refusal = Box<Answer>;

/// An error as OpenWhisk tells it.
fn error(status: StatusCode, text: impl AsRef<str>) -> Refusal {
    let code = Uuid::new_v4().simple().to_string();
    let answer = json(status, &json!({"error": text.as_ref(), "code": code}));
    Box::new(answer)
}

/// An error that may be over soon.
fn passing_error(status: StatusCode, text: impl AsRef<str>) -> Refusal {
    Box::new(busy(*error(status, text), HTTP_RETRY))
}

/// The answer to a caller without a valid key.
pub fn unauthorized() -> Answer {
    let text = "The supplied authentication is invalid.";
    let mut answer = *error(StatusCode::UNAUTHORIZED, text);
    let basic = HeaderValue::from_static("Basic realm=\"OpenWhisk\"");
    answer.headers_mut().insert(WWW_AUTHENTICATE, basic);
    answer
}

fn missing() -> Refusal {
    error(StatusCode::NOT_FOUND, NO_RESOURCE)
}

fn wrong_method(allowed: &'static str) -> Refusal {
    let text = format!("HTTP method not allowed, supported methods: {allowed}");
    let mut answer = error(StatusCode::METHOD_NOT_ALLOWED, text);
    let allowed = HeaderValue::from_static(allowed);
    answer.headers_mut().insert(ALLOW, allowed);
    answer
}

/// Who asks for what.
struct Scope<'a> {
    /// The namespace in the path.
    named: &'a str,
    /// The namespace of the caller.
    own: &'a str,
}

impl Scope<'_> {
    fn namespace(&self) -> &str {
        match self.named {
            UNNAMED => self.own,
            named => named,
        }
    }
}

/// Answers a request.
pub async fn answer(front: Arc<FrontEnd>, request: Request) -> Answer {
    let done = route(&front, &request).await;
    done.unwrap_or_else(|refusal| *refusal)
}

async fn route(front: &Arc<FrontEnd>, request: &Request) -> Result<Answer, Refusal> {
    let own = front.keys.namespace(&request.head.headers);
    let own = own.ok_or_else(|| Box::new(unauthorized()))?;
    let segments = request.segments().ok_or_else(missing)?;
    let words: Vec<&str> = segments.iter().map(Cow::as_ref).collect();
    let get = request.method() == Method::GET;
    let post = request.method() == Method::POST;
    let rest = match words.get(2..).unwrap_or_default() {
        [] => return only(get, "GET", || about(front)),
        ["namespaces"] => return only(get, "GET", || namespaces(front, own)),
        ["namespaces", _] => return Err(missing()),
        ["namespaces", named, rest @ ..] => {
            let scope = Scope { named, own };
            if front.keys.are_needed() && scope.namespace() != own {
                return Err(error(StatusCode::FORBIDDEN, NO_ACCESS));
            }
            (scope, rest)
        }
        _ => return Err(missing()),
    };
    let (scope, rest) = rest;
    match rest {
        ["actions"] if get => actions(front, request, &scope),
        ["actions"] => Err(wrong_method("GET")),
        ["actions", name @ ..] => {
            let (package, action) = match *name {
                [action] => (None, action),
                [package, action] => (Some(package), action),
                _ => return Err(missing()),
            };
            let wanted = Wanted {
                namespace: scope.named,
                own: scope.own,
                default: front.keys.default_namespace(),
                package,
                action,
            };
            match *request.method() {
                Method::GET => get_action(front, &wanted).await,
                Method::POST => invoke(front, request, &wanted).await,
                Method::PUT | Method::DELETE => {
                    Err(error(StatusCode::METHOD_NOT_ALLOWED, NOT_HERE))
                }
                _ => Err(wrong_method("GET, POST")),
            }
        }
        ["activations"] if get => activations(front, request, &scope),
        ["activations", id] if get => activation(front, &scope, id, |it| it.record()),
        ["activations", id, "result"] if get => activation(front, &scope, id, |it| it.response()),
        ["activations", id, "logs"] if get => {
            activation(front, &scope, id, |it| json!({"logs": it.logs}))
        }
        ["packages"] if get => packages(front, request, &scope),
        ["packages", name] if get => get_package(front, &scope, name),
        // There are none.
        ["triggers" | "rules"] if get => Ok(json(StatusCode::OK, &json!([]))),
        ["triggers" | "rules", _] if get || post => Err(missing()),
        ["activations" | "packages" | "triggers" | "rules", ..] if !get => Err(wrong_method("GET")),
        _ => Err(missing()),
    }
}

fn only(
    is_allowed: bool,
    allowed: &'static str,
    answer: impl FnOnce() -> Answer,
) -> Result<Answer, Refusal> {
    match is_allowed {
        true => Ok(answer()),
        false => Err(wrong_method(allowed)),
    }
}

fn about(front: &FrontEnd) -> Answer {
    let about = json!({
        "description": "OpenWhisk API of ServerlessOnEdge",
        "api_version": "1.0.0",
        "api_version_path": "v1",
        "build": env!("CARGO_PKG_VERSION"),
        "swagger_paths": {},
        "limits": {"concurrent_actions": front.calls.most()},
    });
    json(StatusCode::OK, &about)
}

fn namespaces(front: &FrontEnd, own: &str) -> Answer {
    let mut names = std::collections::BTreeSet::from([own.to_owned()]);
    if !front.keys.are_needed() {
        let functions = front.functions.list().unwrap_or_default();
        let places = functions.keys().filter_map(|name| Place::of(name, own));
        names.extend(places.map(|place| place.namespace));
    }
    json(StatusCode::OK, &json!(names))
}

/// The functions of the namespace that a request is about.
fn offered(front: &FrontEnd, scope: &Scope<'_>) -> Result<Vec<(Place, Offer)>, Refusal> {
    let default = front.keys.default_namespace();
    match front.functions.list() {
        Some(functions) => Ok(placed(functions, scope.namespace(), default)),
        None if !front.functions.has_tables() => Err(error(StatusCode::NOT_IMPLEMENTED, NO_TABLES)),
        None => Err(old_tables()),
    }
}

fn old_tables() -> Refusal {
    passing_error(StatusCode::SERVICE_UNAVAILABLE, OLD_TABLES)
}

/// Which part of a list is wanted: how many are left out, and how many there are at most.
fn page(request: &Request) -> Result<(usize, usize), Refusal> {
    let skip = number(request, "skip", usize::MAX)?.unwrap_or(0);
    let limit = match number(request, "limit", HTTP_LIST)? {
        None => HTTP_LIST_DEFAULT,
        Some(0) => HTTP_LIST,
        Some(limit) => limit,
    };
    Ok((skip, limit))
}

fn number(request: &Request, key: &str, most: usize) -> Result<Option<usize>, Refusal> {
    let Some(text) = request.parameter(key) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(number) if number <= most => Ok(Some(number)),
        _ => Err(malformed(
            key,
            &text,
            &format!("a whole number from 0 to {most}"),
        )),
    }
}

fn flag(request: &Request, key: &str) -> Result<bool, Refusal> {
    match request.parameter(key).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(found) => Err(malformed(key, found, "true or false")),
    }
}

fn malformed(key: &str, found: &str, expected: &str) -> Refusal {
    let found: String = found.chars().take(100).collect();
    let text =
        format!("The query parameter '{key}' was malformed: found '{found}', expected {expected}.");
    error(StatusCode::BAD_REQUEST, text)
}

/// A list, or the number of its elements if the query asks for that.
fn listed(request: &Request, kind: &str, all: usize, list: Vec<Value>) -> Result<Answer, Refusal> {
    let (skip, _) = page(request)?;
    let body = match flag(request, "count")? {
        true => json!({kind: all.saturating_sub(skip)}),
        false => Value::Array(list),
    };
    Ok(json(StatusCode::OK, &body))
}

fn actions(front: &FrontEnd, request: &Request, scope: &Scope<'_>) -> Result<Answer, Refusal> {
    let (skip, limit) = page(request)?;
    let offered = offered(front, scope)?;
    let timeout = front.timeout();
    let shown = offered
        .iter()
        .map(|(place, offer)| entity::action(place, offer, timeout));
    let list = entity::part(shown, skip, limit);
    listed(request, "actions", offered.len(), list)
}

async fn get_action(front: &FrontEnd, wanted: &Wanted<'_>) -> Result<Answer, Refusal> {
    let (presence, found) = front.functions.find(&wanted.candidates()).await;
    match (presence, found) {
        (Presence::Known, Some((_, offer))) => {
            let place = place(wanted);
            let action = entity::whole_action(&place, &offer, front.timeout());
            Ok(json(StatusCode::OK, &action))
        }
        (Presence::Unsure, _) if !front.functions.has_tables() => {
            Err(error(StatusCode::NOT_IMPLEMENTED, NO_TABLES))
        }
        (Presence::Unsure, _) => Err(old_tables()),
        _ => Err(missing()),
    }
}

fn place(wanted: &Wanted<'_>) -> Place {
    Place {
        namespace: wanted.namespace().to_owned(),
        package: wanted.package.unwrap_or_default().to_owned(),
        action: wanted.action.to_owned(),
    }
}

fn packages(front: &FrontEnd, request: &Request, scope: &Scope<'_>) -> Result<Answer, Refusal> {
    let (skip, limit) = page(request)?;
    let offered = offered(front, scope)?;
    let packages = entity::packages(&offered);
    let shown = packages
        .iter()
        .map(|(name, functions)| entity::package(scope.namespace(), name, functions));
    let list = entity::part(shown, skip, limit);
    listed(request, "packages", packages.len(), list)
}

fn get_package(front: &FrontEnd, scope: &Scope<'_>, name: &str) -> Result<Answer, Refusal> {
    let offered = offered(front, scope)?;
    let packages = entity::packages(&offered);
    let functions = packages.get(name).ok_or_else(missing)?;
    let package = entity::whole_package(scope.namespace(), name, functions);
    Ok(json(StatusCode::OK, &package))
}

fn activations(front: &FrontEnd, request: &Request, scope: &Scope<'_>) -> Result<Answer, Refusal> {
    let (skip, limit) = page(request)?;
    let millisecond = |key| number(request, key, usize::MAX).map(|it| it.map(|it| it as u64));
    let wish = Wish {
        action: request.parameter("name").map(|name| {
            let name = name.rsplit('/').next().unwrap_or_default();
            name.to_owned()
        }),
        since: millisecond("since")?,
        upto: millisecond("upto")?,
        skip,
        limit,
    };
    let all = Wish {
        skip: 0,
        limit: usize::MAX,
        ..wish.clone()
    };
    let count = front.activations.list(scope.own, &all).len();
    let docs = flag(request, "docs")?;
    let found = front.activations.list(scope.own, &wish);
    let shown = found.iter().map(|activation| match docs {
        true => activation.record(),
        false => Value::Object(activation.summary()),
    });
    listed(request, "activations", count, shown.collect())
}

fn activation(
    front: &FrontEnd,
    scope: &Scope<'_>,
    id: &str,
    part: impl FnOnce(&super::Activation) -> Value,
) -> Result<Answer, Refusal> {
    let found = front.activations.get(scope.own, id);
    let found = found.ok_or_else(missing)?;
    Ok(json(StatusCode::OK, &part(&found)))
}

async fn invoke(
    front: &Arc<FrontEnd>,
    request: &Request,
    wanted: &Wanted<'_>,
) -> Result<Answer, Refusal> {
    let blocking = flag(request, "blocking")?;
    let only_result = flag(request, "result")?;
    let wait = number(request, "timeout", usize::MAX)?;
    let wait = front.wait(wait.map(|wait| wait as u64));
    check(request)?;
    let candidates = wanted.candidates();
    let (presence, found) = front.functions.find(&candidates).await;
    let function = match (presence, found) {
        (Presence::Known, Some((name, _))) => Some(name),
        // The broker knows.
        (Presence::Unsure, _) => candidates.into_iter().next(),
        _ => None,
    };
    let function = function.ok_or_else(missing)?;
    let permit = front.calls.place().ok_or_else(|| {
        let most = front.calls.most();
        let text = format!(
            "Too many concurrent requests in flight (count: {}, allowed: {most}).",
            most.saturating_add(1)
        );
        passing_error(StatusCode::TOO_MANY_REQUESTS, text)
    })?;
    let what = What {
        owner: wanted.own.to_owned(),
        place: place(wanted),
    };
    let started = front.start(function, what, request.body.clone(), permit);
    let mut answer = match blocking {
        true => match tokio::time::timeout(wait, started.done).await {
            Ok(Ok(done)) => finished(&done, only_result),
            _ => accepted(&started.id),
        },
        false => accepted(&started.id),
    };
    if let Ok(id) = HeaderValue::from_str(&started.id) {
        answer.headers_mut().insert(ACTIVATION_ID, id);
    }
    Ok(answer)
}

fn accepted(id: &str) -> Answer {
    json(StatusCode::ACCEPTED, &json!({"activationId": id}))
}

/// Parameters that claim to be JSON must be an object; others are a text or bytes.
fn check(request: &Request) -> Result<(), Refusal> {
    let sort = request.content_type();
    let claims = sort.is_none_or(|sort| sort == "application/json");
    if !claims || request.body.is_empty() || object(&request.body).is_some() {
        return Ok(());
    }
    let text = match serde_json::from_slice::<Value>(&request.body) {
        Ok(_) => "found another JSON value, expected an object".to_owned(),
        Err(error) => error.to_string(),
    };
    let text = format!("The request content was malformed: {text}.");
    Err(error(StatusCode::BAD_REQUEST, text))
}

/// The answer to a caller that has waited.
fn finished(done: &Done, only_result: bool) -> Answer {
    let activation = &done.activation;
    let body = match only_result {
        true => activation.result.clone(),
        false => activation.record(),
    };
    match &done.fault {
        None => json(StatusCode::OK, &body),
        Some(Fault::Refused(_)) => json(StatusCode::BAD_GATEWAY, &body),
        Some(fault @ (Fault::Unreachable(_) | Fault::Overloaded(_))) => {
            *passing_error(fault.status(), fault.to_string())
        }
        Some(fault) => *error(fault.status(), fault.to_string()),
    }
}
