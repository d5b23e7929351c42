//! Version 1.1.1 (`/mx2/v1/`), as the original answers it: refusals are problem objects,
//! errors of the framework are problem objects in a wrapper, and an unknown context is
//! a 403.

use http::{Method, StatusCode};
use serde_json::json;
use soe_model::mec::{ApiVersion, ContextId, ContextRequest, Refusal};
use tracing::debug;
use uuid::Uuid;

use super::{client_of, context_of, has_json, no_content};
use crate::http::{Answer, Request, json};
use crate::mec::address::is_callback;
use crate::mec::journal::NotKept;
use crate::mec::proxy::Proxy;
use crate::mec::wire::v1::{AppContext, app_context, write_context, write_list};

const NOT_CREATED: &str = "Could not create the requested UE application context because of the \
                           current status of the mobile edge system";
const NOT_UPDATED: &str = "Unknown or invalid UE application context";
const NOT_DELETED: &str = "Unknown UE application context";

/// Answers a request for a resource; `None` is outside of the interface.
pub async fn answer(proxy: &Proxy, resource: Option<&str>, request: &Request) -> Answer {
    let answered = match (request.method(), resource) {
        (&Method::GET, Some("app_list")) => {
            let list = proxy.look(|machine| write_list(machine.applications()));
            Ok(json(StatusCode::OK, &list))
        }
        (&Method::POST, Some("app_contexts")) => create(proxy, request).await,
        (&Method::PUT, Some(resource)) if context_of(resource).is_some() => {
            update(proxy, request).await
        }
        (&Method::DELETE, Some(resource)) => match context_of(resource) {
            Some(id) => delete(proxy, id).await,
            None => Err(StatusCode::NOT_FOUND),
        },
        _ => Err(StatusCode::NOT_FOUND),
    };
    answered.unwrap_or_else(|status| framework(status, request))
}

async fn create(proxy: &Proxy, request: &Request) -> Result<Answer, StatusCode> {
    let mut context = read(request)?;
    let id = Uuid::new_v4();
    let asked = ContextRequest {
        version: ApiVersion::V1,
        client: client_of(request),
        device: context.device.clone(),
        callback: context.callback.clone(),
        application: context.application.clone(),
    };
    let created = proxy.change(|machine, now| {
        let context = machine.create(now, ContextId(id.as_u128()), asked);
        context.map(|context| context.reference().to_owned())
    });
    match created.await? {
        Ok(reference) => {
            context.context_id = Some(id.hyphenated().to_string());
            context.reference = Some(reference);
            Ok(json(StatusCode::CREATED, &write_context(&context)))
        }
        Err(refusal) => {
            debug!("{}: no context: {refusal}", request.peer);
            match refusal {
                Refusal::Invalid { .. } => Err(StatusCode::BAD_REQUEST),
                _ => Ok(refused(NOT_CREATED)),
            }
        }
    }
}

/// As in the original, the identifier in the path does not matter.
async fn update(proxy: &Proxy, request: &Request) -> Result<Answer, StatusCode> {
    let context = read(request)?;
    let updated =
        proxy.change(|machine, now| machine.update_device(now, &context.device, context.callback));
    Ok(match updated.await? {
        Ok(()) => no_content(),
        Err(_) => refused(NOT_UPDATED),
    })
}

async fn delete(proxy: &Proxy, id: &str) -> Result<Answer, StatusCode> {
    let Some(id) = parse(id) else {
        return Ok(refused(NOT_DELETED));
    };
    let deleted = proxy.change(|machine, _| machine.delete(ApiVersion::V1, id));
    Ok(match deleted.await? {
        Ok(()) => no_content(),
        Err(_) => refused(NOT_DELETED),
    })
}

fn read(request: &Request) -> Result<AppContext, StatusCode> {
    let wrong = |problem: &str| {
        debug!("{}: {problem}", request.peer);
        StatusCode::BAD_REQUEST
    };
    if !has_json(request) {
        return Err(wrong("the body is not said to be JSON"));
    }
    let context = app_context(&request.body).map_err(|problem| wrong(&problem))?;
    match context.callback.as_deref().is_none_or(is_callback) {
        true => Ok(context),
        false => Err(wrong("callbackReference is not an address of http")),
    }
}

/// An identifier, as it was written in the response.
fn parse(id: &str) -> Option<ContextId> {
    let parsed = Uuid::try_parse(id).ok()?;
    (parsed.hyphenated().to_string() == id).then_some(ContextId(parsed.as_u128()))
}

/// The answer of the application logic.
fn refused(detail: &str) -> Answer {
    let status = StatusCode::FORBIDDEN;
    json(
        status,
        &json!({ "detail": detail, "status": status.as_u16() }),
    )
}

/// The answer of the original's framework.
fn framework(status: StatusCode, request: &Request) -> Answer {
    let (method, target) = (request.method(), request.target());
    let detail = format!("Error processing method {method} at {target}");
    let problem = json!({ "detail": detail, "status": status.as_u16() });
    json(status, &json!({ "ProblemDetails": problem }))
}

impl From<NotKept> for StatusCode {
    fn from(_: NotKept) -> Self {
        Self::SERVICE_UNAVAILABLE
    }
}
