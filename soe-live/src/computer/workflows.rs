//! What a computer does for workflows: asynchronous invocations, chains, graphs,
//! and states that move.
//!
//! [`Workflows`] drives a [`Host`] of the model: what the host wants done goes out
//! as tasks of the runtime, whose outcome is reported back to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prost::Message;
use sim_core::SimDuration;
use soe_model::units::Bytes as Size;
use soe_model::workflow::{
    self, Argument, CallKey, Contents, Host, HostAction, HostSpec, JoinRule, Question, Sending,
    StateReply, StateRequest, TaskKey,
};
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::{debug, warn};

use super::{Computer, Done, Text, milliseconds, refused};
use crate::clock::{Clock, duration};
use crate::command::Endpoint;
use crate::connection::connect;
use crate::peer::Peer;
use crate::rpc::callback_server_client::CallbackServerClient;
use crate::rpc::{self, LambdaRequest, LambdaResponse};
use crate::security::{MissingIdentity, Security};
use crate::slots::Slots;
use crate::state::RETENTION;
use crate::wire::{Frame, Malformed, Reply, Request, Response};
use crate::workflow::{Keeper, Servers, request, to_request, to_response, to_states};

/// How long a client may take to receive a result, each time it is sent.
const DELIVERY: Duration = Duration::from_secs(10);
/// How long what runs may take to end after the computer was told to stop.
const DRAIN: Duration = Duration::from_secs(5);
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
    /// Whether the server there is somebody else's.
    pub no_state_server: bool,
    /// What functions with several predecessors receive.
    pub join: JoinRule,
    /// How long a join waits for its branches, a call of the next function for its
    /// acknowledgement, and a result for its receiver.
    pub deadline: SimDuration,
    /// How long a function waits for a state.
    pub patience: SimDuration,
    /// Where to tell of each step that is executed, if anybody wants to know.
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
    security: Security,
    deadline: Duration,
    watch: Option<mpsc::UnboundedSender<Step>>,
}

#[derive(Debug)]
struct Core {
    host: Host<Contents>,
    waiting: Slots<Waiting>,
    /// When the timer will wake the host.
    expected: Option<sim_core::SimTime>,
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
    ) -> Result<Self, MissingIdentity> {
        let companion = options.companion_endpoint.as_ref();
        let peer = |endpoint| Peer::new(endpoint, security, CONNECTIONS);
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
                expected: None,
            }),
            clock: Clock::start(),
            timer: Notify::new(),
            servers: Servers::new(security.clone(), duration(options.patience)),
            companion: companion.map(peer).transpose()?,
            security: security.clone(),
            deadline: duration(options.deadline),
            watch: options.watch.clone(),
        })
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, for a while, until nothing is under way any more.
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

    /// When the timer is to wake the host.
    fn next_wake(&self) -> Option<Instant> {
        let mut core = self.core();
        core.expected = core.host.next_wake();
        core.expected.and_then(|due| self.clock.instant(due))
    }

    /// Calls the next function through the companion, which has to acknowledge it.
    async fn forward(&self, request: &workflow::Request<Contents>) -> Result<(), String> {
        let companion = self.companion.as_ref().ok_or("there is no companion")?;
        let frame = Frame::encode(&to_request(request));
        let deadline = Instant::now() + self.deadline;
        let answer = companion.call(&frame, deadline).await;
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
            let channel = connect(callback, &self.security)
                .await
                .map_err(|error| error.to_string())?;
            CallbackServerClient::new(channel)
                .receive_response(result)
                .await
                .map_err(|status| status.message().to_owned())
        };
        match tokio::time::timeout(DELIVERY, delivered).await {
            Ok(delivered) => delivered.map(drop),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }
}

impl Computer {
    /// Answers an invocation that is more than a plain one.
    pub(super) async fn elaborate(self: Arc<Self>, received: Request) -> Result<Frame, Malformed> {
        let message = LambdaRequest::decode(received.frame().message());
        let message = message.map_err(|_| Malformed::Message)?;
        let read = match request(message) {
            Ok(read) => read,
            Err(problem) => return Ok(refused(&received, &problem.to_string())),
        };
        if received.dry {
            return Ok(self.estimate(&received));
        }
        let (answered, key) = self.submit(read);
        let _left = Left(&self.workflows, key);
        Ok(match answered.await {
            Ok(Answer::Acknowledged(hops)) => {
                let reply = Reply {
                    retcode: rpc::OK,
                    hops,
                    asynchronous: true,
                    ..Reply::default()
                };
                reply.with_text("")
            }
            Ok(Answer::Refused(retcode, hops)) => {
                let reply = Reply {
                    retcode: &retcode,
                    hops,
                    ..Reply::default()
                };
                reply.with_text("")
            }
            Ok(Answer::Executed(response, done)) => {
                let output = response.output.unwrap_or_default();
                let reply = Reply {
                    retcode: &response.retcode,
                    ptime: milliseconds(done.processing),
                    loads: done.loads,
                    hops: response.hops,
                    states: to_states(&response.states),
                    dataout: output.data.into(),
                    ..Reply::default()
                };
                reply.with_text(&output.text)
            }
            Err(_) => refused(&received, "the computer stops"),
        })
    }

    /// Tells the host of a request. Returns where its answer will come out, and
    /// its number.
    fn submit(
        self: &Arc<Self>,
        request: workflow::Request<Contents>,
    ) -> (oneshot::Receiver<Answer>, u64) {
        let (answer, answered) = oneshot::channel();
        let mut core = self.workflows.core();
        let done = Done::default();
        let key = core.waiting.insert(Waiting { answer, done });
        let now = self.workflows.clock.now();
        core.host.request(now, CallKey(key), request);
        self.settle(core);
        (answered, key)
    }

    /// Does what the host wants done after something happened, and gives up the
    /// lock.
    fn settle(self: &Arc<Self>, mut core: MutexGuard<'_, Core>) {
        let mut actions = Vec::new();
        while let Some(action) = core.host.poll() {
            match action {
                HostAction::Acknowledge { call, hops } => {
                    core.answer(call, |_| Answer::Acknowledged(hops));
                }
                HostAction::Refuse {
                    call,
                    retcode,
                    hops,
                } => core.answer(call, |_| Answer::Refused(retcode, hops)),
                HostAction::Respond { call, response } => {
                    core.answer(call, |done| Answer::Executed(response, done));
                }
                HostAction::Execute { task, .. } => {
                    self.tell(&core.host, task);
                    actions.push(action);
                }
                action => actions.push(action),
            }
        }
        let next = core.host.next_wake();
        let sooner = next.is_some_and(|next| core.expected.is_none_or(|known| next < known));
        if sooner {
            core.expected = next;
            self.workflows.timer.notify_one();
        }
        drop(core);
        for action in actions {
            tokio::spawn(self.clone().act(action));
        }
    }

    /// Carries out an action, and reports what came of it.
    async fn act(self: Arc<Self>, action: HostAction<Contents>) {
        match action {
            HostAction::Acknowledge { .. }
            | HostAction::Refuse { .. }
            | HostAction::Respond { .. } => {}
            HostAction::Execute {
                task,
                call,
                function,
                argument,
            } => self.run(task, call, &function, argument).await,
            HostAction::Ask {
                question,
                to,
                request,
            } => {
                let reply = self.workflows.servers.ask(&to, request).await;
                self.replied(question, reply);
            }
            HostAction::Forward { sending, request } => {
                let sent = self.workflows.forward(&request).await;
                if let Err(error) = &sent {
                    debug!("{}: {error}", request.function());
                }
                self.sent(sending, sent);
            }
            HostAction::Deliver {
                sending,
                callback,
                response,
            } => {
                if !response.is_ok() {
                    debug!("{callback}: {}", response.retcode);
                }
                let sent = self
                    .workflows
                    .deliver(&callback, to_response(response))
                    .await;
                if let Err(error) = &sent {
                    warn!("a result cannot be delivered to {callback}: {error}");
                }
                self.sent(sending, sent);
            }
        }
    }

    async fn run(
        self: &Arc<Self>,
        task: TaskKey,
        call: Option<CallKey>,
        function: &str,
        argument: Argument,
    ) {
        let Argument { text, data } = argument;
        let (text, executed) = match &self.executor {
            super::Executor::Simulated(simulated) => {
                let executed = simulated.execute(function, text.len()).await;
                (text, executed)
            }
            super::Executor::Gateway(gateway) => {
                let executed = gateway.execute(function, text.into(), data.into()).await;
                (String::new(), executed)
            }
        };
        self.executed(task, call, executed, text);
    }

    /// Tells the host how a function was executed; `input` is what it returns if
    /// that is its input.
    fn executed(
        self: &Arc<Self>,
        task: TaskKey,
        call: Option<CallKey>,
        executed: Result<Done, String>,
        input: String,
    ) {
        let now = self.workflows.clock.now();
        let mut core = self.workflows.core();
        let outcome = executed.map(|mut done| {
            let text = match std::mem::take(&mut done.output) {
                Text::Input => input,
                Text::Own(text) => text,
            };
            if let Some(waiting) = call.and_then(|call| core.waiting.get_mut(call.0)) {
                waiting.done = done;
            }
            let data = Vec::new();
            Argument { text, data }
        });
        core.host.executed(now, task, outcome);
        self.settle(core);
    }

    fn replied(self: &Arc<Self>, question: Question, reply: StateReply<Arc<[u8]>>) {
        let mut core = self.workflows.core();
        let now = self.workflows.clock.now();
        core.host.state_replied(now, question, reply);
        self.settle(core);
    }

    fn sent(self: &Arc<Self>, sending: Sending, sent: Result<(), String>) {
        let mut core = self.workflows.core();
        let now = self.workflows.clock.now();
        core.host.sent(now, sending, sent);
        self.settle(core);
    }

    /// Tells whoever watches of a step that begins.
    fn tell(&self, host: &Host<Contents>, task: TaskKey) {
        let (Some(watch), Some(request)) = (&self.workflows.watch, host.task(task)) else {
            return;
        };
        // Nobody has to watch to the end.
        let _ = watch.send(Step {
            uuid: request.uuid.clone(),
            computer: host.spec().endpoint.clone(),
            function: request.function().to_owned(),
            argument: Size(request.argument.text.len() as u64),
            states: request.states.clone(),
            hops: request.hops + 1,
        });
    }

    /// Wakes the host when it wants to be woken, for ever.
    pub(super) async fn keep_time(self: Arc<Self>) {
        let workflows = &self.workflows;
        loop {
            let due = workflows.next_wake();
            match due {
                None => workflows.timer.notified().await,
                Some(due) => {
                    tokio::select! {
                        () = workflows.timer.notified() => continue,
                        () = tokio::time::sleep_until(due.into()) => {}
                    }
                }
            }
            self.wake();
        }
    }

    fn wake(self: &Arc<Self>) {
        let mut core = self.workflows.core();
        core.host.wake(self.workflows.clock.now());
        self.settle(core);
    }
}

/// Forgets a request when its caller has gone.
struct Left<'a>(&'a Workflows, u64);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.core().waiting.remove(self.1);
    }
}

impl Core {
    fn answer(&mut self, call: CallKey, with: impl FnOnce(Done) -> Answer) {
        if let Some(Waiting { answer, done }) = self.waiting.remove(call.0) {
            // The caller may be gone.
            let _ = answer.send(with(done));
        }
    }
}

impl Keeper for Computer {
    fn answer(&self, question: StateRequest<Arc<[u8]>>) -> StateReply<Arc<[u8]>> {
        let mut core = self.workflows.core();
        core.host.serve(self.workflows.clock.now(), question)
    }
}
