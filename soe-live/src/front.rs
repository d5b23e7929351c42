//! HTTP front ends: functions of a deployment for everyone with an HTTP client.
//!
//! A [`FrontEnd`] serves two dialects on one port, and calls a broker or a computer over
//! gRPC:
//!
//! * OpenWhisk, `/api/v1/...`: actions, activations, packages, namespaces;
//! * OpenFaaS, `/function/NAME` and the paths beside it.
//!
//! ```text
//!  wsk, npm openwhisk ──► /api/v1/namespaces/_/actions/f ──┐
//!                                                          ├─► front end ──gRPC──► broker ──► computers
//!  curl, hey, k6, faas ─► /function/f ─────────────────────┘        ▲                │
//!                                                                   └── its tables ──┘
//! ```
//!
//! [`Functions`] knows what the broker offers, [`Calls`] calls it, [`Activations`] keeps
//! what came of OpenWhisk's invocations, [`Keys`] says who may call. The executable is
//! `wskproxy` ([`WskProxy`]); `docs/front-ends.md` is its guide.

mod activations;
mod calls;
mod command;
mod entity;
mod faas;
mod functions;
mod invoke;
mod keys;
mod names;
mod original;
mod wsk;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::StatusCode;
use ::http::request::Parts;
use soe_model::broker::Compatibility;

use crate::http::{Answer, Client, Handler, Request, text};

pub use activations::{Activation, Activations, Keep};
pub use calls::{Calls, Fault};
pub use command::{WskProxy, compatibility};
pub use functions::Functions;
pub use keys::{Keys, KeysError};

/// Answers requests of both dialects.
#[derive(Debug)]
pub struct FrontEnd {
    /// What the broker offers.
    pub functions: Arc<Functions>,
    /// The way to the broker.
    pub calls: Calls,
    /// What came of invocations.
    pub activations: Activations,
    /// Who may call.
    pub keys: Keys,
    /// How long a blocking invocation of OpenWhisk waits; then the caller gets the
    /// identifier of the activation.
    pub blocking: Duration,
    /// Whether answers are those of the original.
    pub compatibility: Compatibility,
    /// Delivers results to callbacks.
    pub callbacks: Client,
}

impl Handler for FrontEnd {
    fn refuse(&self, head: &Parts, _peer: SocketAddr) -> Option<Answer> {
        let path = head.uri.path();
        if path == faas::HEALTH || self.keys.namespace(&head.headers).is_some() {
            return None;
        }
        match path.starts_with(wsk::ROOT) {
            true => Some(wsk::unauthorized()),
            false => Some(faas::unauthorized()),
        }
    }

    async fn answer(self: Arc<Self>, request: Request) -> Answer {
        if self.compatibility == Compatibility::Original {
            return original::answer(&self, &request).await;
        }
        let path = request.path();
        if path == wsk::ROOT || path.starts_with(wsk::BELOW_ROOT) {
            return wsk::answer(self, request).await;
        }
        match path {
            "/" => text(StatusCode::OK, ABOUT),
            _ => faas::answer(self, request).await,
        }
    }
}

impl FrontEnd {
    /// How long a call may take, in milliseconds.
    fn timeout(&self) -> u64 {
        u64::try_from(self.calls.time().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What a person sees who opens the front end in a browser.
const ABOUT: &str = "\
A front end of ServerlessOnEdge.
OpenWhisk:  /api/v1/namespaces/_/actions
OpenFaaS:   /system/functions, /function/NAME, /async-function/NAME, /healthz
";
