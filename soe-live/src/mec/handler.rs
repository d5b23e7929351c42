//! Requests of device applications.

mod v1;
mod v2;

use std::sync::Arc;

use http::StatusCode;
use tracing::debug;

use super::address::ApiRoot;
use super::proxy::Proxy;
use crate::http::{Answer, Handler, Request, empty};

/// Answers requests below the root of the interface, under both versions.
#[derive(Debug)]
pub struct Routes {
    proxy: Proxy,
    v1: String,
    v2: String,
}

impl Routes {
    /// Below `root`.
    pub fn new(proxy: Proxy, root: &ApiRoot) -> Self {
        let prefix = root.prefix();
        Self {
            proxy,
            v1: format!("{prefix}/mx2/v1/"),
            v2: format!("{prefix}/dev_app/v1/"),
        }
    }
}

impl Handler for Routes {
    async fn answer(self: Arc<Self>, request: Request) -> Answer {
        let path = request.path().to_owned();
        let answer = match path.strip_prefix(&self.v2) {
            Some(resource) => v2::answer(&self.proxy, &self.v2, resource, &request).await,
            None => {
                let resource = path.strip_prefix(&self.v1);
                v1::answer(&self.proxy, resource, &request).await
            }
        };
        let (method, status) = (request.method(), answer.status().as_u16());
        debug!("{}: {method} {path}: {status}", request.peer);
        answer
    }
}

/// The address of a client: of IPv4 also if it came over a socket of IPv6.
fn client_of(request: &Request) -> String {
    request.peer.ip().to_canonical().to_string()
}

/// Whether the body of a request is said to be JSON.
fn has_json(request: &Request) -> bool {
    request.content_type().as_deref() == Some("application/json")
}

/// The answer without content.
fn no_content() -> Answer {
    empty(StatusCode::NO_CONTENT)
}

/// The segment after `app_contexts/`, if there is exactly one.
fn context_of(resource: &str) -> Option<&str> {
    let id = resource.strip_prefix("app_contexts/")?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}
