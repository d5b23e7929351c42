//! Brokers in the world: forwarding requests and passing responses back.

use sim_core::SimDuration;
use soe_model::broker::table::TableNames;
use soe_model::broker::{
    Action, Answer, Attempt, Broker, CallHeader, CallId, Failure, Outcome, ProbeAnswer, ProbeId,
    ProbeReply, Rejection,
};
use soe_model::names::{EndpointId, FunctionId, Names, NodeId};
use soe_model::workflow::Meeting;

use super::flow::BaggageId;
use super::leg::{Leg, LegId, Origin, Reply};
use super::{Alarm, Cx, Event, World};

/// A broker, and where it stands.
#[derive(Debug)]
pub(super) struct BrokerSide {
    pub name: String,
    pub machine: Broker,
    pub alarm: Alarm,
    pub node: NodeId,
    pub controller: Option<u32>,
}

impl BrokerSide {
    /// The weights of all entries of its first table, named
    /// `broker/function/destination`.
    pub fn weights(
        &self,
        functions: &Names<FunctionId>,
        endpoints: &Names<EndpointId>,
    ) -> Vec<(String, f32)> {
        let names = TableNames {
            functions,
            endpoints,
        };
        let overall = self.machine.tables().next();
        let entries = overall.map(|table| table.sorted(names)).unwrap_or_default();
        let name = |function, destination| {
            let function = functions.name(function);
            format!("{}/{function}/{}", self.name, endpoints.name(destination))
        };
        let named = entries
            .iter()
            .map(|entry| (name(entry.function, entry.destination), entry.weight));
        named.collect()
    }
}

impl World<'_> {
    pub(super) fn request_at_broker(&mut self, id: LegId, broker: u32, cx: &mut Cx<'_>) {
        let leg = &self.legs[id];
        let header = CallHeader {
            function: leg.function,
            input: leg.input,
            forward: leg.forward,
            hops: leg.hops,
            dry: leg.dry,
        };
        let call = CallId(u64::from(id.0));
        let machine = &mut self.brokers[broker as usize].machine;
        let request = match leg.baggage {
            BaggageId::NONE => None,
            some => self.flows.baggage.request(some),
        };
        match request {
            Some(request) if request.plan.is_join(request.step) => {
                let meeting = Meeting::new(&request.uuid, request.step);
                machine.arrive_to_meet(cx.now(), call, &header, meeting, &self.endpoints);
            }
            _ => {
                machine.arrive(cx.now(), call, &header);
            }
        }
        self.act_for_broker(broker, cx);
    }

    /// The response to an attempt is back at the broker.
    pub(super) fn response_at_broker(
        &mut self,
        broker: u32,
        arrived: LegId,
        attempt: Attempt,
        leg: &Leg,
        cx: &mut Cx<'_>,
    ) {
        let now = cx.now();
        // Kept where the response to the caller will find it.
        self.legs[arrived].reply = leg.reply;
        let machine = &mut self.brokers[broker as usize].machine;
        match leg.reply {
            Reply::Done(execution) => {
                let answer = Answer {
                    processing: execution.processing,
                    load1: u32::from(execution.load.one),
                    acknowledgement: leg.baggage != BaggageId::NONE
                        && self.flows.baggage.is_asynchronous(leg.baggage),
                    cold: false,
                };
                machine.answered(now, attempt, &answer);
            }
            Reply::Refused(_) => machine.failed(now, attempt, Failure::Application),
            Reply::Unreachable | Reply::Pending => {
                machine.failed(now, attempt, Failure::Transport);
            }
        }
        self.act_for_broker(broker, cx);
    }

    /// The answer to a question is back at the broker.
    pub(super) fn answer_at_broker(
        &mut self,
        broker: u32,
        probe: ProbeId,
        leg: &Leg,
        cx: &mut Cx<'_>,
    ) {
        let reply = match leg.reply {
            Reply::Done(execution) => ProbeReply::Answered(ProbeAnswer {
                load1: Some(u32::from(execution.load.one)),
                ..execution.processing.into()
            }),
            Reply::Refused(_) => ProbeReply::Failed(Failure::Application),
            Reply::Unreachable | Reply::Pending => ProbeReply::Failed(Failure::Transport),
        };
        let machine = &mut self.brokers[broker as usize].machine;
        machine.probe_replied(cx.now(), probe, reply);
        self.act_for_broker(broker, cx);
    }

    pub(super) fn wake_broker(&mut self, broker: u32, cx: &mut Cx<'_>) {
        let side = &mut self.brokers[broker as usize];
        side.alarm.rang();
        side.machine.wake(cx.now());
        self.act_for_broker(broker, cx);
    }

    /// Does what the broker wants done.
    pub(super) fn act_for_broker(&mut self, broker: u32, cx: &mut Cx<'_>) {
        while let Some(action) = self.brokers[broker as usize].machine.poll() {
            match action {
                Action::Forward {
                    call,
                    attempt,
                    destination,
                    after,
                    header,
                } => {
                    let arrived = LegId(call.0 as u32);
                    let origin = Origin::Broker {
                        broker,
                        arrived,
                        attempt,
                    };
                    self.forward(origin, broker, arrived, destination, after, &header, cx);
                }
                Action::Probe {
                    call,
                    probe,
                    destination,
                    header,
                } => {
                    let now = cx.now();
                    if let Some(reply) = self.foresee(broker, destination, &header, now) {
                        let machine = &mut self.brokers[broker as usize].machine;
                        machine.probe_replied(now, probe, reply);
                        continue;
                    }
                    let origin = Origin::Probe { broker, probe };
                    let arrived = LegId(call.0 as u32);
                    let at_once = SimDuration::ZERO;
                    self.forward(origin, broker, arrived, destination, at_once, &header, cx);
                }
                Action::Respond { call, outcome } => {
                    self.respond_for_broker(broker, LegId(call.0 as u32), outcome, cx);
                }
                Action::ReportFailure { destination } => {
                    self.report_failure(broker, destination, cx);
                }
            }
        }
        let side = &mut self.brokers[broker as usize];
        let wanted = side.machine.next_wake();
        side.alarm.set(wanted, Event::Broker(broker), cx);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one message")]
    fn forward(
        &mut self,
        origin: Origin,
        broker: u32,
        arrived: LegId,
        destination: EndpointId,
        after: SimDuration,
        header: &CallHeader,
        cx: &mut Cx<'_>,
    ) {
        let call = &self.legs[arrived];
        let leg = Leg {
            origin,
            from: self.brokers[broker as usize].node,
            to: destination,
            function: header.function,
            input: header.input,
            call: call.call,
            issued: call.issued,
            hops: header.hops,
            forward: header.forward,
            dry: header.dry,
            baggage: match header.dry {
                false => call.baggage,
                true => BaggageId::NONE,
            },
            reply: Reply::Pending,
        };
        self.send_request(leg, after, cx);
    }

    fn respond_for_broker(
        &mut self,
        broker: u32,
        arrived: LegId,
        outcome: Outcome,
        cx: &mut Cx<'_>,
    ) {
        let reply = match outcome {
            Outcome::Answered { .. } | Outcome::Refused { .. } => self.legs[arrived].reply,
            Outcome::Rejected(rejection) => {
                let text = match rejection {
                    Rejection::AllFailed { last } => {
                        format!("{rejection}: {} is unreachable", self.endpoints.name(last))
                    }
                    _ => rejection.to_string(),
                };
                Reply::Refused(self.recorder.names.intern(&text))
            }
        };
        let reply = match reply {
            Reply::Done(mut execution) if self.recorder.observer.is_some() => {
                let name = &self.brokers[broker as usize].name;
                execution.path = Some(self.recorder.extend_path(name, execution.path));
                Reply::Done(execution)
            }
            reply => reply,
        };
        self.respond(arrived, reply, cx);
    }

    /// The tables of each broker, as the original's tools print them.
    pub(crate) fn tables(&self) -> Vec<(String, String)> {
        let names = TableNames {
            functions: &self.functions,
            endpoints: &self.endpoints,
        };
        let tables = |broker: &BrokerSide| {
            let mut text = String::new();
            for (number, table) in broker.machine.tables().enumerate() {
                text += &format!("Table#{number}\n{}", table.dump(names));
            }
            (broker.name.clone(), text)
        };
        self.brokers.iter().map(tables).collect()
    }
}
