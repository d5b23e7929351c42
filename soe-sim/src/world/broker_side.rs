//! Brokers in the world: forwarding requests and passing responses back.

use sim_core::{SimDuration, SimTime};
use soe_model::broker::table::TableNames;
use soe_model::broker::{
    Action, Answer, Attempt, Broker, CallHeader, CallId, Command, Failure, Outcome, ProbeAnswer,
    ProbeId, ProbeReply, Rejection,
};
use soe_model::names::{EndpointId, FunctionId, Names, NodeId};
use soe_model::workflow::Meeting;

use super::computer_side::Computers;
use super::control::{Controllers, Update};
use super::event::{Alarm, Cx, Event};
use super::foresight::foresee;
use super::ids::{BaggageId, BrokerId, ControllerId, LegId, Receiver};
use super::leg::{Leg, Origin, Reply};
use super::shared::Shared;
use super::wire::Wire;

/// A broker and its node.
#[derive(Debug)]
pub(super) struct BrokerSide {
    name: String,
    machine: Broker,
    alarm: Alarm,
    node: NodeId,
    endpoint: EndpointId,
    controller: Option<ControllerId>,
}

impl BrokerSide {
    pub fn new(
        name: String,
        machine: Broker,
        node: NodeId,
        endpoint: EndpointId,
        controller: Option<ControllerId>,
    ) -> Self {
        Self {
            name,
            machine,
            alarm: Alarm::default(),
            node,
            endpoint,
            controller,
        }
    }

    /// Its model, read-only.
    pub fn machine(&self) -> &Broker {
        &self.machine
    }

    pub fn node(&self) -> NodeId {
        self.node
    }

    pub fn endpoint(&self) -> EndpointId {
        self.endpoint
    }

    /// The number of the controller to which it is announced.
    pub fn controller(&self) -> Option<ControllerId> {
        self.controller
    }

    /// The weights of all entries of its first table, named
    /// `broker/function/destination`.
    fn weights(
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

/// All brokers, by number.
#[derive(Debug, Default)]
pub(super) struct Brokers(Vec<BrokerSide>);

impl Brokers {
    pub fn push(&mut self, broker: BrokerSide) {
        self.0.push(broker);
    }

    /// All by number.
    pub fn ids(&self) -> impl Iterator<Item = BrokerId> + use<> {
        (0..self.0.len() as u32).map(BrokerId)
    }

    pub fn iter(&self) -> impl Iterator<Item = &BrokerSide> {
        self.0.iter()
    }

    /// The number of the broker called `name`.
    pub fn find(&self, name: &str) -> Option<BrokerId> {
        let found = self.0.iter().position(|side| side.name == name);
        found.map(|position| BrokerId(position as u32))
    }

    /// A request has reached a broker.
    pub fn request(&mut self, id: LegId, broker: BrokerId, now: SimTime, shared: &Shared<'_>) {
        let leg = shared.wire.leg(id);
        let header = CallHeader {
            function: leg.function,
            input: leg.input,
            forward: leg.forward,
            hops: leg.hops,
            dry: leg.dry,
        };
        let call = CallId(id.key());
        let machine = &mut self.0[broker.index()].machine;
        let request = match leg.baggage {
            BaggageId::NONE => None,
            some => shared.wire.baggage.request(some),
        };
        match request {
            Some(request) if request.plan.is_join(request.step) => {
                let meeting = Meeting::new(&request.uuid, request.step);
                machine.arrive_to_meet(now, call, &header, meeting, &shared.endpoints);
            }
            _ => {
                machine.arrive(now, call, &header);
            }
        }
    }

    /// The response to an attempt has arrived at the broker.
    pub fn response(
        &mut self,
        broker: BrokerId,
        arrived: LegId,
        attempt: Attempt,
        leg: &Leg,
        now: SimTime,
        wire: &mut Wire,
    ) {
        wire.keep_reply(arrived, leg.reply);
        let machine = &mut self.0[broker.index()].machine;
        match leg.reply {
            Reply::Done(execution) => {
                let answer = Answer {
                    processing: execution.processing,
                    load1: u32::from(execution.load.one),
                    acknowledgement: wire.baggage.is_asynchronous(leg.baggage),
                    cold: !execution.times.start.is_zero(),
                    rif: execution.rif,
                };
                machine.answered(now, attempt, &answer);
            }
            Reply::Refused(_) => machine.failed(now, attempt, Failure::Application),
            Reply::Unreachable => machine.failed(now, attempt, Failure::Unreachable),
            Reply::Lost | Reply::Pending => machine.failed(now, attempt, Failure::Transport),
        }
    }

    /// The reply to a question has arrived at the broker.
    pub fn answer(&mut self, broker: BrokerId, probe: ProbeId, leg: &Leg, now: SimTime) {
        let reply = match leg.reply {
            Reply::Done(execution) => ProbeReply::Answered(ProbeAnswer {
                load1: Some(u32::from(execution.load.one)),
                rif: execution.rif,
                ..execution.processing.into()
            }),
            Reply::Refused(_) => ProbeReply::Failed(Failure::Application),
            Reply::Unreachable => ProbeReply::Failed(Failure::Unreachable),
            Reply::Lost | Reply::Pending => ProbeReply::Failed(Failure::Transport),
        };
        let machine = &mut self.0[broker.index()].machine;
        machine.probe_replied(now, probe, reply);
    }

    /// The broker is woken.
    pub fn wake(&mut self, broker: BrokerId, now: SimTime) {
        let side = &mut self.0[broker.index()];
        side.alarm.rang();
        side.machine.wake(now);
    }

    /// The broker updates its tables. An invalid entry changes nothing, like a typing
    /// error of an operator.
    pub fn update(&mut self, update: &Update, now: SimTime, names: TableNames<'_>) {
        let machine = &mut self.0[update.broker.index()].machine;
        for command in &update.commands {
            let _ = machine.configure(now, command, names);
        }
    }

    /// Changes the weight of a destination; whether it is final is unchanged.
    pub fn set_weight(
        &mut self,
        broker: BrokerId,
        (function, destination): (FunctionId, EndpointId),
        weight: f32,
        now: SimTime,
        shared: &Shared<'_>,
    ) {
        let machine = &mut self.0[broker.index()].machine;
        let is_final = machine.tables().next().and_then(|table| {
            let entry = table.entry(table.find(function, destination)?)?;
            Some(entry.is_final)
        });
        let is_computer = matches!(shared.wire.receiver(destination), Receiver::Computer(_));
        let command = Command::Change {
            function,
            destination,
            weight,
            is_final: is_final.unwrap_or(is_computer),
        };
        // An invalid entry changes nothing, like a typing error of an operator.
        let _ = machine.configure(now, &command, shared.names());
    }

    /// Executes the actions of the broker.
    pub fn act(
        &mut self,
        broker: BrokerId,
        shared: &mut Shared<'_>,
        computers: &Computers,
        control: &mut Controllers,
        cx: &mut Cx<'_>,
    ) {
        let side = &mut self.0[broker.index()];
        while let Some(action) = side.machine.poll() {
            match action {
                Action::Forward {
                    call,
                    attempt,
                    destination,
                    after,
                    header,
                } => {
                    let arrived = LegId::of(call.0);
                    let origin = Origin::Broker {
                        broker,
                        arrived,
                        attempt,
                    };
                    let wire = &shared.wire;
                    let mut leg = side.onward(origin, arrived, destination, &header, wire);
                    leg.at_brokers += (cx.now() + after).since(wire.leg(arrived).arrives);
                    shared.wire.send_request(leg, after, cx);
                }
                Action::Probe {
                    call,
                    probe,
                    destination,
                    header,
                } => {
                    let asks = (&side.machine, side.node);
                    let (now, wire) = (cx.now(), &shared.wire);
                    if let Some(reply) = foresee(asks, destination, &header, now, computers, wire) {
                        side.machine.probe_replied(now, probe, reply);
                        continue;
                    }
                    let origin = Origin::Probe { broker, probe };
                    let arrived = LegId::of(call.0);
                    let leg = side.onward(origin, arrived, destination, &header, wire);
                    shared.wire.send_request(leg, SimDuration::ZERO, cx);
                }
                Action::Respond { call, outcome } => {
                    side.respond(LegId::of(call.0), outcome, shared, cx);
                }
                Action::ReportFailure { destination } => {
                    if let Some(controller) = side.controller {
                        control.gone(controller, destination, side.node, &shared.wire, cx);
                    }
                }
            }
        }
        let wanted = side.machine.next_wake();
        side.alarm.set(wanted, Event::Broker(broker), cx);
    }

    /// The weights in the first tables of all brokers, named
    /// `broker/function/destination`.
    pub fn weights(
        &self,
        functions: &Names<FunctionId>,
        endpoints: &Names<EndpointId>,
    ) -> impl Iterator<Item = (String, f32)> {
        let weights = |side: &BrokerSide| side.weights(functions, endpoints);
        self.0.iter().flat_map(weights)
    }

    /// The tables of each broker, as the original's tools print them.
    pub fn tables(
        &self,
        functions: &Names<FunctionId>,
        endpoints: &Names<EndpointId>,
    ) -> Vec<(String, String)> {
        let names = TableNames {
            functions,
            endpoints,
        };
        let tables = |broker: &BrokerSide| {
            let mut text = String::new();
            for (number, table) in broker.machine.tables().enumerate() {
                text += &format!("Table#{number}\n{}", table.dump(names));
            }
            (broker.name.clone(), text)
        };
        self.0.iter().map(tables).collect()
    }
}

impl BrokerSide {
    /// A leg that passes a request on to a destination, or asks it for an estimate.
    fn onward(
        &self,
        origin: Origin,
        arrived: LegId,
        destination: EndpointId,
        header: &CallHeader,
        wire: &Wire,
    ) -> Leg {
        let call = wire.leg(arrived);
        Leg {
            origin,
            from: self.node,
            to: destination,
            function: header.function,
            input: header.input,
            call: call.call,
            issued: call.issued,
            arrives: call.arrives,
            at_brokers: call.at_brokers,
            hops: header.hops,
            forward: header.forward,
            dry: header.dry,
            baggage: match header.dry {
                false => call.baggage,
                true => BaggageId::NONE,
            },
            reply: Reply::Pending,
        }
    }

    /// Answers the request that arrived.
    fn respond(&self, arrived: LegId, outcome: Outcome, shared: &mut Shared<'_>, cx: &mut Cx<'_>) {
        let reply = match outcome {
            Outcome::Answered { .. } | Outcome::Refused { .. } => shared.wire.leg(arrived).reply,
            Outcome::Rejected(rejection) => {
                let text = match rejection {
                    Rejection::AllFailed { last } => {
                        let last = shared.endpoints.name(last);
                        format!("{rejection}: {last} is unreachable")
                    }
                    _ => rejection.to_string(),
                };
                Reply::Refused(shared.recorder.intern(&text))
            }
        };
        let reply = match reply {
            Reply::Done(mut execution) if shared.recorder.is_observed() => {
                let path = shared.recorder.extend_path(&self.name, execution.path);
                execution.path = Some(path);
                Reply::Done(execution)
            }
            reply => reply,
        };
        shared.wire.respond(arrived, reply, cx);
    }
}
