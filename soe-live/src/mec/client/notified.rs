//! Notifications that a device application gets.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::json;
use tracing::debug;

use super::{ApiChoice, DeviceApplication};
use crate::http::{Answer, Handler, Request, empty, json};
use crate::mec::wire::{v1, v2};

/// Takes notifications at any path; its last part is the device application.
#[derive(Debug)]
pub struct Notified(pub DeviceApplication);

impl Handler for Notified {
    async fn answer(self: Arc<Self>, request: Request) -> Answer {
        let prefix = self.0.shared.notifications.prefix();
        let path = request.path().strip_prefix(prefix);
        let device = path.and_then(|path| path.rsplit('/').next());
        let status = match (request.method(), device) {
            (&Method::POST, Some(device)) if !device.is_empty() => self.take(device, &request),
            _ => StatusCode::NOT_FOUND,
        };
        match status {
            StatusCode::NO_CONTENT => empty(status),
            status => {
                let (method, target) = (request.method(), request.target());
                let detail = format!("Error processing method {method} at {target}");
                let problem = json!({ "detail": detail, "status": status.as_u16() });
                json(status, &json!({ "ProblemDetails": problem }))
            }
        }
    }
}

impl Notified {
    fn take(&self, device: &str, request: &Request) -> StatusCode {
        let read = match self.0.shared.api.choice() {
            ApiChoice::V1 => v1::read_notification(&request.body).map(Some),
            ApiChoice::V2 => v2::read_notification(&request.body),
        };
        match read {
            Ok(None) => StatusCode::NO_CONTENT,
            Ok(Some(reference)) => match self.0.notified(device, reference) {
                true => StatusCode::NO_CONTENT,
                false => StatusCode::BAD_REQUEST,
            },
            Err(problem) => {
                debug!("{}: wrong notification: {problem}", request.peer);
                StatusCode::BAD_REQUEST
            }
        }
    }
}
