//! The same models as real gRPC services.
//!
//! A controller, brokers, computers and clients that communicate over the network with
//! the protocol of the original's programs, and can replace them. All decisions come from
//! [`soe_model`]; this crate owns sockets, clocks and timers. The guide for operators is
//! `docs/live.md`.
//!
//! ```text
//!              announcements ┌────────────┐ announcements
//!             ┌─────────────►│ controller │◄────────────┐
//!             │              └─────┬──────┘             │
//!             │            updates │                    │
//!             │                    ▼                    │
//! ┌────────┐  │   calls     ┌────────────┐   calls   ┌──┴───────┐
//! │ client ├──┼────────────►│   broker   ├──────────►│ computer │
//! └────────┘  └─────────────┴────────────┘           └──────────┘
//! ```
//!
//! # A tour
//!
//! * [`rpc`] is the wire format, compiled from the files under `proto/`.
//! * [`server`] accepts connections. It passes invocations to an
//!   [`Invocations`](server::Invocations) as undecoded bytes. The other services are
//!   tonic services, together with health checking and reflection.
//! * [`wire`] finds in those bytes the fields that decisions need, and forwards the rest
//!   unchanged.
//! * [`limits`] has every bound: of messages, connections, calls and waiting times.
//! * [`broker`], [`computer`] and [`controller`] are the services and processes around
//!   the models; [`States`] and [`Callback`] are two small services.
//! * [`workflow`] translates between messages and the state machines of workflows.
//! * [`http`](mod@http) is HTTP for everything that is not gRPC.
//! * [`front`] is for HTTP clients: OpenWhisk and OpenFaaS.
//! * [`client`] is the client side; [`command`] is common to all executables.
//! * [`metrics`] is what a process tells Prometheus.
//! * [`mec`] is the device application interface of ETSI MEC: its proxy and its clients.
//! * [`deployment`] runs all components of a scenario on the loopback interface.
//! * [`Security`] is plaintext or TLS; [`connect`] opens channels for tonic clients.
//!
//! This example starts a computer and calls it, in one process:
//!
//! ```
//! use std::sync::Arc;
//!
//! use soe_live::command::Stop;
//! use soe_live::computer::{Computer, ComputerOptions, Executor, Simulated};
//! use soe_live::rpc::{LambdaRequest, edge_server_client::EdgeServerClient};
//! use soe_live::server::{Server, Services};
//! use soe_live::{Security, connect};
//! use soe_model::computer::platform::PLATFORMS;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! let stop = Stop::new();
//! let server = Server::bind(&"127.0.0.1:0".parse()?, &Security::Plaintext).await?;
//! let endpoint = server.endpoint().to_string();
//!
//! let raspberry = PLATFORMS.configure("raspberry", vec![])?;
//! let raspberry = (raspberry.kind.build)(&raspberry.arguments);
//! let options = ComputerOptions::of(raspberry, server.endpoint().clone());
//! let spec = options.spec(&endpoint).expect("a simulated computer");
//! let executor = Executor::Simulated(Arc::new(Simulated::new(&spec)?));
//! let computer = Arc::new(Computer::new(executor, &endpoint, &options)?);
//! let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {}).await?;
//! let serving = tokio::spawn(server.run(Some(computer), services, stop.clone()));
//!
//! let mut client = EdgeServerClient::new(connect(&endpoint, &Security::Plaintext).await?);
//! let request = LambdaRequest {
//!     name: "clambda0".into(),
//!     input: "A".repeat(100),
//!     ..LambdaRequest::default()
//! };
//! let response = client.run_lambda(request).await?.into_inner();
//! assert_eq!(response.retcode, "OK");
//! assert_eq!(response.ptime, 1); // 104 million operations on a core of 100 Gop/s
//!
//! drop(client);
//! stop.stop();
//! serving.await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// These macros panic when the other end of a pipe is closed: `analysis::console` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod alarm;
mod announce;
pub mod broker;
mod budget;
mod callback;
pub mod client;
mod clock;
pub mod command;
pub mod computer;
pub mod connection;
pub mod controller;
pub mod deployment;
#[cfg(feature = "facerec")]
pub mod facerec;
pub mod front;
pub mod http;
mod intake;
pub mod limits;
mod link;
pub mod mec;
pub mod metrics;
mod options;
mod peer;
#[cfg(feature = "quic")]
mod quic;
pub mod rpc;
pub mod security;
pub mod server;
mod socket;
mod state;
mod timer;
mod transport;
pub mod wire;
pub mod workflow;

pub use callback::Callback;
pub use connection::{ConnectError, connect, connect_lazily};
pub use security::Security;
pub use state::States;
#[cfg(feature = "quic")]
pub use transport::QuicOptions;
pub use transport::Transport;
