//! Serving metrics over HTTP.

use std::sync::Arc;

use ::http::header::{CONTENT_TYPE, HeaderValue};
use ::http::{Method, StatusCode};
use tracing::info;

use super::Metrics;
use crate::command::{Endpoint, Stop};
use crate::http::{Answer, Handler, Request, Server, text};
use crate::limits::{HttpLimits, METRIC_CONNECTIONS};
use crate::server::ServeError;

/// The text format of Prometheus.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics with the socket at which they are served: `GET /metrics`.
#[derive(Debug)]
pub struct Exporter {
    metrics: Arc<Metrics>,
    server: Server,
}

impl Exporter {
    /// Listens at an endpoint; `None` if there is none.
    ///
    /// # Errors
    /// If the endpoint is not free.
    pub async fn bind(endpoint: Option<&Endpoint>) -> Result<Option<Self>, ServeError> {
        let Some(endpoint) = endpoint else {
            return Ok(None);
        };
        let server = Server::bind(endpoint).await?.with_limits(HttpLimits {
            body: 0,
            connections: METRIC_CONNECTIONS,
            peer_connections: METRIC_CONNECTIONS,
            ..HttpLimits::default()
        });
        info!("metrics at http://{}/metrics", server.endpoint());
        Ok(Some(Self {
            metrics: Metrics::new(),
            server,
        }))
    }

    /// The metrics.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Where it listens, with the port that the system chose.
    pub fn endpoint(&self) -> &Endpoint {
        self.server.endpoint()
    }

    /// Serves until it is told to stop.
    pub async fn run(self, stop: Stop) {
        self.server.run(Arc::new(Page(self.metrics)), stop).await;
    }
}

/// The only page.
struct Page(Arc<Metrics>);

impl Handler for Page {
    async fn answer(self: Arc<Self>, request: Request) -> Answer {
        if request.path() != "/metrics" {
            return text(StatusCode::NOT_FOUND, "the metrics are at /metrics\n");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n");
        }
        match self.0.text() {
            Ok(page) => {
                let mut answer = text(StatusCode::OK, page);
                let format = HeaderValue::from_static(FORMAT);
                answer.headers_mut().insert(CONTENT_TYPE, format);
                answer
            }
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }
}
