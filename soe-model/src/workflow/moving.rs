//! Moving states to the computers that use them.
//!
//! The new owner moves a state, in steps that may be repeated:
//!
//! 1. *get* the state from the server that a request names, or from the place to
//!    which that server refers;
//! 2. *put* it on the own server, which does not hand it out yet;
//! 3. after this is *acknowledged*, have the old owner *delete* it and remember the
//!    new place. From this moment the new owner has the state.
//!
//! The old owner keeps a state until the new one has it, so there is always at least
//! one copy. If step 3 gets no response, there may be two copies. The old owner then
//! knows which server owns the state, and the new one asks until it learns this, so
//! that one copy remains once both can reach each other. When two servers want the
//! same state at once, the old owner decides, and the loser follows the winner. With
//! versions, a late request cannot delete a newer state.
//!
//! Servers of the original know neither versions nor the new places of states. They
//! release a state at once. A copy on a server that could not be told to delete it
//! stays there.

use std::collections::{BTreeMap, VecDeque};

use sim_core::{SimDuration, SimTime};

use super::store::{StateReply, StateStore, Version};

/// What a state server is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateRequest<S> {
    /// For a state.
    Get {
        /// Its name.
        name: String,
    },
    /// To store a state.
    Put {
        /// Its name.
        name: String,
        /// Its content.
        content: S,
        /// Its version, if known.
        version: Option<Version>,
    },
    /// To let a state go.
    Delete {
        /// Its name.
        name: String,
        /// The version that is let go, if known.
        version: Option<Version>,
        /// Where it is now.
        to: Option<String>,
    },
}

/// A question to a state server that waits for its reply.
///
/// [`Moves`] hand out even numbers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question(pub u64);

/// How a move ended for those who wanted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveOutcome {
    /// The state is here.
    Here,
    /// It could not be had; why.
    Failed(String),
}

/// The first pause before something is tried again; it doubles each time.
const FIRST_PAUSE: SimDuration = SimDuration::from_millis(50);
/// The longest pause.
const LONGEST_PAUSE: SimDuration = SimDuration::from_secs(10);
/// How often a server without versions is told to let go.
const MOST_RELEASES: u32 = 3;

/// All states that are on their way to one server.
#[derive(Clone, Debug)]
pub struct Moves<S> {
    own: String,
    /// How long a request waits for a state.
    patience: SimDuration,
    moves: BTreeMap<String, Move<S>>,
    questions: u64,
    asks: VecDeque<(Question, String, StateRequest<S>)>,
    ended: VecDeque<(String, MoveOutcome)>,
}

#[derive(Clone, Debug)]
struct Move<S> {
    phase: Phase<S>,
    /// No request waits for it after this time.
    deadline: SimTime,
    wanted: bool,
    waits: Waits,
    tries: u32,
    /// Servers asked for the state so far.
    steps: u32,
}

#[derive(Clone, Debug)]
enum Phase<S> {
    Getting {
        at: String,
    },
    /// Only if the own server is another process.
    Putting {
        at: String,
        content: S,
        version: Option<Version>,
    },
    Releasing {
        at: String,
        version: Option<Version>,
    },
}

#[derive(Clone, Copy, Debug)]
enum Waits {
    /// For a reply, until then.
    Reply(Question, SimTime),
    /// To try again.
    Pause(SimTime),
}

/// After so many servers that point elsewhere, the trail is given up.
const LONGEST_TRAIL: u32 = 64;

impl<S: Clone> Moves<S> {
    /// Moves to the server called `own`. A request waits for a state no
    /// longer than `patience`.
    pub fn new(own: impl Into<String>, patience: SimDuration) -> Self {
        Self {
            own: own.into(),
            patience,
            moves: BTreeMap::new(),
            questions: 0,
            asks: VecDeque::new(),
            ended: VecDeque::new(),
        }
    }

    /// Moves a state here which lies at `from`, as far as is known. The outcome
    /// comes out of [`Self::poll_ended`], once for all who want it meanwhile.
    ///
    /// `store` is the own server, if it is in this process.
    pub fn want(
        &mut self,
        now: SimTime,
        name: &str,
        from: &str,
        store: Option<&mut StateStore<S>>,
    ) {
        let deadline = now + self.patience;
        if let Some(known) = self.moves.get_mut(name) {
            if !known.wanted {
                known.wanted = true;
                known.deadline = deadline;
            }
            return;
        }
        let at = from.to_owned();
        self.moves.insert(
            name.to_owned(),
            Move {
                phase: Phase::Getting { at },
                deadline,
                wanted: true,
                waits: Waits::Pause(now),
                tries: 0,
                steps: 0,
            },
        );
        self.follow(now, name, from.to_owned(), store);
    }

    /// The next question to send: to whom, and what.
    pub fn poll(&mut self) -> Option<(Question, String, StateRequest<S>)> {
        self.asks.pop_front()
    }

    /// The next requested state whose move has ended.
    pub fn poll_ended(&mut self) -> Option<(String, MoveOutcome)> {
        self.ended.pop_front()
    }

    /// Whether no state is in transit to this server.
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty()
    }

    /// Whether this question is one of these.
    pub fn is_waiting_for(&self, question: Question) -> bool {
        self.waiting(question).is_some()
    }

    fn waiting(&self, question: Question) -> Option<&String> {
        let waits =
            |known: &Move<S>| matches!(known.waits, Waits::Reply(asked, _) if asked == question);
        let found = self.moves.iter().find(|(_, known)| waits(known));
        found.map(|(name, _)| name)
    }

    /// Takes the reply to a question.
    pub fn replied(
        &mut self,
        now: SimTime,
        question: Question,
        reply: StateReply<S>,
        mut store: Option<&mut StateStore<S>>,
    ) {
        let Some(name) = self.waiting(question).cloned() else {
            return;
        };
        let Some(known) = self.moves.get(&name) else {
            return;
        };
        match (known.phase.clone(), reply) {
            (Phase::Getting { at }, StateReply::Found(content, version)) => {
                let next = version.map(Version::next);
                match store {
                    Some(store) => {
                        store.arrive(&name, content, next);
                        self.enter(now, &name, Phase::Releasing { at, version });
                    }
                    None => {
                        let version = next;
                        let phase = Phase::Putting {
                            at,
                            content,
                            version,
                        };
                        self.enter(now, &name, phase);
                    }
                }
            }
            (Phase::Getting { .. }, StateReply::Moved(to)) => self.follow(now, &name, to, store),
            (Phase::Getting { at }, StateReply::Missing) => {
                self.fail(&name, format!("could not find state in {at}: {name}"));
                self.moves.remove(&name);
            }
            (Phase::Putting { at, version, .. }, StateReply::Done) => {
                let version = version.map(|version| Version {
                    count: version.count.saturating_sub(1),
                    ..version
                });
                self.enter(now, &name, Phase::Releasing { at, version });
            }
            // A newer one has arrived: its old owner releases it.
            (Phase::Putting { .. }, StateReply::Newer) => self.arrived(&name),
            (Phase::Releasing { .. }, StateReply::Done | StateReply::Missing) => {
                if let Some(store) = store {
                    store.settle(&name);
                }
                self.arrived(&name);
            }
            (Phase::Releasing { .. }, StateReply::Moved(to)) if to == self.own => {
                if let Some(store) = store {
                    store.settle(&name);
                }
                self.arrived(&name);
            }
            (Phase::Releasing { .. }, StateReply::Moved(to)) => {
                if let Some(store) = &mut store {
                    store.withdraw(now, &name, &to);
                }
                self.follow(now, &name, to, store);
            }
            (Phase::Releasing { at, .. }, StateReply::Newer) => {
                self.enter(now, &name, Phase::Getting { at });
            }
            (Phase::Releasing { version: None, .. }, StateReply::Unreachable(_))
                if known.tries >= MOST_RELEASES =>
            {
                if let Some(store) = store {
                    store.settle(&name);
                }
                self.arrived(&name);
            }
            _ => self.pause(now, &name),
        }
    }

    /// When something is due.
    pub fn next_wake(&self) -> Option<SimTime> {
        let due = |known: &Move<S>| {
            let due = match known.waits {
                Waits::Reply(_, until) => until,
                Waits::Pause(until) => until,
            };
            if known.wanted {
                due.min(known.deadline)
            } else {
                due
            }
        };
        self.moves.values().map(due).min()
    }

    /// It is now at least that time.
    pub fn wake(&mut self, now: SimTime) {
        let names: Vec<_> = self.moves.keys().cloned().collect();
        for name in names {
            let Some(known) = self.moves.get_mut(&name) else {
                continue;
            };
            let wait_is_over = match known.waits {
                Waits::Pause(until) => until <= now,
                Waits::Reply(_, until) => until <= now,
            };
            if known.wanted && known.deadline <= now {
                known.wanted = false;
                let at = match &known.phase {
                    Phase::Getting { at }
                    | Phase::Putting { at, .. }
                    | Phase::Releasing { at, .. } => at.clone(),
                };
                let nothing_done = matches!(known.phase, Phase::Getting { .. });
                let failed = MoveOutcome::Failed(format!("no answer about state {name} from {at}"));
                self.ended.push_back((name.clone(), failed));
                if nothing_done {
                    self.moves.remove(&name);
                    continue;
                }
            }
            if wait_is_over {
                match known.waits {
                    Waits::Reply(..) => self.pause(now, &name),
                    Waits::Pause(_) => self.ask(now, &name),
                }
            }
        }
    }

    /// Looks for the state at the next server of the trail.
    fn follow(&mut self, now: SimTime, name: &str, at: String, store: Option<&mut StateStore<S>>) {
        let Some(known) = self.moves.get_mut(name) else {
            return;
        };
        known.steps += 1;
        if known.steps > LONGEST_TRAIL {
            self.fail(name, format!("could not find state in {at}: {name}"));
            self.moves.remove(name);
            return;
        }
        if at != self.own {
            return self.enter(now, name, Phase::Getting { at });
        }
        match store.map(|store| store.get(name)) {
            None | Some(StateReply::Found(..)) => self.arrived(name),
            Some(StateReply::Moved(to)) if to != at => {
                self.enter(now, name, Phase::Getting { at: to });
            }
            Some(_) => {
                self.fail(name, format!("could not find state in {at}: {name}"));
                self.moves.remove(name);
            }
        }
    }

    fn enter(&mut self, now: SimTime, name: &str, phase: Phase<S>) {
        if let Some(known) = self.moves.get_mut(name) {
            known.phase = phase;
            known.tries = 0;
            self.ask(now, name);
        }
    }

    fn ask(&mut self, now: SimTime, name: &str) {
        let Some(known) = self.moves.get_mut(name) else {
            return;
        };
        let question = Question(self.questions);
        self.questions += 2;
        known.tries += 1;
        let silence = SimDuration::from_nanos(self.patience.as_nanos() / 4);
        known.waits = Waits::Reply(question, now + silence);
        let name = name.to_owned();
        let (to, request) = match &known.phase {
            Phase::Getting { at } => (at.clone(), StateRequest::Get { name }),
            Phase::Putting {
                content, version, ..
            } => {
                let put = StateRequest::Put {
                    name,
                    content: content.clone(),
                    version: *version,
                };
                (self.own.clone(), put)
            }
            Phase::Releasing { at, version } => {
                let delete = StateRequest::Delete {
                    name,
                    version: *version,
                    to: Some(self.own.clone()),
                };
                (at.clone(), delete)
            }
        };
        self.asks.push_back((question, to, request));
    }

    fn pause(&mut self, now: SimTime, name: &str) {
        if let Some(known) = self.moves.get_mut(name) {
            let doublings = known.tries.saturating_sub(1).min(16);
            let pause = SimDuration::from_nanos(FIRST_PAUSE.as_nanos() << doublings);
            known.waits = Waits::Pause(now + pause.min(LONGEST_PAUSE));
        }
    }

    fn arrived(&mut self, name: &str) {
        if self.moves.remove(name).is_some_and(|known| known.wanted) {
            self.ended.push_back((name.to_owned(), MoveOutcome::Here));
        }
    }

    fn fail(&mut self, name: &str, reason: String) {
        if let Some(known) = self.moves.get_mut(name)
            && std::mem::take(&mut known.wanted)
        {
            self.ended
                .push_back((name.to_owned(), MoveOutcome::Failed(reason)));
        }
    }
}
