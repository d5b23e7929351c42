//! The driver of a computer's state machine. It passes requests to the machine, runs
//! the machine's actions as tasks of the runtime, and reports their outcome to the
//! machine.

use std::sync::Arc;

use prost::Message;
use sim_core::{SimTime, SlotKey};
use soe_model::units::Bytes as Size;
use soe_model::workflow::{
    self, Argument, CallKey, Contents, Host, HostAction, Question, Sending, StateReply,
    StateRequest, TaskKey,
};
use tokio::sync::oneshot;
use tracing::{debug, warn};

use super::{Answer, Core, Step, Waiting, Workflows};
use crate::computer::{Computer, Done, Executor, Text, milliseconds, refused};
use crate::rpc::{self, LambdaRequest};
use crate::timer;
use crate::wire::{Frame, Malformed, Reply, Request};
use crate::workflow::{Keeper, request, to_response, to_states};

impl Computer {
    /// Answers an invocation that is more than a plain one.
    pub(in crate::computer) async fn elaborate(
        self: Arc<Self>,
        received: Request,
    ) -> Result<Frame, Malformed> {
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
            Err(_) => refused(&received, "the computer is stopping"),
        })
    }

    /// Tells the host of a request. Returns where its answer will come out, and
    /// its number.
    fn submit(
        self: &Arc<Self>,
        request: workflow::Request<Contents>,
    ) -> (oneshot::Receiver<Answer>, u64) {
        let (answer, answered) = oneshot::channel();
        let done = Done::default();
        let mut core = self.workflows.core();
        let key = core.waiting.insert(Waiting { answer, done }).to_bits();
        drop(core);
        self.with_host(|core, now| core.host.request(now, CallKey(key), request));
        (answered, key)
    }

    /// Tells the host of something, and does what it wants done.
    fn with_host(self: &Arc<Self>, tell: impl FnOnce(&mut Core, SimTime)) {
        let mut core = self.workflows.core();
        tell(&mut core, self.workflows.clock.now());
        while let Some(action) = core.host.poll() {
            self.act(&mut core, action);
        }
        self.workflows.mind(&mut core);
    }

    /// Carries out an action, or has it carried out.
    fn act(self: &Arc<Self>, core: &mut Core, action: HostAction<Contents>) {
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
            HostAction::Execute {
                task,
                call,
                function,
                argument,
            } => {
                self.tell(&core.host, task);
                tokio::spawn(self.clone().execute(task, call, function, argument));
            }
            HostAction::Ask {
                question,
                to,
                request,
            } => {
                tokio::spawn(self.clone().ask(question, to, request));
            }
            HostAction::Forward { sending, request } => {
                tokio::spawn(self.clone().forward(sending, request));
            }
            HostAction::Deliver {
                sending,
                callback,
                response,
            } => {
                tokio::spawn(self.clone().deliver(sending, callback, response));
            }
        }
    }

    async fn ask(
        self: Arc<Self>,
        question: Question,
        to: String,
        request: StateRequest<Arc<[u8]>>,
    ) {
        let reply = self.workflows.servers.ask(&to, request).await;
        self.with_host(|core, now| core.host.state_replied(now, question, reply));
    }

    async fn forward(self: Arc<Self>, sending: Sending, request: workflow::Request<Contents>) {
        let sent = self.workflows.forward(&request).await;
        if let Err(error) = &sent {
            debug!("{}: {error}", request.function());
        }
        self.with_host(|core, now| core.host.sent(now, sending, sent));
    }

    async fn deliver(
        self: Arc<Self>,
        sending: Sending,
        callback: String,
        response: workflow::Response<Contents>,
    ) {
        if !response.is_ok() {
            debug!("{callback}: {}", response.retcode);
        }
        let result = to_response(response);
        let sent = self.workflows.deliver(&callback, result).await;
        if let Err(error) = &sent {
            warn!("a result cannot be delivered to {callback}: {error}");
        }
        self.with_host(|core, now| core.host.sent(now, sending, sent));
    }

    async fn execute(
        self: Arc<Self>,
        task: TaskKey,
        call: Option<CallKey>,
        function: String,
        argument: Argument,
    ) {
        let Argument { text, data } = argument;
        let (input, executed) = match &self.executor {
            Executor::Simulated(simulated) => {
                let executed = simulated.execute(&function, text.len()).await;
                (text, executed)
            }
            Executor::Gateway(gateway) => {
                let executed = gateway.execute(&function, text.into(), data.into()).await;
                (String::new(), executed)
            }
            #[cfg(feature = "facerec")]
            Executor::Faces(faces) => {
                let executed = Done::of_faces(faces, &function, data.into()).await;
                (String::new(), executed)
            }
            Executor::OpenWhisk(platform) => {
                let executed = platform.execute(&function, text.into()).await;
                (String::new(), executed)
            }
        };
        self.with_host(|core, now| {
            let outcome = executed.map(|mut done| {
                let text = match std::mem::take(&mut done.output) {
                    Text::Input => input,
                    Text::Own(text) => text,
                };
                if let Some(waiting) =
                    call.and_then(|call| core.waiting.get_mut(SlotKey::from_bits(call.0)))
                {
                    waiting.done = done;
                }
                let data = Vec::new();
                Argument { text, data }
            });
            core.host.executed(now, task, outcome);
        });
    }

    /// Reports a step that begins to the observer.
    fn tell(&self, host: &Host<Contents>, task: TaskKey) {
        let (Some(watch), Some(request)) = (&self.workflows.watch, host.task(task)) else {
            return;
        };
        // The observer may have left.
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
    pub(in crate::computer) async fn keep_time(self: Arc<Self>) {
        let workflows = &self.workflows;
        let wake = || {
            let mut due = None;
            self.with_host(|core, now| {
                core.host.wake(now);
                due = core.host.next_wake();
                core.expected.set(due);
            });
            due.and_then(|due| workflows.clock.instant(due))
        };
        timer::keep(&workflows.timer, wake).await;
    }
}

/// Forgets a request when its caller has gone.
struct Left<'a>(&'a Workflows, u64);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.core().waiting.remove(SlotKey::from_bits(self.1));
    }
}

impl Core {
    fn answer(&mut self, call: CallKey, with: impl FnOnce(Done) -> Answer) {
        if let Some(Waiting { answer, done }) = self.waiting.remove(SlotKey::from_bits(call.0)) {
            // The caller may be gone.
            let _ = answer.send(with(done));
        }
    }
}

impl Keeper for Computer {
    fn answer(&self, question: StateRequest<Arc<[u8]>>) -> StateReply<Arc<[u8]>> {
        let mut core = self.workflows.core();
        let reply = core.host.serve(self.workflows.clock.now(), question);
        self.workflows.mind(&mut core);
        reply
    }
}
