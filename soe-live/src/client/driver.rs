//! Drives a client of the model with a clock and a network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sim_core::{SimDuration, SimTime};
use soe_model::client::{Call, Client, Verdict};
use soe_model::units::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tracing::debug;
use uuid::Uuid;

use super::call::{CallError, Caller, payload};
use super::workflow::Workflow;
use crate::command::Stop;
use crate::mec::Follower;
use crate::rpc;

/// A client of the model in the real world.
#[derive(Debug)]
pub struct Driver {
    /// Decides when to call, how much, and whom.
    pub machine: Client,
    /// The function it calls.
    pub function: String,
    /// The destinations, in the order of the machine.
    pub destinations: Vec<Destination>,
    /// The input of every call, if it is not made from the size.
    pub content: Option<String>,
    /// Whether calls are only to be estimated.
    pub dry: bool,
    /// Where orders come from while it calls, if any can come.
    pub orders: Option<mpsc::UnboundedReceiver<Order>>,
}

/// What a call of a client comes down to.
#[derive(Clone, Debug)]
pub enum Destination {
    /// A call over the network.
    Call(Caller),
    /// A run of a workflow.
    Workflow(Arc<Workflow>),
    /// A call to the endpoint of a context of ETSI MEC.
    Context(Arc<Follower>),
}

/// What a client can be told while it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Start to call, or start anew.
    Start,
    /// Call no more, until started.
    Stop,
}

/// A finished call.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The client, as a position in the list of clients.
    pub client: u32,
    /// Its number, counted from 0 for each client.
    pub number: u64,
    /// The size of its input, as planned.
    pub size: Bytes,
    /// Who answered, as a position in the list of destinations.
    pub destination: u32,
    /// When it was sent.
    pub sent: SimTime,
    /// When the answer came that decided it.
    pub ended: SimTime,
    /// The answer.
    pub result: Result<rpc::LambdaResponse, CallError>,
}

/// How many calls several clients may issue together.
#[derive(Debug)]
pub struct Budget(AtomicU64);

/// What all clients of a run have in common.
#[derive(Debug)]
pub struct Common {
    /// Time zero of the models.
    pub origin: Instant,
    /// How many calls there may be.
    pub budget: Budget,
    /// Ends all clients early.
    pub stop: Stop,
    /// How long outstanding calls may take after that.
    pub grace: Duration,
}

/// An answer, from one of the destinations of a call.
struct Answer {
    call: Call,
    sent: SimTime,
    destination: u32,
    result: Result<rpc::LambdaResponse, CallError>,
}

impl Finished {
    /// From sending to the answer.
    pub fn latency(&self) -> SimDuration {
        self.ended.since(self.sent)
    }
}

impl Destination {
    /// Whom it calls.
    fn endpoint(&self) -> &str {
        match self {
            Self::Call(caller) => caller.endpoint(),
            Self::Workflow(workflow) => workflow.caller.endpoint(),
            Self::Context(_) => "the endpoint of its context",
        }
    }

    async fn call(&self, request: rpc::LambdaRequest) -> Result<rpc::LambdaResponse, CallError> {
        match self {
            Self::Call(caller) => caller.call(request).await,
            Self::Workflow(workflow) => workflow.run(request.input).await,
            Self::Context(follower) => follower.call(request).await,
        }
    }
}

impl Budget {
    /// A budget of this many calls; without end if `None`.
    pub fn new(calls: Option<u64>) -> Self {
        Self(AtomicU64::new(calls.unwrap_or(u64::MAX)))
    }

    /// Whether no call is left.
    pub fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Takes one call, if any is left.
    fn take(&self) -> bool {
        let less = |left: u64| match left {
            u64::MAX => Some(u64::MAX),
            left => left.checked_sub(1),
        };
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok()
    }
}

impl Common {
    fn now(&self) -> SimTime {
        SimTime::from_nanos(self.origin.elapsed().as_nanos() as u64)
    }

    fn instant(&self, time: SimTime) -> Instant {
        self.origin + Duration::from_nanos(time.as_nanos())
    }
}

impl Driver {
    /// Lets the client, number `index` of all, call until it has issued all its
    /// calls and got all answers, and no orders can come any more, or all are
    /// stopped; then outstanding calls are cancelled after a while. Every finished call is sent to
    /// `finished`; the client waits while that channel is full.
    pub async fn drive(mut self, index: u32, common: &Common, finished: mpsc::Sender<Finished>) {
        let give_up = Stop::new();
        let mut patience: Option<Instant> = None;
        let mut outstanding = FuturesUnordered::new();
        loop {
            while let Some(call) = self.machine.wake(common.now()) {
                if !common.budget.take() {
                    self.machine.stop();
                    break;
                }
                let sent = common.now();
                let request = self.request(call);
                for &destination in self.machine.targets() {
                    let whom = self.destinations[destination as usize].clone();
                    let (request, give_up) = (request.clone(), give_up.clone());
                    outstanding.push(async move {
                        let result = tokio::select! {
                            result = whom.call(request) => result,
                            () = give_up.wait() => Err(CallError::GivenUp),
                        };
                        Answer {
                            call,
                            sent,
                            destination,
                            result,
                        }
                    });
                }
            }
            if self.machine.is_idle() && outstanding.is_empty() {
                leave_contexts(&self.destinations).await;
            }
            let due = self.machine.next_wake();
            let stopped = patience.is_some();
            if due.is_none() && outstanding.is_empty() && (stopped || self.orders.is_none()) {
                return;
            }
            tokio::select! {
                Some(answer) = outstanding.next(), if !outstanding.is_empty() => {
                    if let Some(over) = self.answered(index, common.now(), answer)
                        && finished.send(over).await.is_err()
                    {
                        return;
                    }
                }
                () = sleep_until(common.instant(due.unwrap_or_default())), if due.is_some() => {}
                () = common.stop.wait(), if !stopped => {
                    self.machine.stop();
                    patience = Some(Instant::now() + common.grace);
                }
                () = sleep_until(patience.unwrap_or(common.origin)),
                    if stopped && !give_up.is_stopped() => give_up.stop(),
                order = next(&mut self.orders), if !stopped && self.orders.is_some() => match order {
                    Some(Order::Start) => self.machine.start(common.now()),
                    Some(Order::Stop) => self.machine.stop(),
                    None => self.orders = None,
                },
            }
        }
    }

    fn request(&self, call: Call) -> rpc::LambdaRequest {
        rpc::LambdaRequest {
            name: self.function.clone(),
            input: self.content.clone().unwrap_or_else(|| payload(call.size)),
            dry: self.dry,
            uuid: Uuid::new_v4().to_string(),
            ..Default::default()
        }
    }

    /// Tells the machine of an answer. Returns the call if that decided it.
    fn answered(&mut self, client: u32, now: SimTime, answer: Answer) -> Option<Finished> {
        let Answer {
            call,
            sent,
            destination,
            mut result,
        } = answer;
        let endpoint = self.destinations[destination as usize].endpoint();
        match &result {
            Ok(response) => {
                debug!(client, call = call.number, endpoint, ?response.ptime, "answered")
            }
            Err(error) => debug!(client, call = call.number, endpoint, %error, "failed"),
        }
        let several = self.destinations.len() > 1;
        if let Err(error @ (CallError::Status(_) | CallError::Transport(_) | CallError::Timeout(_))) =
            &mut result
            && several
        {
            *error = CallError::Nobody(error.to_string());
        }
        let verdict = self
            .machine
            .answered(now, call.number, destination, result.is_ok());
        matches!(verdict, Verdict::Won | Verdict::Failed).then_some(Finished {
            client,
            number: call.number,
            size: call.size,
            destination,
            sent,
            ended: now,
            result,
        })
    }
}

/// Gives back contexts that are not needed until the client is started again.
async fn leave_contexts(destinations: &[Destination]) {
    for destination in destinations {
        if let Destination::Context(follower) = destination {
            follower.leave().await;
        }
    }
}

/// The next order; `None` if none can come.
async fn next(orders: &mut Option<mpsc::UnboundedReceiver<Order>>) -> Option<Order> {
    match orders {
        Some(orders) => orders.recv().await,
        None => None,
    }
}
