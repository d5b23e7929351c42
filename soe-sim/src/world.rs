//! The simulated world: a deployment as one model of the discrete-event engine.
//!
//! Everything that happens between entities is a message that takes its time
//! through the network: a request, a response, an announcement, an update of a
//! table. Entities themselves are the state machines of `soe-model`; the world
//! carries messages to them, wakes them when they asked for it, and records every
//! call.
//!
//! Each part keeps its state to itself: the [`wire`] its messages in progress, the
//! [`recorder`] its statistics, and clients, brokers, computers, [`control`] and
//! [`flow`] their entities. A part that does something is lent the parts that it
//! needs. The world hands each event to the part that it concerns, and joins those
//! that do not know of each other.

mod assembly;
mod baggage;
mod broker_side;
mod change;
mod client_side;
mod computer_side;
mod control;
mod event;
mod evidence;
mod flow;
mod foresight;
mod ids;
mod instances;
mod leg;
mod mec;
mod metrics;
mod observed;
mod recorder;
mod sample;
mod shared;
mod stall;
mod wire;

use analysis::Metric;
use sim_core::{Model, SimTime};
use soe_model::deployment::Deployment;
use soe_model::names::EndpointId;

pub(crate) use event::Event;

pub use change::{client_is_there, computer_is_there};
pub use metrics::{ComputerUsage, Entity, METRICS, MetricValue, ReplicationResult};
pub use observed::{ObservedCall, ObservedEnd, ObservedRun};
pub use recorder::{CallStatistics, Distribution, Observer, StepRecord};
pub use sample::SAMPLED;
pub use soe_model::names::ALL;

use broker_side::Brokers;
use change::ResolvedChange;
use client_side::Clients;
use computer_side::Computers;
use control::Controllers;
use event::Cx;
use flow::{FLOW_TASK, Flows};
use ids::{BaggageId, BrokerId, ClientId, ComputerId, ControllerId, LegId, Receiver};
use leg::{Origin, Reply};
use mec::{Arrived, Contexts};
use sample::Sampler;
use shared::Shared;
use stall::Stall;

/// All state of one replication.
pub(crate) struct World<'o> {
    shared: Shared<'o>,
    clients: Clients,
    brokers: Brokers,
    computers: Computers,
    control: Controllers,
    contexts: Contexts,
    flows: Flows,
    /// What is planned, and when.
    changes: Vec<(SimTime, ResolvedChange)>,
    changes_to_come: usize,
    sampler: Option<Sampler>,
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
            Event::Broker(broker) => {
                self.brokers.wake(broker, cx.now());
                self.act_for_broker(broker, cx);
            }
            Event::Control(message) => self.receive_control(message, cx),
            Event::Context(message) => self.receive_context(message, cx),
            Event::Change(change) => self.change(change, cx),
            Event::Flow(message) => self.receive_message(message, cx),
            Event::Run(run) => {
                let (clients, shared) = (&mut self.clients, &mut self.shared);
                self.flows.wake_run(run, clients, shared, cx);
                self.stop_if_over(cx);
            }
            Event::Host(computer) => {
                let (computers, shared) = (&mut self.computers, &mut self.shared);
                self.flows.wake_host(computer, computers, shared, cx);
            }
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
            Event::Client(client) => (1, client.0),
            Event::Computer(computer) => (2, computer.0),
            Event::Request(leg) => (3, self.shared.wire.leg(leg).to.0),
            Event::Response(leg) => (4, self.shared.wire.leg(leg).to.0),
            Event::Broker(broker) => (5, broker.0),
            Event::Control(message) => (6, message),
            Event::Change(change) => (7, change),
            Event::WarmUp => (8, 0),
            Event::Sample => (9, 0),
            Event::End => (10, 0),
            Event::Flow(message) => (11, message),
            Event::Run(run) => (12, run.0),
            Event::Host(computer) => (13, computer.0),
            Event::Context(message) => (14, message),
        };
        sort << 32 | u64::from(who)
    }
}

/// Events, each handed to the parts that it concerns.
impl World<'_> {
    /// Starts the world: schedules the first wake-up of each entity.
    fn start(&mut self, cx: &mut Cx<'_>) {
        for (number, &(at, _)) in (0..).zip(&self.changes) {
            cx.schedule_at(at, Event::Change(number));
        }
        for number in self.brokers.ids() {
            self.act_for_broker(number, cx);
        }
        for number in self.clients.ids() {
            self.clients.set_alarm(number, &self.shared.recorder, cx);
        }
        self.contexts.start(cx);
        if self.sampler.is_some() {
            cx.schedule_at(cx.now(), Event::Sample);
        }
        self.stop_if_over(cx);
    }

    fn wake_client(&mut self, number: ClientId, cx: &mut Cx<'_>) {
        let shared = &mut self.shared;
        self.clients.rang(number);
        while let Some(issued) = self.clients.issue(number, cx.now(), &mut shared.recorder) {
            if self.flows.runs_workflow(number) {
                self.flows.start_run(&issued, &mut self.clients, shared, cx);
            } else if self.clients.get(number).context().is_some() {
                if self.clients.send_in_context(&issued, &mut shared.wire, cx) {
                    self.contexts.ask(number, &self.clients, shared, cx);
                }
            } else {
                self.clients.send(&issued, &mut shared.wire, cx);
            }
        }
        self.clients.set_alarm(number, &shared.recorder, cx);
        self.stop_if_over(cx);
    }

    fn wake_computer(&mut self, number: ComputerId, cx: &mut Cx<'_>) {
        let (computers, shared) = (&mut self.computers, &mut self.shared);
        computers.rang(number);
        while let Some(done) = computers.next_done(number, cx.now()) {
            if done.task.0 & FLOW_TASK != 0 {
                self.flows.executed(number, &done, computers, shared, cx);
            } else {
                computers.answer(number, &done, shared, cx);
            }
        }
        computers.set_alarm(number, cx);
    }

    fn receive_request(&mut self, leg: LegId, cx: &mut Cx<'_>) {
        let (computers, shared) = (&mut self.computers, &mut self.shared);
        match shared.wire.arrived(leg) {
            Receiver::Computer(computer) => {
                let baggage = shared.wire.leg(leg).baggage;
                if baggage != BaggageId::NONE && computers.get(computer).is_present() {
                    let flows = &mut self.flows;
                    flows.request_at_host(leg, computer, computers, shared, cx);
                } else {
                    computers.request(leg, computer, shared, cx);
                }
            }
            Receiver::Broker(broker) => {
                self.brokers.request(leg, broker, cx.now(), shared);
                self.act_for_broker(broker, cx);
            }
        }
    }

    fn receive_response(&mut self, leg: LegId, cx: &mut Cx<'_>) {
        let shared = &mut self.shared;
        let leg = shared.wire.finish(leg);
        match leg.origin {
            Origin::Client {
                client,
                number,
                destination,
            } => {
                let call = (client, number, destination);
                let clients = &mut self.clients;
                clients.response(call, &leg, &mut shared.recorder, cx);
                self.leave_context(client, cx);
                self.stop_if_over(cx);
            }
            Origin::Broker {
                broker,
                arrived,
                attempt,
            } => {
                let (brokers, wire) = (&mut self.brokers, &mut shared.wire);
                brokers.response(broker, arrived, attempt, &leg, cx.now(), wire);
                self.act_for_broker(broker, cx);
            }
            Origin::Probe { broker, probe } => {
                self.brokers.answer(broker, probe, &leg, cx.now());
                self.act_for_broker(broker, cx);
            }
            Origin::Run { run, step } => {
                let (flows, clients) = (&mut self.flows, &mut self.clients);
                flows.response_at_run((run, step), &leg, clients, shared, cx);
                self.stop_if_over(cx);
            }
            Origin::Companion { computer, sending } => {
                let (flows, computers) = (&mut self.flows, &mut self.computers);
                flows.response_at_host((computer, sending), &leg, computers, shared, cx);
            }
        }
    }

    fn receive_message(&mut self, message: u32, cx: &mut Cx<'_>) {
        let (computers, clients) = (&mut self.computers, &mut self.clients);
        let (flows, shared) = (&mut self.flows, &mut self.shared);
        flows.receive(message, computers, clients, shared, cx);
        self.stop_if_over(cx);
    }

    fn receive_context(&mut self, message: u32, cx: &mut Cx<'_>) {
        let (clients, shared) = (&mut self.clients, &mut self.shared);
        match self.contexts.receive(message, clients, shared, cx) {
            Some(Arrived::Granted(client, granted)) => {
                clients.granted(client, granted, shared, cx);
                self.leave_context(client, cx);
                self.stop_if_over(cx);
            }
            Some(Arrived::Notified(client, context, endpoint)) => {
                clients.notified(client, context, endpoint);
            }
            None => {}
        }
    }

    /// Deletes the context of a client that will not call any more.
    #[inline]
    fn leave_context(&mut self, client: ClientId, cx: &mut Cx<'_>) {
        if let Some(context) = self.clients.take_unused_context(client) {
            let (clients, shared) = (&self.clients, &self.shared);
            self.contexts.delete(client, context, clients, shared, cx);
        }
    }

    /// A controller learns whether a computer is there: its clients may have to move.
    fn assign_clients(
        &mut self,
        controller: ControllerId,
        endpoint: EndpointId,
        there: bool,
        cx: &mut Cx<'_>,
    ) {
        let (clients, shared) = (&self.clients, &self.shared);
        let functions = match (there, shared.wire.receiver(endpoint)) {
            (true, Receiver::Computer(computer)) => {
                shared.functions_of(self.computers.get(computer).machine())
            }
            _ => Vec::new(),
        };
        let contexts = &mut self.contexts;
        contexts.computer(controller, endpoint, functions, cx.now(), shared);
        contexts.notify(controller, clients, shared, cx);
    }

    fn receive_control(&mut self, message: u32, cx: &mut Cx<'_>) {
        if self.contexts.is_used()
            && let Some((controller, endpoint, there)) =
                self.control.about(message, &self.computers)
        {
            self.assign_clients(controller, endpoint, there, cx);
        }
        let (computers, shared) = (&self.computers, &self.shared);
        if let Some(update) = self.control.receive(message, computers, shared, cx) {
            let now = cx.now();
            self.brokers.update(&update, now, shared.names());
            self.act_for_broker(update.broker, cx);
        }
    }

    /// Does what a broker wants done.
    fn act_for_broker(&mut self, broker: BrokerId, cx: &mut Cx<'_>) {
        let (shared, control) = (&mut self.shared, &mut self.control);
        self.brokers
            .act(broker, shared, &self.computers, control, cx);
    }

    /// A planned change happens.
    fn change(&mut self, number: u32, cx: &mut Cx<'_>) {
        self.changes_to_come -= 1;
        let recorder = &self.shared.recorder;
        match self.changes[number as usize].1 {
            ResolvedChange::Fail(computer) => self.fail_computer(computer, cx),
            ResolvedChange::Leave(computer) => {
                let side = self.computers.get_mut(computer);
                side.set_present(false);
                if let Some(controller) = side.controller() {
                    let (endpoint, node) = (side.endpoint(), side.node());
                    let (control, wire) = (&mut self.control, &self.shared.wire);
                    control.gone(controller, endpoint, node, wire, cx);
                }
            }
            ResolvedChange::Join(computer) => {
                let side = self.computers.get_mut(computer);
                side.set_present(true);
                self.control.joined(computer, side, &self.shared.wire, cx);
            }
            ResolvedChange::Slow {
                computer,
                processor,
                speed,
            } => self.computers.slow(computer, processor, speed, cx),
            ResolvedChange::Link { from, to, link } => {
                self.shared.wire.change_link(from, to, link);
            }
            ResolvedChange::Weight {
                broker,
                function,
                destination,
                weight,
            } => {
                let entry = (function, destination);
                let (brokers, shared) = (&mut self.brokers, &self.shared);
                brokers.set_weight(broker, entry, weight, cx.now(), shared);
                self.act_for_broker(broker, cx);
            }
            ResolvedChange::Start(client) => self.clients.start(client, recorder, cx),
            ResolvedChange::Stop(client) => {
                self.clients.stop(client, recorder, cx);
                self.leave_context(client, cx);
            }
        }
        self.stop_if_over(cx);
    }

    /// A computer fails: all legs that wait for it fail.
    fn fail_computer(&mut self, number: ComputerId, cx: &mut Cx<'_>) {
        let (computers, shared) = (&mut self.computers, &mut self.shared);
        for task in computers.fail(number, cx.now()) {
            // Those of workflows belong to the host.
            if task.0 & FLOW_TASK == 0 {
                let leg = LegId::of(task.0);
                shared.wire.respond(leg, Reply::Lost, cx);
            }
        }
        self.flows.fail_host(number, computers, shared, cx);
        computers.set_alarm(number, cx);
    }

    fn sample(&mut self, cx: &mut Cx<'_>) {
        let Some(sampler) = &mut self.sampler else {
            return;
        };
        sampler.sample(
            cx.now(),
            self.clients.under_way(),
            &mut self.computers,
            &self.brokers,
            &self.contexts,
            &mut self.shared,
        );
        cx.schedule_in(sampler.period(), Event::Sample);
    }

    fn warm_up(&mut self, now: SimTime) {
        self.shared.recorder.warmed_up(now);
        self.shared.wire.mark_traffic();
        self.computers.mark_busy(now);
    }

    /// Ends the run if no client will issue a call any more and all are over.
    #[inline]
    fn stop_if_over(&mut self, cx: &mut Cx<'_>) {
        let changes_to_come = self.changes_to_come > 0;
        if self
            .clients
            .are_done(changes_to_come, &self.shared.recorder)
        {
            cx.stop();
        }
    }
}

/// What a run has to tell.
impl World<'_> {
    /// How many calls were issued so far.
    pub(crate) fn calls_issued(&self) -> u64 {
        self.shared.recorder.calls_issued()
    }

    /// Watches whether the run advances.
    pub(crate) fn stall(&self) -> Stall {
        let brokers = self.brokers.ids().count();
        Stall::new(&self.clients, brokers + self.computers.iter().count())
    }

    /// Takes note that `events` more were executed and it is `now`.
    ///
    /// # Errors
    /// If the run does not advance; the message says why.
    pub(crate) fn check(&self, stall: &mut Stall, events: u64, now: SimTime) -> Result<(), String> {
        stall.check(&self.clients, events, now)
    }

    /// Reports the calls that are still in progress to the observer.
    pub(crate) fn report_left_over(&mut self, now: SimTime) {
        self.flows.report_left_over(&self.clients, &mut self.shared);
        self.clients.report_left_over(now, &mut self.shared);
    }

    /// Reports the metrics of the run so far, counted from the end of the warm-up.
    pub(crate) fn report_metrics(
        &mut self,
        warm_up: SimTime,
        now: SimTime,
        report: impl FnMut(&'static Metric, Entity<'_>, f64),
    ) {
        metrics::report_metrics(&mut self.shared, &mut self.computers, warm_up, now, report);
    }

    /// The metrics of the run so far, counted from the end of the warm-up.
    pub(crate) fn metrics(&mut self, warm_up: SimTime, now: SimTime) -> Vec<MetricValue> {
        let mut values = Vec::new();
        self.report_metrics(warm_up, now, metrics::into(&mut values));
        values
    }

    /// The tables of each broker, as the original's tools print them.
    pub(crate) fn tables(&self) -> Vec<(String, String)> {
        let shared = &self.shared;
        self.brokers.tables(&shared.functions, &shared.endpoints)
    }
}

/// All entities that may have their own metrics: all calls, functions, computers and
/// their processors.
pub fn entities(deployment: &Deployment) -> Vec<String> {
    let Ok(world) = World::new(deployment, 0, None, None) else {
        return Vec::new();
    };
    let functions = world.shared.functions.iter();
    let functions = functions.map(|(_, name)| Entity::Named(name));
    let computers = world.computers.iter().flat_map(|computer| {
        let name = computer.name();
        let processors = computer.processors();
        let processors = processors.map(move |processor| Entity::Processor(name, processor));
        std::iter::once(Entity::Named(name)).chain(processors)
    });
    let named = functions.chain(computers);
    std::iter::once(Entity::Named(ALL))
        .chain(named)
        .map(|entity| entity.to_string())
        .collect()
}
