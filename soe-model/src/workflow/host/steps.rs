//! The steps of a request: states move or are read, the function is executed, states
//! are written, and the next request or the result is sent.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::SimTime;

use crate::workflow::matter::Matter;
use crate::workflow::message::{OK, Request, Response, StateRef};
use crate::workflow::moving::{MoveOutcome, Question, StateRequest};
use crate::workflow::store::{StateReply, Version};

use super::{CallKey, Delivery, FIRST_PAUSE, Host, HostAction, Phase, Sending, Task, TaskKey};

impl<M: Matter> Host<M> {
    /// Gets the states that a step needs, and executes it.
    pub(super) fn begin(&mut self, now: SimTime, call: Option<CallKey>, request: Request<M>) {
        let key = self.key();
        let needed: Vec<_> = needed_remote(&request)
            .map(|(name, at)| (name.to_owned(), at.to_owned()))
            .collect();
        let missing = needed.iter().map(|(name, _)| name.clone()).collect();
        let phase = Phase::Moving(missing);
        self.tasks.insert(
            key,
            Task {
                call,
                request,
                phase,
            },
        );
        for (name, at) in &needed {
            let store = self.spec.serves_states.then_some(&mut self.store);
            self.moves.want(now, name, at, store);
        }
        self.end_moves(now);
        self.proceed(now, key);
    }

    /// Tells tasks about moves that have ended.
    pub(super) fn end_moves(&mut self, now: SimTime) {
        while let Some((name, outcome)) = self.moves.poll_ended() {
            let waits = |task: &Task<M>| match &task.phase {
                Phase::Moving(missing) => missing.contains(&name),
                _ => false,
            };
            let tasks = self.tasks.iter();
            let tasks: Vec<_> = tasks
                .filter_map(|(&key, task)| waits(task).then_some(key))
                .collect();
            for key in tasks {
                match &outcome {
                    MoveOutcome::Here => {
                        if let Some(Task {
                            phase: Phase::Moving(missing),
                            ..
                        }) = self.tasks.get_mut(&key)
                        {
                            missing.remove(&name);
                        }
                        self.proceed(now, key);
                    }
                    MoveOutcome::Failed(text) => self.fail(now, key, text.clone()),
                }
            }
        }
    }

    /// The states that a request needs and that stay on a server elsewhere.
    pub(super) fn states_elsewhere(&self, request: &Request<M>) -> Vec<String> {
        if self.spec.serves_states {
            return Vec::new();
        }
        let needed = needed_remote(request);
        needed.map(|(name, _)| name.to_owned()).collect()
    }

    /// Goes on with a task if all its states are here.
    pub(super) fn proceed(&mut self, now: SimTime, key: u64) {
        let Some(task) = self.tasks.get(&key) else {
            return;
        };
        if !matches!(&task.phase, Phase::Moving(missing) if missing.is_empty()) {
            return;
        }
        let names = self.states_elsewhere(&task.request);
        if names.is_empty() {
            return self.execute(key);
        }
        let mut questions = BTreeMap::new();
        for name in names {
            let question = self.key();
            questions.insert(question, name.clone());
            self.ask_own(question, StateRequest::Get { name });
        }
        let until = now + self.spec.patience;
        if let Some(task) = self.tasks.get_mut(&key) {
            task.phase = Phase::Reading(questions, until);
        }
    }

    pub(super) fn execute(&mut self, key: u64) {
        if let Some(task) = self.tasks.get_mut(&key) {
            task.phase = Phase::Executing;
            self.actions.push_back(HostAction::Execute {
                task: TaskKey(key),
                call: task.call,
                function: task.request.function().to_owned(),
                argument: task.request.argument.clone(),
            });
        }
    }

    pub(super) fn ask_own(&mut self, question: u64, request: StateRequest<M::State>) {
        self.actions.push_back(HostAction::Ask {
            question: Question(question),
            to: self.spec.state_server.clone().unwrap_or_default(),
            request,
        });
    }

    /// The server whose states stay there has replied about one of a task.
    pub(super) fn shared_replied(
        &mut self,
        now: SimTime,
        key: u64,
        question: u64,
        reply: StateReply<M::State>,
    ) {
        let Some(task) = self.tasks.get_mut(&key) else {
            return;
        };
        match (&mut task.phase, reply) {
            (Phase::Reading(names, _), StateReply::Found(content, version)) => {
                let Some(name) = names.remove(&question) else {
                    return;
                };
                let over = names.is_empty();
                // Remembered for writing it back.
                self.store.put(&name, content, version);
                if over {
                    self.execute(key);
                }
            }
            (Phase::Writing(questions, output, _), StateReply::Done | StateReply::Newer) => {
                questions.remove(&question);
                if questions.is_empty() {
                    let output = output.clone();
                    self.complete(now, key, output);
                }
            }
            (Phase::Reading(names, _), _) => {
                let name = names.get(&question).cloned().unwrap_or_default();
                let server = self.spec.state_server.clone().unwrap_or_default();
                self.fail(
                    now,
                    key,
                    format!("could not find state in {server}: {name}"),
                );
            }
            (Phase::Writing(..), StateReply::Unreachable(text)) => self.fail(now, key, text),
            (Phase::Writing(..), _) => {
                let server = self.spec.state_server.clone().unwrap_or_default();
                self.fail(now, key, format!("could not store state in {server}"));
            }
            _ => {}
        }
    }

    /// Writes the states that stay elsewhere, and passes the outcome on.
    pub(super) fn write_back(&mut self, now: SimTime, key: u64, output: M::Argument) {
        let Some(task) = self.tasks.get(&key) else {
            return;
        };
        let names = self.states_elsewhere(&task.request);
        let mut questions = BTreeSet::new();
        for name in names {
            if let StateReply::Found(content, version) = self.store.get(&name) {
                let question = self.key();
                questions.insert(question);
                let version = version.map(Version::next);
                let put = StateRequest::Put {
                    name,
                    content,
                    version,
                };
                self.ask_own(question, put);
            }
        }
        if questions.is_empty() {
            return self.complete(now, key, output);
        }
        let until = now + self.spec.patience;
        if let Some(task) = self.tasks.get_mut(&key) {
            task.phase = Phase::Writing(questions, output, until);
        }
    }

    /// Passes the outcome of a task on.
    pub(super) fn complete(&mut self, now: SimTime, key: u64, output: M::Argument) {
        let Some(Task { call, request, .. }) = self.tasks.remove(&key) else {
            return;
        };
        let mut states = request.states.clone();
        if let Some(own) = &self.spec.state_server {
            for (name, _) in needed_remote(&request) {
                states.insert(name.to_owned(), StateRef::Remote(own.clone()));
            }
        }
        let mut response = Response {
            retcode: OK.to_owned(),
            output: Some(output),
            states,
            responder: String::new(),
            hops: request.hops + 1,
            uuid: Some(request.uuid.clone()),
        };
        match (call, &request.callback) {
            (Some(call), _) => {
                self.actions
                    .push_back(HostAction::Respond { call, response });
            }
            (None, Some(callback)) if request.plan.is_last(request.step) => {
                response.responder.clone_from(&self.spec.endpoint);
                self.deliver(now, callback.clone(), response);
            }
            (None, _) => self.forward(now, &request, &response),
        }
    }

    /// Calls the next functions.
    pub(super) fn forward(&mut self, now: SimTime, request: &Request<M>, response: &Response<M>) {
        let Some(output) = &response.output else {
            return;
        };
        for &step in request.plan.successors(request.step) {
            let key = self.key();
            let next = Request {
                plan: request.plan.clone(),
                step,
                from: Some(request.step),
                argument: output.clone(),
                states: response.states.clone(),
                uuid: request.uuid.clone(),
                callback: request.callback.clone(),
                hops: response.hops,
            };
            self.forwards
                .insert(key, (next.clone(), now + self.spec.deadline));
            self.actions.push_back(HostAction::Forward {
                sending: Sending(key),
                request: next,
            });
        }
    }

    /// A task ends with an error.
    pub(super) fn fail(&mut self, now: SimTime, key: u64, retcode: String) {
        let Some(Task { call, request, .. }) = self.tasks.remove(&key) else {
            return;
        };
        match call {
            Some(call) => {
                let hops = request.hops + 1;
                self.actions.push_back(HostAction::Refuse {
                    call,
                    retcode,
                    hops,
                });
            }
            None => self.report(now, &request, retcode),
        }
    }

    /// Tells the callback of a request what went wrong.
    pub(super) fn report(&mut self, now: SimTime, request: &Request<M>, retcode: String) {
        let Some(callback) = request.callback.clone() else {
            return;
        };
        let response = Response {
            retcode,
            output: None,
            states: request.states.clone(),
            responder: self.spec.endpoint.clone(),
            hops: request.hops + 1,
            uuid: Some(request.uuid.clone()),
        };
        self.deliver(now, callback, response);
    }

    pub(super) fn deliver(&mut self, now: SimTime, callback: String, response: Response<M>) {
        let key = self.key();
        self.deliveries.insert(
            key,
            Delivery {
                callback: callback.clone(),
                response: response.clone(),
                until: now + self.spec.deadline,
                again: None,
                pause: FIRST_PAUSE,
            },
        );
        self.actions.push_back(HostAction::Deliver {
            sending: Sending(key),
            callback,
            response,
        });
    }
}

/// The remote states that the step of a request needs, and where they are.
fn needed_remote<M: Matter>(request: &Request<M>) -> impl Iterator<Item = (&str, &str)> {
    request
        .states
        .iter()
        .filter_map(|(name, state)| match state {
            StateRef::Remote(at) if request.plan.needs(request.step, name) => {
                Some((name.as_str(), at.as_str()))
            }
            _ => None,
        })
}
