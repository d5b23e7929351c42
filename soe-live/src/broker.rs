//! The broker as a service: e-router and e-dispatcher.
//!
//! A [`Broker`] drives the model of a broker ([`soe_model::broker`]) with real
//! events: requests that arrive, responses and failures of destinations, and the
//! passage of time. The model makes all decisions; this module does not choose,
//! measure or queue. [`run`] is the whole process.

mod call;
mod command;
mod core;
mod process;
mod recovery;
mod seen;
mod tables;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use sim_core::Streams;
use soe_model::broker::{self as model, BrokerSpec, ConfigureError};
use soe_model::names::{EndpointId, FunctionId, Names};
use tokio::sync::{Notify, Semaphore, mpsc};
use tracing::debug;

use self::core::Core;
use crate::clock::Clock;
use crate::command::Endpoint;
use crate::limits::ATTEMPTS;
use crate::metrics::{BrokerMetrics, Metrics};
use crate::peer::Peer;
use crate::security::{MissingIdentity, Security};
use crate::timer;
use crate::transport::Transport;

pub use command::{EdgeDispatcher, EdgeRouter};
pub use process::{BrokerError, BrokerOptions, RouterConf, RouterConfError, run};
pub use tables::Tables;

/// How the calls of a broker travel.
#[derive(Clone, Debug)]
pub struct Forwarding {
    /// How connections are protected.
    pub security: Security,
    /// How invocations travel to destinations.
    pub transport: Transport,
    /// Connections to one destination, at most.
    pub connections: usize,
    /// How long a destination may take to answer.
    pub call_timeout: Duration,
    /// Whether calls are answered at once instead of being forwarded.
    pub fake: bool,
    /// Bytes that the message of a response may have.
    pub message: usize,
}

/// Forwards invocations.
#[derive(Debug)]
pub struct Broker {
    core: Mutex<Core>,
    clock: Clock,
    forwarding: Forwarding,
    /// Wakes the timer when something is due earlier than it expected.
    timer: Notify,
    /// Destinations that have failed, for the controller.
    failures: mpsc::Sender<Endpoint>,
    /// Attempts to connect that may be made at a time.
    attempts: Arc<Semaphore>,
    /// What is counted for Prometheus; empty if nobody reads it.
    metrics: OnceLock<BrokerMetrics>,
}

impl Broker {
    /// The broker that `spec` describes, and the other end of what it reports to
    /// the controller.
    ///
    /// # Errors
    /// If an entry of its initial table is impossible, or it is to know the truth.
    pub fn new(
        spec: &BrokerSpec,
        streams: &Streams,
        forwarding: Forwarding,
    ) -> Result<(Arc<Self>, mpsc::Receiver<Endpoint>), ConfigureError> {
        let (mut functions, mut endpoints) = (Names::default(), Names::default());
        let broker = model::Broker::new(spec, &mut functions, &mut endpoints, streams)?;
        if broker.foresees().is_some() {
            return Err(ConfigureError::Unknowable);
        }
        let (failures, reports) = mpsc::channel(1024);
        let broker = Self {
            core: Mutex::new(Core::new(broker, functions, endpoints)),
            clock: Clock::start(),
            forwarding,
            timer: Notify::new(),
            failures,
            attempts: Arc::new(Semaphore::new(ATTEMPTS)),
            metrics: OnceLock::new(),
        };
        Ok((Arc::new(broker), reports))
    }

    /// Counts what it does from now on.
    pub(crate) fn count(self: &Arc<Self>, metrics: &Metrics) {
        if let Some(counts) = BrokerMetrics::of(metrics, self) {
            let _ = self.metrics.set(counts);
        }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what the model wants done after something happened, and gives up the
    /// lock.
    fn settle(&self, mut core: MutexGuard<'_, Core>) {
        let failed = core.dispatch();
        if core.sooner() {
            self.timer.notify_one();
        }
        drop(core);
        for destination in failed {
            // A controller that is too slow for that many reports will learn from
            // the others.
            if self.failures.try_send(destination).is_err() {
                debug!("too many failures to report");
            }
        }
    }

    /// Wakes the model when it wants to be woken, for ever.
    async fn keep_time(&self) {
        let wake = || {
            let mut core = self.core();
            core.broker.wake(self.clock.now());
            let due = core.next_wake();
            self.settle(core);
            due.and_then(|due| self.clock.instant(due))
        };
        timer::keep(&self.timer, wake).await;
    }

    fn deadline(&self, of_caller: Option<Instant>) -> Instant {
        let ours = Instant::now() + self.forwarding.call_timeout;
        of_caller.map_or(ours, |theirs| theirs.min(ours))
    }

    fn peer(&self, core: &mut Core, destination: EndpointId) -> Result<Arc<Peer>, NoPeer> {
        if let Some(peer) = core.peer(destination) {
            return Ok(peer);
        }
        let endpoint: Endpoint = core.endpoints.name(destination).parse()?;
        let forwarding = &self.forwarding;
        let peer = Peer::new(
            &endpoint,
            &forwarding.security,
            forwarding.transport,
            forwarding.connections,
            self.attempts.clone(),
        )?;
        Ok(core.add_peer(destination, peer))
    }
}

/// Why a destination cannot even be tried.
#[derive(Debug, thiserror::Error)]
enum NoPeer {
    #[error(transparent)]
    Endpoint(#[from] crate::command::EndpointError),
    #[error(transparent)]
    Identity(#[from] MissingIdentity),
}

/// Entries that a destination had when it failed: the weight is forgotten.
type Lost = BTreeMap<EndpointId, Vec<(FunctionId, bool)>>;
