//! HTTP/1.1 and HTTP/2 for everything that is not gRPC: front ends, the device
//! application interface of ETSI MEC, notifications, gateways.
//!
//! * [`Server`] accepts connections. A [`Handler`] gets whole [`Request`]s and returns
//!   [`Answer`]s; [`json`], [`text`], [`problem`], [`empty`] and [`busy`] make them.
//! * [`Client`] sends requests over connections that it keeps.
//!
//! Both sides have bounds for connections, headers, bodies and times
//! ([`HttpLimits`](crate::limits::HttpLimits) and the constants beside it).
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use soe_live::command::Stop;
//! use soe_live::http::{Client, Request, Server, Trust, text};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let stop = Stop::new();
//! let server = Server::bind(&"127.0.0.1:0".parse()?).await?;
//! let url = format!("http://{}/upper", server.endpoint());
//! let upper = |request: Request| async move {
//!     text(http::StatusCode::OK, request.body.to_ascii_uppercase())
//! };
//! let serving = tokio::spawn(server.run(Arc::new(upper), stop.clone()));
//!
//! let client = Client::new(Trust::System);
//! let request = http::Request::post(url).body("hello".into())?;
//! let answer = client.send(request, Duration::from_secs(5)).await?;
//! assert_eq!(answer.body(), "HELLO");
//!
//! stop.stop();
//! serving.await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod body;
mod client;
mod connection;
mod dial;
mod request;
mod root;
mod server;
mod tls;

pub use answer::{Answer, busy, empty, json, problem, text};
pub use client::{Client, ClientError, Trust};
pub use request::Request;
pub use root::{Root, RootError};
pub use server::{Handler, Server};
pub use tls::{TlsError, certificate};
