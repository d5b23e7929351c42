//! A network of computers that loses, repeats and delays whatever it is told to.

use std::collections::BTreeMap;
use std::sync::Arc;

use sim_core::{SimDuration, SimTime, Stream, Streams};
use soe_model::units::Bytes;
use soe_model::workflow::*;

pub const CLIENT: &str = "client";
/// Word of departures is kept longer than anything takes.
pub const RETENTION: SimTime = SimTime::from_nanos(100_000_000_000_000);

enum Message {
    Request(usize, Option<(usize, Sending)>, Request<Sizes>),
    /// A copy of a request, which is dropped when it is too old.
    Repeated(usize, SimTime, Request<Sizes>),
    Ack(usize, Sending, Result<(), String>),
    Deliver(usize, Sending, Response<Sizes>),
    Ask(usize, Question, String, StateRequest<Bytes>),
    Reply(usize, Question, StateReply<Bytes>),
    Executed(usize, TaskKey, Bytes),
}

pub struct Bench {
    pub plan: Arc<Plan>,
    pub hosts: Vec<Host<Sizes>>,
    pub client: StateStore<Bytes>,
    pub run: Run<Sizes>,
    pub outcomes: Vec<Outcome<Sizes>>,
    pub executed: BTreeMap<u32, u32>,
    /// Whether some step ran before one of its predecessors.
    pub early: bool,
    now: SimTime,
    messages: Vec<Message>,
    chance: Stream,
    loss: f64,
    /// Whether time passes while messages are in progress.
    jumpy: bool,
    uuid: String,
}

impl Bench {
    pub fn new(plan: &Arc<Plan>, hosts: usize, seed: u64, loss: f64) -> Self {
        let hosts = (0..hosts).map(|number| {
            Host::new(HostSpec {
                endpoint: format!("host{number}"),
                asynchronous: true,
                companion: true,
                state_server: Some(format!("host{number}")),
                serves_states: true,
                join: JoinRule::All,
                deadline: SimDuration::from_secs(20),
                patience: SimDuration::from_secs(5),
                retention: RETENTION.since(SimTime::ZERO),
            })
        });
        let hosts = hosts.collect();
        let mut chance = Streams::new(seed, 0).stream("bench", "chance");
        let uuid = uuid(&mut chance);
        let mut client = StateStore::new(RETENTION.since(SimTime::ZERO));
        let mut states = States::new();
        for (number, name) in (0..).zip(plan.dependencies().keys()) {
            client.create(name, Bytes(1000 + number), 77 + number);
            states.insert(name.clone(), StateRef::Remote(CLIENT.into()));
        }
        let run = Run::new(
            SimTime::ZERO,
            RunSpec {
                plan: plan.clone(),
                style: Style::HopByHop {
                    callback: CLIENT.into(),
                },
                argument: Bytes(10),
                states,
                uuid: uuid.clone(),
                join: JoinRule::All,
                deadline: SimDuration::from_secs(200),
            },
        );
        Self {
            plan: plan.clone(),
            hosts,
            client,
            run,
            outcomes: Vec::new(),
            executed: BTreeMap::new(),
            early: false,
            now: SimTime::ZERO,
            messages: Vec::new(),
            chance,
            loss,
            jumpy: loss > 0.0,
            uuid,
        }
    }

    /// Runs until nothing is left to happen; messages arrive from the moment on
    /// at which the run is over.
    pub fn run_to_end(&mut self) {
        for _ in 0..100_000 {
            self.collect();
            if !self.outcomes.is_empty() {
                self.loss = 0.0;
            }
            let busy = !self.messages.is_empty();
            if busy && !(self.jumpy && self.chance.chance(0.02)) {
                let next = self.chance.index(self.messages.len());
                let message = self.messages.swap_remove(next);
                self.arrives(message);
                continue;
            }
            let hosts = self.hosts.iter().filter_map(Host::next_wake);
            let wakes = hosts.chain(self.run.next_wake());
            let due = wakes.min().filter(|due| *due < RETENTION);
            let Some(due) = due else {
                if busy {
                    continue;
                }
                return;
            };
            self.now = self.now.max(due);
            let now = self.now;
            self.run.wake(now);
            self.hosts.iter_mut().for_each(|host| host.wake(now));
        }
        panic!("never ends");
    }

    fn collect(&mut self) {
        while let Some(action) = self.run.poll() {
            match action {
                RunAction::Call { request, .. } => {
                    let to = self.destination(&request);
                    self.messages.push(Message::Request(to, None, request));
                }
                RunAction::Done(outcome) => self.outcomes.push(outcome),
            }
        }
        for number in 0..self.hosts.len() {
            while let Some(action) = self.hosts[number].poll() {
                self.act(number, action);
            }
        }
    }

    fn act(&mut self, host: usize, action: HostAction<Sizes>) {
        match action {
            HostAction::Acknowledge { .. } => {}
            HostAction::Refuse { retcode, .. } => panic!("{retcode}"),
            HostAction::Respond { .. } => panic!("nobody waits for a response"),
            HostAction::Execute { task, argument, .. } => {
                let step = self.hosts[host].task(task).unwrap().step;
                *self.executed.entry(step).or_default() += 1;
                let before = self.plan.predecessors(step);
                self.early |= before.iter().any(|step| !self.executed.contains_key(step));
                self.messages.push(Message::Executed(host, task, argument));
            }
            HostAction::Ask {
                question,
                to,
                request,
            } => self
                .messages
                .push(Message::Ask(host, question, to, request)),
            HostAction::Forward { sending, request } => {
                let to = self.destination(&request);
                let from = Some((host, sending));
                self.messages.push(Message::Request(to, from, request));
            }
            HostAction::Deliver {
                sending, response, ..
            } => self
                .messages
                .push(Message::Deliver(host, sending, response)),
        }
    }

    /// Joins meet in one place, others go anywhere.
    fn destination(&mut self, request: &Request<Sizes>) -> usize {
        if !request.plan.is_join(request.step) {
            return self.chance.index(self.hosts.len());
        }
        let meeting = Meeting::new(&request.uuid, request.step);
        let rank = |number: &usize| meeting.rank(&format!("host{number}"));
        (0..self.hosts.len()).max_by_key(rank).unwrap()
    }

    fn lost(&mut self) -> bool {
        self.chance.chance(self.loss)
    }

    fn arrives(&mut self, message: Message) {
        let now = self.now;
        match message {
            Message::Request(to, from, request) => {
                if self.lost() {
                    // The sender may learn it, or wait in vain.
                    if let (Some((host, sending)), true) = (from, self.chance.chance(0.5)) {
                        let gone = Err("RPC failed: gone".to_owned());
                        self.messages.push(Message::Ack(host, sending, gone));
                    }
                    return;
                }
                if self.chance.chance(0.2) {
                    let until = now + SimDuration::from_secs(15);
                    let repeated = Message::Repeated(to, until, request.clone());
                    self.messages.push(repeated);
                }
                assert_eq!(request.uuid, self.uuid);
                self.hosts[to].request(now, CallKey(0), request);
                match from {
                    Some((host, sending)) => {
                        self.messages.push(Message::Ack(host, sending, Ok(())));
                    }
                    None => self.run.acknowledged(),
                }
            }
            Message::Repeated(to, until, request) => {
                if now < until {
                    self.hosts[to].request(now, CallKey(0), request);
                }
            }
            Message::Ack(host, sending, outcome) => {
                if !self.lost() {
                    self.hosts[host].sent(now, sending, outcome);
                }
            }
            Message::Deliver(host, sending, response) => {
                let lost = self.lost();
                if !lost {
                    self.run.called_back(&response);
                }
                let outcome = if lost || self.lost() {
                    Err("RPC failed: gone".to_owned())
                } else {
                    Ok(())
                };
                self.messages.push(Message::Ack(host, sending, outcome));
            }
            Message::Ask(host, question, to, request) => {
                if self.lost() {
                    if self.chance.chance(0.5) {
                        let gone = StateReply::Unreachable("RPC failed: gone".into());
                        self.messages.push(Message::Reply(host, question, gone));
                    }
                    return;
                }
                let reply = match to.strip_prefix("host") {
                    Some(number) => {
                        let number: usize = number.parse().unwrap();
                        self.hosts[number].serve(now, request)
                    }
                    None => self.client.answer(now, request),
                };
                self.messages.push(Message::Reply(host, question, reply));
            }
            Message::Reply(host, question, reply) => {
                if !self.lost() {
                    self.hosts[host].state_replied(now, question, reply);
                }
            }
            Message::Executed(host, task, argument) => {
                self.hosts[host].executed(now, task, Ok(argument));
            }
        }
    }

    /// Where copies of a state are.
    pub fn copies(&self, name: &str) -> Vec<String> {
        let stores = self.hosts.iter().map(|host| {
            let endpoint = host.spec().endpoint.clone();
            (endpoint, host.states())
        });
        let client = (CLIENT.to_owned(), &self.client);
        let all = stores.chain([client]);
        let with = all.filter(|(_, store)| store.copies().any(|(found, _)| found == name));
        with.map(|(endpoint, _)| endpoint).collect()
    }

    /// Where the trail of a state ends that begins at the client.
    pub fn trail(&self, name: &str) -> Option<String> {
        let mut at = CLIENT.to_owned();
        for _ in 0..1000 {
            let store = match at.strip_prefix("host") {
                Some(number) => self.hosts[number.parse::<usize>().unwrap()].states(),
                None => &self.client,
            };
            match store.get(name) {
                StateReply::Found(..) => return Some(at),
                StateReply::Moved(to) => at = to,
                _ => return None,
            }
        }
        None
    }
}
