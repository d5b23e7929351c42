//! The part of a computer in workflows: its actions before and after the execution of
//! functions.

mod steps;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sim_core::{SimDuration, SimTime};

use super::admission::admit;
use super::join::{Arrival, Joins};
use super::matter::{JoinRule, Matter};
use super::message::{Request, Response};
use super::moving::{Moves, Question, StateRequest};
use super::store::{StateReply, StateStore};

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

    /// Whether no awaited operation is in progress: no execution, no join, no message
    /// that is not acknowledged.
    pub fn is_idle(&self) -> bool {
        let machines = self.joins.waiting() == 0 && self.moves.is_empty();
        let messages = self.forwards.is_empty() && self.deliveries.is_empty();
        self.tasks.is_empty() && machines && messages
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

    /// A request has arrived.
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
        self.store.answer(now, request)
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
}
