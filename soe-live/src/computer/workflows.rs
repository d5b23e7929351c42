//! Workflows at a computer: asynchronous invocations, chains, graphs, and states that
//! move.
//!
//! [`Workflows`] contains a [`Host`] of the model and its connections to other
//! processes; `driver` carries out the actions of the host.

mod driver;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prost::Message;
use sim_core::{SimDuration, Slots};
use soe_model::units::Bytes as Size;
use soe_model::workflow::{self, Contents, Host, HostSpec, JoinRule};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tracing::warn;

use super::Done;
use crate::client::describe;
use crate::clock::{Clock, duration};
use crate::command::Endpoint;
use crate::connection::Channels;
use crate::limits::{ATTEMPTS, DELIVERY, DRAIN, MESSAGE};
use crate::link::Means;
use crate::peer::Peer;
use crate::rpc::LambdaResponse;
use crate::rpc::callback_server_client::CallbackServerClient;
use crate::security::{MissingIdentity, Security};
use crate::state::RETENTION;
use crate::timer::Expected;
use crate::transport::Transport;
use crate::wire::{Frame, Response};
use crate::workflow::{Servers, to_request};

/// How often to look whether it has ended.
const LOOK: Duration = Duration::from_millis(20);
/// Connections to the companion.
const CONNECTIONS: usize = 4;

/// What a computer can do for workflows.
#[derive(Clone, Debug)]
pub struct WorkflowOptions {
    /// Whether it takes invocations whose result goes to a callback.
    pub asynchronous: bool,
    /// The broker through which it calls the next functions; with one it takes
    /// invocations whose result goes to a callback.
    pub companion_endpoint: Option<Endpoint>,
    /// Where the states are that its functions work on.
    pub state_endpoint: Option<Endpoint>,
    /// Whether the server there belongs to another process.
    pub no_state_server: bool,
    /// What functions with several predecessors receive.
    pub join: JoinRule,
    /// How long a join waits for its branches, a call of the next function for its
    /// acknowledgement, and a result for its receiver.
    pub deadline: SimDuration,
    /// How long a function waits for a state.
    pub patience: SimDuration,
    /// The observer of executed steps, if there is one.
    pub watch: Option<mpsc::UnboundedSender<Step>>,
}

impl Default for WorkflowOptions {
    fn default() -> Self {
        Self {
            asynchronous: false,
            companion_endpoint: None,
            state_endpoint: None,
            no_state_server: false,
            join: JoinRule::All,
            deadline: SimDuration::from_secs(30),
            patience: SimDuration::from_secs(10),
            watch: None,
        }
    }
}

/// One step of a workflow, when its execution begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Identifies the run.
    pub uuid: String,
    /// The endpoint of the computer.
    pub computer: String,
    /// The function.
    pub function: String,
    /// The size of what it receives.
    pub argument: Size,
    /// The states that came along, by name.
    pub states: workflow::States<Contents>,
    /// Nodes passed, this one included.
    pub hops: u32,
}

/// Drives the machine of a computer that takes part in workflows.
#[derive(Debug)]
pub struct Workflows {
    core: Mutex<Core>,
    clock: Clock,
    /// Wakes the timer when something is due earlier than it expected.
    timer: Notify,
    servers: Servers,
    companion: Option<Peer>,
    callbacks: Channels,
    deadline: Duration,
    watch: Option<mpsc::UnboundedSender<Step>>,
}

#[derive(Debug)]
struct Core {
    host: Host<Contents>,
    waiting: Slots<Waiting>,
    /// When the timer will wake the host.
    expected: Expected,
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Waiting {
    answer: oneshot::Sender<Answer>,
    /// How its function was executed.
    done: Done,
}

/// What a request gets.
#[derive(Debug)]
enum Answer {
    Acknowledged(u32),
    Refused(String, u32),
    Executed(workflow::Response<Contents>, Done),
}

impl Workflows {
    /// The computer at `endpoint`.
    ///
    /// # Errors
    /// If it has no certificate to show to its companion.
    pub fn new(
        endpoint: &str,
        options: &WorkflowOptions,
        security: &Security,
        transport: Transport,
    ) -> Result<Self, MissingIdentity> {
        let companion = options.companion_endpoint.as_ref();
        let attempts = Arc::new(Semaphore::new(ATTEMPTS));
        let peer = |endpoint| Peer::new(endpoint, security, transport, CONNECTIONS, attempts);
        let state_server = options.state_endpoint.as_ref().map(Endpoint::to_string);
        let host = Host::new(HostSpec {
            endpoint: endpoint.to_owned(),
            asynchronous: options.asynchronous || companion.is_some(),
            companion: companion.is_some(),
            serves_states: state_server.is_some() && !options.no_state_server,
            state_server,
            join: options.join,
            deadline: options.deadline,
            patience: options.patience,
            retention: RETENTION,
        });
        Ok(Self {
            core: Mutex::new(Core {
                host,
                waiting: Slots::default(),
                expected: Expected::default(),
            }),
            clock: Clock::start(),
            timer: Notify::new(),
            servers: Servers::new(security.clone(), duration(options.patience)),
            companion: companion.map(peer).transpose()?,
            callbacks: Channels::new(security.clone()),
            deadline: duration(options.deadline),
            watch: options.watch.clone(),
        })
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, for a while, until nothing is in progress any more.
    pub async fn drain(&self) {
        let idle = async {
            while !self.core().host.is_idle() {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(DRAIN, idle).await.is_err() {
            warn!("invocations whose result goes to a callback were still running");
        }
    }

    /// Tells the timer if it would wake the host too late.
    fn mind(&self, core: &mut Core) {
        if core.expected.is_too_late_for(core.host.next_wake()) {
            self.timer.notify_one();
        }
    }

    /// Calls the next function through the companion, which has to acknowledge it.
    async fn forward(&self, request: &workflow::Request<Contents>) -> Result<(), String> {
        let companion = self
            .companion
            .as_ref()
            .ok_or("no companion is configured")?;
        let frame = Frame::encode(&to_request(request));
        let deadline = Instant::now() + self.deadline;
        let means = Means {
            message: MESSAGE,
            account: None,
        };
        let answer = companion.call(frame, means, deadline).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let read = Response::read(answer.clone()).map_err(|error| error.to_string())?;
        match (read.is_ok, read.asynchronous) {
            (true, true) => Ok(()),
            (true, false) => Err(format!(
                "the call of {} was not acknowledged",
                request.function()
            )),
            (false, _) => {
                let message = LambdaResponse::decode(answer.message());
                Err(message.map_or_else(|error| error.to_string(), |message| message.retcode))
            }
        }
    }

    async fn deliver(&self, callback: &str, result: LambdaResponse) -> Result<(), String> {
        let delivered = async {
            let channel = self.callbacks.to(callback);
            CallbackServerClient::new(channel.map_err(|error| error.to_string())?)
                .receive_response(result)
                .await
                .map_err(|status| describe(&status))
        };
        match tokio::time::timeout(DELIVERY, delivered).await {
            Ok(delivered) => delivered.map(drop),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }
}
