//! A computer that takes part in workflows: what it does around executing
//! functions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sim_core::{SimDuration, SimTime};

use super::admission::admit;
use super::join::{Arrival, Joins};
use super::matter::{JoinRule, Matter};
use super::message::{OK, Request, Response, StateRef};
use super::moving::{MoveOutcome, Moves, Question, StateRequest};
use super::store::{StateReply, StateStore, Version};

/// What a computer can do for workflows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSpec {
    /// The endpoint by which others know it.
    pub endpoint: String,
    /// Whether it executes asynchronously.
    pub asynchronous: bool,
    /// Whether it has a companion broker, through which it calls the next
    /// functions.
    pub companion: bool,
    /// The endpoint of its state server, if it has one.
    pub state_server: Option<String>,
    /// Whether that server is its own. Otherwise states stay on that server: they
    /// are read before and written after each execution that needs them.
    pub serves_states: bool,
    /// What functions with several predecessors receive.
    pub join: JoinRule,
    /// How long a join waits for its requests, a call of the next function for
    /// its acknowledgement, and a result for its receiver.
    pub deadline: SimDuration,
    /// How long a function waits for a state.
    pub patience: SimDuration,
    /// How long the state server remembers where a state has gone.
    pub retention: SimDuration,
}

/// How the driver calls a request that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(pub u64);

/// An execution of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskKey(pub u64);

/// A message whose arrival is to be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sending(pub u64);

/// What a computer wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum HostAction<M: Matter> {
    /// Acknowledge a request: its outcome follows by another way.
    Acknowledge {
        /// The request.
        call: CallKey,
        /// Nodes passed.
        hops: u32,
    },
    /// Refuse a request, with this retcode.
    Refuse {
        /// The request.
        call: CallKey,
        /// Why.
        retcode: String,
        /// Nodes passed.
        hops: u32,
    },
    /// Respond to a request.
    Respond {
        /// The request.
        call: CallKey,
        /// The outcome.
        response: Response<M>,
    },
    /// Execute a function, and report the outcome to [`Host::executed`].
    Execute {
        /// The execution.
        task: TaskKey,
        /// The request that waits for its response, unless it was acknowledged.
        call: Option<CallKey>,
        /// The function.
        function: String,
        /// What it receives.
        argument: M::Argument,
    },
    /// Ask a state server, and report its reply to [`Host::state_replied`].
    Ask {
        /// The question.
        question: Question,
        /// The endpoint of the server.
        to: String,
        /// What to ask.
        request: StateRequest<M::State>,
    },
    /// Send a request to the companion, and report to [`Host::sent`] whether it
    /// was acknowledged.
    Forward {
        /// The message.
        sending: Sending,
        /// The request.
        request: Request<M>,
    },
    /// Send a result to a callback, and report to [`Host::sent`] whether it
    /// arrived.
    Deliver {
        /// The message.
        sending: Sending,
        /// The endpoint of the callback.
        callback: String,
        /// The result.
        response: Response<M>,
    },
}

/// The machine of one computer.
///
/// Every request gets exactly one answer. A request with a callback that was
/// acknowledged leads to requests for the next steps or to a result at the
/// callback; whatever goes wrong on the way (a state cannot be had, a branch does
/// not come, a call of the next function is refused or stays unanswered) becomes a
/// result with the error, within the deadlines.
#[derive(Clone, Debug)]
pub struct Host<M: Matter> {
    spec: HostSpec,
    joins: Joins<M>,
    store: StateStore<M::State>,
    moves: Moves<M::State>,
    tasks: BTreeMap<u64, Task<M>>,
    forwards: BTreeMap<u64, (Request<M>, SimTime)>,
    deliveries: BTreeMap<u64, Delivery<M>>,
    next_key: u64,
    actions: VecDeque<HostAction<M>>,
}

#[derive(Clone, Debug)]
struct Task<M: Matter> {
    /// The request to respond to, unless it was acknowledged.
    call: Option<CallKey>,
    request: Request<M>,
    phase: Phase<M>,
}

#[derive(Clone, Debug)]
enum Phase<M: Matter> {
    /// Waits for these states to be here.
    Moving(BTreeSet<String>),
    /// Waits for the contents of these states, until then.
    Reading(BTreeMap<u64, String>, SimTime),
    Executing,
    /// Waits for these states to be written, until then.
    Writing(BTreeSet<u64>, M::Argument, SimTime),
}

#[derive(Clone, Debug)]
struct Delivery<M: Matter> {
    callback: String,
    response: Response<M>,
    until: SimTime,
    again: Option<SimTime>,
    pause: SimDuration,
}

/// The first pause before a result is sent again; it doubles each time.
const FIRST_PAUSE: SimDuration = SimDuration::from_millis(100);

impl<M: Matter> Host<M> {
    /// A computer without requests.
    pub fn new(spec: HostSpec) -> Self {
        let own = spec.state_server.clone().unwrap_or_default();
        Self {
            joins: Joins::new(spec.join, spec.deadline),
            store: StateStore::new(spec.retention),
            moves: Moves::new(own, spec.patience),
            tasks: BTreeMap::new(),
            forwards: BTreeMap::new(),
            deliveries: BTreeMap::new(),
            next_key: 0,
            actions: VecDeque::new(),
            spec,
        }
    }

    /// What it can do.
    pub fn spec(&self) -> &HostSpec {
        &self.spec
    }

    /// The states on its server.
    pub fn states(&self) -> &StateStore<M::State> {
        &self.store
    }

    /// Its server, to put states there from the start.
    pub fn states_mut(&mut self) -> &mut StateStore<M::State> {
        &mut self.store
    }

    /// The request that an execution serves, with the states it needs here.
    pub fn task(&self, task: TaskKey) -> Option<&Request<M>> {
        self.tasks.get(&task.0).map(|task| &task.request)
    }

    /// What it wants done next, if anything.
    pub fn poll(&mut self) -> Option<HostAction<M>> {
        if let Some((question, to, request)) = self.moves.poll() {
            return Some(HostAction::Ask {
                question,
                to,
                request,
            });
        }
        self.actions.pop_front()
    }

    /// A request has come.
    pub fn request(&mut self, now: SimTime, call: CallKey, request: Request<M>) {
        let spec = &self.spec;
        let state_server = spec.state_server.is_some();
        let hops = request.hops + 1;
        if let Err(problem) = admit(&request, spec.asynchronous, spec.companion, state_server) {
            let retcode = problem.to_string();
            self.actions.push_back(HostAction::Refuse {
                call,
                retcode,
                hops,
            });
            return;
        }
        if request.callback.is_none() {
            return self.begin(now, Some(call), request);
        }
        self.actions
            .push_back(HostAction::Acknowledge { call, hops });
        if let Arrival::Complete(request) = self.joins.arrive(now, request) {
            self.begin(now, None, request);
        }
    }

    /// A function was executed, or could not be.
    pub fn executed(&mut self, now: SimTime, task: TaskKey, outcome: Result<M::Argument, String>) {
        let key = task.0;
        let Some(task) = self.tasks.get_mut(&key) else {
            return;
        };
        if !matches!(task.phase, Phase::Executing) {
            return;
        }
        match outcome {
            Ok(output) => self.write_back(now, key, output),
            Err(text) => self.fail(now, key, text),
        }
    }

    /// A state server has replied, or will not.
    pub fn state_replied(&mut self, now: SimTime, question: Question, reply: StateReply<M::State>) {
        if self.moves.is_waiting_for(question) {
            let store = self.spec.serves_states.then_some(&mut self.store);
            self.moves.replied(now, question, reply, store);
            return self.end_moves(now);
        }
        let waits = |task: &Task<M>| match &task.phase {
            Phase::Reading(names, _) => names.contains_key(&question.0),
            Phase::Writing(questions, ..) => questions.contains(&question.0),
            _ => false,
        };
        let found = self.tasks.iter().find(|(_, task)| waits(task));
        let Some((&key, _)) = found else {
            return;
        };
        self.shared_replied(now, key, question.0, reply);
    }

    /// A message has arrived and was acknowledged, or not, and why.
    pub fn sent(&mut self, now: SimTime, sending: Sending, outcome: Result<(), String>) {
        if let Some((request, _)) = self.forwards.remove(&sending.0) {
            if let Err(text) = outcome {
                self.report(now, &request, text);
            }
        } else if let Some(delivery) = self.deliveries.get_mut(&sending.0) {
            match outcome {
                Ok(()) => {
                    self.deliveries.remove(&sending.0);
                }
                Err(_) => {
                    delivery.again = Some(now + delivery.pause);
                    delivery.pause = delivery.pause + delivery.pause;
                }
            }
        }
    }

    /// The computer vanishes with all that it was doing. States stay, out of reach.
    /// Returns the requests that waited for a response.
    pub fn vanish(&mut self) -> Vec<CallKey> {
        let tasks = std::mem::take(&mut self.tasks);
        self.forwards.clear();
        self.deliveries.clear();
        self.joins = Joins::new(self.spec.join, self.spec.deadline);
        let is_state = |action: &HostAction<M>| matches!(action, HostAction::Ask { .. });
        self.actions.retain(is_state);
        tasks.into_values().filter_map(|task| task.call).collect()
    }

    /// Its state server is asked.
    pub fn serve(&mut self, now: SimTime, request: StateRequest<M::State>) -> StateReply<M::State> {
        match request {
            StateRequest::Get { name } => self.store.get(&name),
            StateRequest::Put {
                name,
                content,
                version,
            } => self.store.put(&name, content, version),
            StateRequest::Delete { name, version, to } => {
                self.store.delete(now, &name, version, to.as_deref())
            }
        }
    }

    /// When something is due, if ever.
    pub fn next_wake(&self) -> Option<SimTime> {
        let tasks = self.tasks.values().filter_map(|task| match task.phase {
            Phase::Reading(_, until) | Phase::Writing(_, _, until) => Some(until),
            _ => None,
        });
        let forwards = self.forwards.values().map(|(_, until)| *until);
        let deliveries = self.deliveries.values();
        let deliveries = deliveries.map(|delivery| {
            let again = delivery.again.unwrap_or(SimTime::MAX);
            again.min(delivery.until)
        });
        let machines = [
            self.joins.next_wake(),
            self.moves.next_wake(),
            self.store.next_wake(),
        ];
        let machines = machines.into_iter().flatten();
        tasks
            .chain(forwards)
            .chain(deliveries)
            .chain(machines)
            .min()
    }

    /// It is now at least that time.
    pub fn wake(&mut self, now: SimTime) {
        for (request, text) in self.joins.wake(now) {
            self.report(now, &request, text);
        }
        self.store.wake(now);
        self.moves.wake(now);
        self.end_moves(now);
        let late =
            |(&key, (_, until)): (&u64, &(Request<M>, SimTime))| (*until <= now).then_some(key);
        let forwards: Vec<_> = self.forwards.iter().filter_map(late).collect();
        for key in forwards {
            if let Some((request, _)) = self.forwards.remove(&key) {
                let text = format!("the call of {} was not acknowledged", request.function());
                self.report(now, &request, text);
            }
        }
        let late = |(&key, task): (&u64, &Task<M>)| match task.phase {
            Phase::Reading(_, until) | Phase::Writing(_, _, until) => (until <= now).then_some(key),
            _ => None,
        };
        let tasks: Vec<_> = self.tasks.iter().filter_map(late).collect();
        for key in tasks {
            let server = self.spec.state_server.clone().unwrap_or_default();
            self.fail(now, key, format!("no answer from state server {server}"));
        }
        self.deliveries.retain(|_, delivery| delivery.until > now);
        for (&key, delivery) in &mut self.deliveries {
            if delivery.again.is_some_and(|again| again <= now) {
                delivery.again = None;
                self.actions.push_back(HostAction::Deliver {
                    sending: Sending(key),
                    callback: delivery.callback.clone(),
                    response: delivery.response.clone(),
                });
            }
        }
    }

    fn key(&mut self) -> u64 {
        self.next_key += 1;
        // Odd, as questions about moves are even.
        2 * self.next_key - 1
    }

    /// Gets the states that a step needs, and executes it.
    fn begin(&mut self, now: SimTime, call: Option<CallKey>, request: Request<M>) {
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
    fn end_moves(&mut self, now: SimTime) {
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

    /// Goes on with a task if all its states are here.
    fn proceed(&mut self, now: SimTime, key: u64) {
        let Some(task) = self.tasks.get_mut(&key) else {
            return;
        };
        if !matches!(&task.phase, Phase::Moving(missing) if missing.is_empty()) {
            return;
        }
        let names: Vec<_> = match self.spec.serves_states {
            true => Vec::new(),
            false => needed_remote(&task.request)
                .map(|(name, _)| name.to_owned())
                .collect(),
        };
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

    fn execute(&mut self, key: u64) {
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

    fn ask_own(&mut self, question: u64, request: StateRequest<M::State>) {
        self.actions.push_back(HostAction::Ask {
            question: Question(question),
            to: self.spec.state_server.clone().unwrap_or_default(),
            request,
        });
    }

    /// The server whose states stay there has replied about one of a task.
    fn shared_replied(
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
    fn write_back(&mut self, now: SimTime, key: u64, output: M::Argument) {
        let Some(task) = self.tasks.get(&key) else {
            return;
        };
        let names: Vec<_> = match self.spec.serves_states {
            true => Vec::new(),
            false => needed_remote(&task.request)
                .map(|(name, _)| name.to_owned())
                .collect(),
        };
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
    fn complete(&mut self, now: SimTime, key: u64, output: M::Argument) {
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
    fn forward(&mut self, now: SimTime, request: &Request<M>, response: &Response<M>) {
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
    fn fail(&mut self, now: SimTime, key: u64, retcode: String) {
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
    fn report(&mut self, now: SimTime, request: &Request<M>, retcode: String) {
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

    fn deliver(&mut self, now: SimTime, callback: String, response: Response<M>) {
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
