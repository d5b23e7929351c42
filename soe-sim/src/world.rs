//! The simulated world: a deployment as one model of the discrete-event engine.
//!
//! Every interaction between entities is a message that takes its time through the
//! network: a request, a response, an announcement, an update of a table. Entities are
//! the state machines of `soe-model`. The world carries messages to them, wakes them at
//! the times that they request, and records the outcome of every call.

mod assembly;
mod broker_side;
mod change;
mod client_side;
mod computer_side;
mod control;
mod flow;
mod foresight;
mod leg;
mod metrics;
mod observed;
mod recorder;
mod sample;
mod stall;

use sim_core::{Context, EventKey, Model, SimDuration, SimTime};
use soe_model::names::{EndpointId, FunctionId, Id, Names, NodeId};
use soe_model::network::Network;
use soe_model::units::Bytes;

pub use change::{client_is_there, computer_is_there};
pub use metrics::{ComputerUsage, METRICS, MetricValue};
pub use metrics::{Entity, entities};
pub use observed::{ObservedCall, ObservedEnd, ObservedRun};
pub use recorder::{CallStatistics, Distribution, Observer, StepRecord};
pub use sample::SAMPLED;
pub use soe_model::names::ALL;
pub(crate) use stall::Stall;

use control::Controllers;
use flow::Flows;
use leg::{Leg, LegId, Legs, Reply};
use recorder::Recorder;

/// What can happen in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The run starts.
    Start,
    /// A client wants to be woken.
    Client(u32),
    /// A broker wants to be woken.
    Broker(u32),
    /// A computer wants to be woken.
    Computer(u32),
    /// The request of a leg reaches its receiver.
    Request(LegId),
    /// The response of a leg reaches its sender.
    Response(LegId),
    /// A message of the control plane arrives.
    Control(u32),
    /// A planned change happens.
    Change(u32),
    /// A message of a workflow that is no call arrives.
    Flow(u32),
    /// A run wants to be woken.
    Run(u32),
    /// The workflows at a computer want to be woken.
    Host(u32),
    /// The warm-up is over.
    WarmUp,
    /// Quantities are sampled.
    Sample,
    /// The run ends.
    End,
}

type Cx<'a> = Context<'a, Event>;

/// The pending wake-up of an entity.
#[derive(Debug, Default)]
struct Alarm(Option<(SimTime, EventKey)>);

impl Alarm {
    /// Has the entity woken at `wanted`, and not when it wanted before.
    #[inline]
    fn set(&mut self, wanted: Option<SimTime>, event: Event, cx: &mut Cx<'_>) {
        match (&self.0, wanted) {
            (Some((at, _)), Some(wanted)) if *at == wanted => return,
            (None, None) => return,
            (Some((_, key)), _) => {
                cx.cancel(*key);
            }
            (None, Some(_)) => {}
        }
        self.0 = wanted.map(|at| (at, cx.schedule_at(at, event)));
    }

    /// The wake-up happened; returns whether there was one.
    #[inline]
    fn rang(&mut self) -> bool {
        self.0.take().is_some()
    }

    #[inline]
    fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

/// Who receives what is sent to an endpoint.
#[derive(Clone, Copy, Debug)]
enum Receiver {
    Broker(u32),
    Computer(u32),
}

/// All state of one replication.
pub(crate) struct World<'o> {
    network: Network,
    functions: Names<FunctionId>,
    endpoints: Names<EndpointId>,
    /// By number of the endpoint.
    receivers: Vec<Receiver>,
    clients: Vec<client_side::ClientSide>,
    brokers: Vec<broker_side::BrokerSide>,
    computers: Vec<computer_side::ComputerSide>,
    control: Controllers,
    flows: Flows,
    legs: Legs,
    /// Only where a broker foresees.
    on_the_way: Option<foresight::OnTheWay>,
    changes: Vec<change::ResolvedChange>,
    /// When each change is planned.
    planned: Vec<SimTime>,
    changes_to_come: usize,
    sampler: Option<sample::Sampler>,
    /// No more than this many calls are issued.
    call_limit: u64,
    /// Calls that are not over yet.
    under_way: u64,
    /// Clients that want to be woken.
    awake_clients: usize,
    client_names: Vec<String>,
    recorder: Recorder<'o>,
}

impl Model for World<'_> {
    type Event = Event;

    fn handle(&mut self, event: Event, cx: &mut Cx<'_>) {
        match event {
            Event::Start => self.start(cx),
            Event::Client(client) => self.wake_client(client, cx),
            Event::Computer(computer) => self.wake_computer(computer, cx),
            Event::Request(leg) => self.receive_request(leg, cx),
            Event::Response(leg) => self.receive_response(leg, cx),
            Event::Broker(broker) => self.wake_broker(broker, cx),
            Event::Control(message) => self.receive_control(message, cx),
            Event::Change(change) => self.change(change, cx),
            Event::Flow(message) => self.receive_message(message, cx),
            Event::Run(run) => self.wake_run(run, cx),
            Event::Host(computer) => self.wake_host(computer, cx),
            Event::WarmUp => self.warm_up(cx.now()),
            Event::Sample => self.sample(cx),
            Event::End => cx.stop(),
        }
    }

    /// The sort of the event, and whom it concerns.
    #[inline]
    fn digest(&self, event: &Event) -> u64 {
        let (sort, who) = match *event {
            Event::Start => (0, 0),
            Event::Client(client) => (1, client),
            Event::Computer(computer) => (2, computer),
            Event::Request(leg) => (3, self.legs[leg].to.0),
            Event::Response(leg) => (4, self.legs[leg].to.0),
            Event::Broker(broker) => (5, broker),
            Event::Control(message) => (6, message),
            Event::Change(change) => (7, change),
            Event::WarmUp => (8, 0),
            Event::Sample => (9, 0),
            Event::End => (10, 0),
            Event::Flow(message) => (11, message),
            Event::Run(run) => (12, run),
            Event::Host(computer) => (13, computer),
        };
        sort << 32 | u64::from(who)
    }
}

impl World<'_> {
    /// Sends a request on its way; it leaves after `delay`.
    #[inline]
    fn send_request(&mut self, leg: Leg, delay: SimDuration, cx: &mut Cx<'_>) {
        let to = self.node_of(leg.to);
        let size = self.flows.size_of_request(leg.baggage, leg.input);
        self.count_traffic(leg.from, to, size);
        let travel = self.network.transfer(leg.from, to, size);
        let leg = self.legs.start(leg);
        if let Some(on_the_way) = &mut self.on_the_way {
            on_the_way.sent(cx.now() + delay + travel, leg);
        }
        cx.schedule_in(delay + travel, Event::Request(leg));
    }

    fn receive_request(&mut self, leg: LegId, cx: &mut Cx<'_>) {
        if let Some(on_the_way) = &mut self.on_the_way {
            on_the_way.arrived(leg);
        }
        match self.receivers[self.legs[leg].to.index()] {
            Receiver::Computer(computer) => self.request_at_computer(leg, computer, cx),
            Receiver::Broker(broker) => self.request_at_broker(leg, broker, cx),
        }
    }

    /// Answers a request; the response is on its way.
    #[inline]
    fn respond(&mut self, id: LegId, reply: Reply, cx: &mut Cx<'_>) {
        let leg = &mut self.legs[id];
        leg.reply = reply;
        let size = match reply {
            Reply::Done(execution) if !leg.dry => {
                let output = execution.output;
                self.flows.size_of_response(leg.baggage, output)
            }
            _ => Bytes(0),
        };
        let (to, from) = (leg.to, leg.from);
        let at = self.node_of(to);
        self.count_traffic(at, from, size);
        let travel = self.network.transfer(at, from, size);
        cx.schedule_in(travel, Event::Response(id));
    }

    fn receive_response(&mut self, leg: LegId, cx: &mut Cx<'_>) {
        let leg = self.legs.finish(leg);
        match leg.origin {
            leg::Origin::Client {
                client,
                number,
                destination,
            } => self.response_at_client(client, number, destination, &leg, cx),
            leg::Origin::Broker {
                broker,
                arrived,
                attempt,
            } => self.response_at_broker(broker, arrived, attempt, &leg, cx),
            leg::Origin::Probe { broker, probe } => {
                self.answer_at_broker(broker, probe, &leg, cx);
            }
            leg::Origin::Run { run, step } => self.response_at_run(run, step, &leg, cx),
            leg::Origin::Companion { computer, sending } => {
                self.response_at_host(computer, sending, &leg, cx);
            }
        }
    }

    #[inline]
    fn node_of(&self, endpoint: EndpointId) -> NodeId {
        match self.receivers[endpoint.index()] {
            Receiver::Computer(computer) => self.computers[computer as usize].node,
            Receiver::Broker(broker) => self.brokers[broker as usize].node,
        }
    }

    /// Ends the run if no client will issue another call and all calls have ended.
    #[inline]
    fn stop_if_over(&mut self, cx: &mut Cx<'_>) {
        let exhausted = self.recorder.calls_issued() >= self.call_limit
            || (self.awake_clients == 0 && self.changes_to_come == 0);
        if self.under_way == 0 && exhausted {
            cx.stop();
        }
    }

    fn warm_up(&mut self, now: SimTime) {
        self.recorder.warmed_up(now);
        self.mark_traffic();
        for computer in &mut self.computers {
            computer.mark_busy(now);
        }
    }
}
