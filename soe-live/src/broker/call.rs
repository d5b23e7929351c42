//! One call at a broker, from request to response.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use sim_core::{SimDuration, SlotKey};
use soe_model::broker::{
    Answer, Attempt, CallHeader, CallId, Failure, Outcome, ProbeAnswer, ProbeReply, Rejection,
    Ticket,
};
use soe_model::names::EndpointId;
use soe_model::units::Bytes;
use tonic::Status;
use tracing::{debug, trace};

use super::Broker;
use super::core::{Probe, Todo, Waiting};
use crate::budget::Account;
use crate::clock::duration;
use crate::link::Means;
use crate::metrics::Attempted;
use crate::peer::CallError;
use crate::rpc;
use crate::server::{Caller, Invocation, Invocations};
use crate::wire::{Frame, Reply, Request, Response};
use crate::workflow::meeting;

impl Invocations for Broker {
    fn invoke(self: Arc<Self>, request: Frame, caller: Caller) -> Invocation {
        Box::pin(async move {
            let request = Request::read(request).map_err(|error| {
                debug!("malformed request: {error}");
                Status::invalid_argument(format!("malformed LambdaRequest: {error}"))
            })?;
            Ok(self.forward(request, caller).await)
        })
    }
}

/// What holds for all attempts of a call.
#[derive(Clone)]
struct Bounds {
    deadline: Instant,
    /// The account that pays for the memory of the response.
    account: Option<Arc<Account>>,
}

/// The result of the latest attempt, until the model decides what to do with it.
#[derive(Default)]
struct Latest {
    response: Option<Response>,
    error: Option<String>,
}

impl Broker {
    async fn forward(self: Arc<Self>, request: Request, caller: Caller) -> Frame {
        let Caller { deadline, account } = caller;
        let limits = Bounds {
            deadline: self.deadline(deadline),
            account,
        };
        let mut call = self.clone().arrive(&request);
        let mut latest = Latest::default();
        loop {
            match self.next(&call, &request, &limits).await {
                Todo::Forward {
                    attempt,
                    destination,
                    after,
                    header,
                } => {
                    if !after.is_zero() {
                        tokio::time::sleep(duration(after)).await;
                    }
                    latest = self
                        .attempt(&request, attempt, destination, &header, &limits)
                        .await;
                }
                Todo::Respond(outcome) => {
                    call.ticket = None;
                    return self.respond(request.name(), outcome, latest);
                }
            }
        }
    }

    /// Tells the model of a new call.
    fn arrive(self: Arc<Self>, request: &Request) -> Call {
        let meeting = meeting(request);
        let mut guard = self.core();
        let core = &mut *guard;
        let header = CallHeader {
            function: core.function(request.name()),
            input: Bytes(request.size() as u64),
            forward: request.forward,
            hops: request.hops,
            dry: request.dry,
        };
        let id = core.calls.insert(Waiting::default()).to_bits();
        let now = self.clock.now();
        let call = CallId(id);
        let ticket = match meeting {
            None => core.broker.arrive(now, call, &header),
            Some(meeting) => {
                let endpoints = &core.endpoints;
                core.broker
                    .arrive_to_meet(now, call, &header, meeting, endpoints)
            }
        };
        self.settle(guard);
        Call {
            broker: self,
            id,
            ticket: Some(ticket),
        }
    }

    /// Waits for what is to be done next, and asks destinations meanwhile if the
    /// model wants to.
    async fn next(self: &Arc<Self>, call: &Call, request: &Request, limits: &Bounds) -> Todo {
        loop {
            let next = poll_fn(|cx| {
                let mut core = self.core();
                let Some(waiting) = core.calls.get_mut(SlotKey::from_bits(call.id)) else {
                    let outcome = Outcome::Rejected(Rejection::NoDestination);
                    return Poll::Ready(Ok(Todo::Respond(outcome)));
                };
                // Probes first: they need the request, and the call does not wait for them.
                if !waiting.probes.is_empty() {
                    Poll::Ready(Err(std::mem::take(&mut waiting.probes)))
                } else if let Some(todo) = waiting.todo.take() {
                    Poll::Ready(Ok(todo))
                } else {
                    waiting.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            });
            match next.await {
                Ok(todo) => return todo,
                Err(probes) => {
                    for probe in probes {
                        let limits = limits.clone();
                        tokio::spawn(self.clone().probe(probe, request.clone(), limits));
                    }
                }
            }
        }
    }

    /// Sends a call to a destination and tells the model what came of it.
    async fn attempt(
        &self,
        request: &Request,
        attempt: Attempt,
        destination: EndpointId,
        header: &CallHeader,
        limits: &Bounds,
    ) -> Latest {
        let counted = self.metrics.get().map(|metrics| (metrics, Instant::now()));
        let response = self.send(request, destination, header, limits).await;
        let mut core = self.core();
        if let Some((metrics, since)) = counted {
            let name = core.endpoints.name(destination);
            metrics.attempted(
                name,
                attempt.number(),
                attempted(&response),
                since.elapsed(),
            );
        }
        let now = self.clock.now();
        let mut latest = Latest::default();
        match response {
            Ok(response) if response.is_ok => {
                let answer = Answer {
                    processing: SimDuration::from_millis(response.ptime.into()),
                    load1: response.load1,
                    acknowledgement: response.asynchronous,
                    cold: false,
                    rif: response.in_flight,
                };
                core.broker.answered(now, attempt, &answer);
                latest.response = Some(response);
            }
            Ok(response) => {
                core.broker.failed(now, attempt, Failure::Application);
                latest.response = Some(response);
            }
            Err(error) => {
                debug!("{}: {error}", core.endpoints.name(destination));
                latest.error = Some(error.to_string());
                let offer = core.offers(header.function, destination);
                core.broker.failed(now, attempt, error.failure());
                if let (CallError::Unreachable { .. }, Some(is_final)) = (&error, offer) {
                    core.has_failed(header.function, destination, is_final, &error);
                }
            }
        }
        self.settle(core);
        latest
    }

    /// Asks a destination how long a call would take.
    async fn probe(self: Arc<Self>, probe: Probe, request: Request, limits: Bounds) {
        let Probe {
            probe,
            destination,
            header,
        } = probe;
        let replied = self.send(&request, destination, &header, &limits).await;
        if let Some(metrics) = self.metrics.get() {
            metrics.probed(attempted(&replied));
        }
        let mut core = self.core();
        let reply = match replied {
            Ok(ref response) if response.is_ok => {
                let processing = SimDuration::from_millis(response.ptime.into());
                ProbeReply::Answered(ProbeAnswer {
                    load1: Some(response.load1),
                    rif: response.in_flight,
                    ..processing.into()
                })
            }
            Ok(_) => ProbeReply::Failed(Failure::Application),
            Err(ref error) => {
                debug!("{}: {error}", core.endpoints.name(destination));
                ProbeReply::Failed(error.failure())
            }
        };
        let offer = core.offers(header.function, destination);
        core.broker.probe_replied(self.clock.now(), probe, reply);
        if let (Err(error @ CallError::Unreachable { .. }), Some(is_final)) = (&replied, offer) {
            core.has_failed(header.function, destination, is_final, error);
        }
        self.settle(core);
    }

    async fn send(
        &self,
        request: &Request,
        destination: EndpointId,
        header: &CallHeader,
        limits: &Bounds,
    ) -> Result<Response, CallError> {
        if self.forwarding.fake {
            let reply = Reply {
                retcode: rpc::OK,
                hops: header.hops,
                ..Reply::default()
            };
            return response(reply.with_text(""));
        }
        let peer = self.peer(&mut self.core(), destination);
        let peer = peer.map_err(|error| CallError::Unreachable {
            reason: error.to_string(),
            delivered: false,
        })?;
        let frame = request.forwarded(header.hops, header.dry);
        let means = Means {
            message: self.forwarding.message,
            account: limits.account.as_ref(),
        };
        response(peer.call(frame, means, limits.deadline).await?)
    }

    /// What the caller gets.
    fn respond(&self, function: &str, outcome: Outcome, latest: Latest) -> Frame {
        if let Some(metrics) = self.metrics.get() {
            metrics.answered(&outcome);
        }
        match (outcome, latest) {
            (
                Outcome::Answered { destination, .. } | Outcome::Refused { destination },
                Latest {
                    response: Some(response),
                    ..
                },
            ) => {
                let core = self.core();
                let destination = core.endpoints.name(destination);
                trace!("{function}: {destination}");
                response.passed_on(destination)
            }
            (
                Outcome::Refused { .. } | Outcome::Rejected(Rejection::AllFailed { .. }),
                Latest {
                    error: Some(error), ..
                },
            ) => Reply::error(&error),
            (Outcome::Rejected(rejection), _) => Reply::error(&rejection.to_string()),
            (Outcome::Answered { .. } | Outcome::Refused { .. }, _) => {
                Reply::error("RPC failed: no response")
            }
        }
    }
}

/// A call in progress: cancelled if its future is dropped before the end.
struct Call {
    broker: Arc<Broker>,
    id: u64,
    ticket: Option<Ticket>,
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut core = self.broker.core();
        let now = self.broker.clock.now();
        let probes = core
            .calls
            .remove(SlotKey::from_bits(self.id))
            .map(|waiting| waiting.probes);
        // Questions that were not sent would keep their places for ever.
        for probe in probes.iter().flatten() {
            let reply = ProbeReply::TimedOut;
            core.broker.probe_replied(now, probe.probe, reply);
        }
        if let Some(ticket) = self.ticket.take() {
            core.broker.cancel(now, ticket);
            self.broker.settle(core);
        } else if probes.is_some_and(|probes| !probes.is_empty()) {
            self.broker.settle(core);
        }
    }
}

/// What came of sending something, in the terms of the model.
fn attempted(sent: &Result<Response, CallError>) -> Attempted {
    match sent {
        Ok(response) if response.is_ok => Attempted::Executed,
        Ok(_) => Attempted::Failed(Failure::Application),
        Err(error) => Attempted::Failed(error.failure()),
    }
}

fn response(frame: Frame) -> Result<Response, CallError> {
    Response::read(frame)
        .map_err(|error| CallError::Refused(format!("malformed LambdaResponse: {error}")))
}
