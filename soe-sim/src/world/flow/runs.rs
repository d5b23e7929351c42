//! Clients that run workflows.

use std::collections::BTreeMap;

use analysis::{NameId, Outcome as Fate};
use sim_core::{SimDuration, SimTime, Streams};
use soe_model::client::ClientSpec;
use soe_model::names::EndpointId;
use soe_model::units::Bytes;
use soe_model::workflow::{
    Outcome, Response, Run, RunAction, RunSpec, Series, Sizes, StateRef, StateReply, StateRequest,
    StateStore, States, Style, WorkflowSpec,
};

use super::hosts::Hosts;
use super::index::{OpenRun, RunIndex};
use super::post::{Owner, Post, RETENTION};
use crate::world::client_side::{Clients, Issued};
use crate::world::event::{Alarm, Cx, Event};
use crate::world::ids::{ClientId, Receiver, RunId};
use crate::world::leg::{Leg, Origin, Reply};
use crate::world::recorder::{Ended, Ending, Recorder};
use crate::world::shared::Shared;

/// A client that runs a workflow.
#[derive(Debug)]
struct FlowClient {
    name: String,
    series: Series,
    /// Where its states are, as far as it knows, if they outlive runs.
    kept: States<Sizes>,
    /// Its state server.
    store: StateStore<Bytes>,
}

/// A run that is not over.
#[derive(Debug)]
struct ActiveRun {
    run: Run<Sizes>,
    alarm: Alarm,
    issued: Issued,
    at: SimTime,
    /// The computer that executed the last function the client was told about, and what
    /// is known about that execution.
    executor: Option<(u32, u8)>,
    path: Option<NameId>,
    /// States that are forgotten with it.
    own_states: Vec<String>,
}

impl FlowClient {
    fn new(spec: &ClientSpec, workflow: &WorkflowSpec, streams: &Streams) -> Result<Self, String> {
        let series = Series::new(&spec.name, workflow, streams);
        Ok(Self {
            name: spec.name.clone(),
            series: series.map_err(|error| format!("workflow `{}`: {error}", workflow.name))?,
            kept: States::new(),
            store: StateStore::new(RETENTION),
        })
    }

    fn workflow(&self) -> &WorkflowSpec {
        self.series.spec()
    }
}

/// The clients that run workflows, by number, and their runs that are not over; empty if
/// there are no workflows.
#[derive(Debug, Default)]
pub(in crate::world) struct Runs {
    clients: Vec<Option<FlowClient>>,
    active: BTreeMap<RunId, ActiveRun>,
    index: RunIndex,
    next: RunId,
}

impl Runs {
    /// Adds the next client, which runs `workflow` if it runs any.
    ///
    /// # Errors
    /// If its runs cannot be drawn.
    pub fn add(
        &mut self,
        spec: &ClientSpec,
        workflow: Option<&WorkflowSpec>,
        streams: &Streams,
    ) -> Result<(), String> {
        let client = workflow.map(|workflow| FlowClient::new(spec, workflow, streams));
        self.clients.push(client.transpose()?);
        Ok(())
    }

    /// Puts the states of clients that outlive their runs where they begin.
    ///
    /// # Errors
    /// If the place is unknown.
    pub fn place_kept_states(&mut self, hosts: &mut Hosts, post: &Post) -> Result<(), String> {
        for number in 0..self.clients.len() {
            if self.clients[number]
                .as_ref()
                .is_some_and(|it| it.workflow().keep)
            {
                let states = self.place_states(number, 0, hosts, post)?;
                if let Some(client) = &mut self.clients[number] {
                    client.kept = states;
                }
            }
        }
        Ok(())
    }

    /// Which run a request belongs to.
    pub fn index(&self) -> &RunIndex {
        &self.index
    }

    /// Whether a client runs a workflow.
    #[inline]
    pub fn has_client(&self, client: ClientId) -> bool {
        let client = self.clients.get(client.index());
        client.is_some_and(Option::is_some)
    }

    /// A client starts a run; returns its key.
    pub fn start(
        &mut self,
        issued: &Issued,
        now: SimTime,
        hosts: &mut Hosts,
        post: &Post,
    ) -> Option<RunId> {
        let number = issued.client.index();
        let client = self.clients[number].as_mut()?;
        // Whether it can be drawn was found out at the start.
        let (uuid, plan) = client.series.draw(issued.call.number).ok()?;
        let workflow = client.workflow();
        let keep = workflow.keep;
        let style = match workflow.hop_by_hop {
            false => Style::ClientDriven,
            true => Style::HopByHop {
                callback: client.name.clone(),
            },
        };
        let (join, deadline) = (workflow.join, workflow.deadline);
        let states = match keep {
            true => client.kept.clone(),
            false => {
                let placed = self.place_states(number, issued.call.number, hosts, post);
                placed.unwrap_or_default()
            }
        };
        let own_states = match keep {
            true => Vec::new(),
            false => states.keys().cloned().collect(),
        };
        let spec = RunSpec {
            plan,
            style,
            argument: issued.call.size,
            states,
            uuid: uuid.clone(),
            join,
            deadline,
        };
        let key = self.next;
        self.next = RunId(key.0.wrapping_add(1));
        let call = issued.id;
        self.index.add(uuid, OpenRun { id: key, call });
        let active = ActiveRun {
            run: Run::new(now, spec),
            alarm: Alarm::default(),
            issued: *issued,
            at: now,
            executor: None,
            path: None,
            own_states,
        };
        self.active.insert(key, active);
        Some(key)
    }

    /// The response to a call of a run has arrived at the client.
    pub fn response(&mut self, key: RunId, step: u32, leg: &Leg, shared: &mut Shared<'_>) {
        let response = shared.wire.baggage.unpack(leg.baggage);
        let Some(active) = self.active.get_mut(&key) else {
            return;
        };
        match (leg.reply, response) {
            (Reply::Done(execution), Some(response)) => {
                active.executor = Some((execution.computer.0, execution.load.one));
                active.path = execution.path;
                let processing = execution.processing;
                active.run.answered(step, Ok(response), processing);
            }
            (Reply::Done(execution), None) => {
                active.path = execution.path;
                active.run.acknowledged();
            }
            _ => {
                let text = shared.failure(leg).unwrap_or_default();
                active.run.answered(step, Err(text), SimDuration::ZERO);
            }
        }
    }

    /// A result has arrived at the callback of a client; returns the key of its run.
    pub fn called_back(
        &mut self,
        response: &Response<Sizes>,
        shared: &Shared<'_>,
    ) -> Option<RunId> {
        let uuid = response.uuid.as_deref().unwrap_or_default();
        let key = self.index.find(uuid)?.id;
        let responder: Option<EndpointId> = shared.endpoints.find(&response.responder);
        let receiver = responder.map(|responder| shared.wire.receiver(responder));
        let active = self.active.get_mut(&key)?;
        if let Some(Receiver::Computer(computer)) = receiver {
            active.executor = Some((computer.0, 0));
        }
        active.run.called_back(response);
        Some(key)
    }

    /// A run is woken.
    pub fn wake(&mut self, key: RunId, now: SimTime) {
        if let Some(active) = self.active.get_mut(&key) {
            active.alarm.rang();
            active.run.wake(now);
        }
    }

    /// The state server of a client answers a question.
    pub fn serve(
        &mut self,
        client: ClientId,
        now: SimTime,
        request: StateRequest<Bytes>,
    ) -> StateReply<Bytes> {
        match &mut self.clients[client.index()] {
            Some(client) => client.store.answer(now, request),
            None => StateReply::Missing,
        }
    }

    /// Does what a run wants done.
    pub fn act(
        &mut self,
        key: RunId,
        clients: &mut Clients,
        hosts: &mut Hosts,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let Some(active) = self.active.get_mut(&key) else {
            return;
        };
        while let Some(action) = active.run.poll() {
            match action {
                RunAction::Done(outcome) => {
                    return self.end(key, outcome, clients, hosts, shared, cx);
                }
                RunAction::Call { step, request } => {
                    let client = clients.get(active.issued.client);
                    let leg = Leg {
                        origin: Origin::Run { run: key, step },
                        from: client.node(),
                        to: client.first_destination(),
                        function: shared.functions.intern(request.function()),
                        input: request.argument,
                        call: active.issued.id,
                        issued: active.at,
                        arrives: active.at,
                        at_brokers: SimDuration::ZERO,
                        hops: 0,
                        forward: false,
                        dry: false,
                        baggage: shared.wire.baggage.pack(request),
                        reply: Reply::Pending,
                    };
                    shared.wire.send_request(leg, SimDuration::ZERO, cx);
                }
            }
        }
        let wanted = active.run.next_wake();
        active.alarm.set(wanted, Event::Run(key), cx);
    }

    fn end(
        &mut self,
        key: RunId,
        outcome: Outcome<Sizes>,
        clients: &mut Clients,
        hosts: &mut Hosts,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let Some(mut active) = self.active.remove(&key) else {
            return;
        };
        active.alarm.set(None, Event::Run(key), cx);
        self.index.remove(active.run.uuid());
        self.forget_states(&active.own_states, hosts);
        let client = active.issued.client;
        if let Some(client) = &mut self.clients[client.index()]
            && client.workflow().keep
        {
            client.kept = outcome.states;
        }
        let recorder = &mut shared.recorder;
        let (good, result) = match outcome.result {
            Ok(output) => {
                let (computer, load1) = active.executor.unwrap_or_default();
                let completed = Ending::Completed {
                    computer,
                    processing: outcome.processing,
                    load1,
                    output: output.0,
                };
                (true, completed)
            }
            Err(text) => {
                let text = recorder.intern(&text);
                (false, Ending::Lost(Fate::Error(text)))
            }
        };
        let ended = Ended {
            path: active.path,
            hops: outcome.hops,
            ..active.ended(result, clients)
        };
        recorder.ended(cx.now(), ended);
        let call = (client, active.issued.call.number);
        clients.run_over(call, good, recorder, cx);
    }

    /// Reports the runs that are still in progress to the observer.
    pub fn report_left_over(&mut self, clients: &Clients, recorder: &mut Recorder<'_>) {
        for active in std::mem::take(&mut self.active).values() {
            recorder.left_over(active.ended(Ending::InProgress, clients));
        }
    }

    /// Creates the states of a client, or of one run.
    fn place_states(
        &mut self,
        number: usize,
        run: u64,
        hosts: &mut Hosts,
        post: &Post,
    ) -> Result<States<Sizes>, String> {
        let mut states = States::new();
        let Some(client) = &mut self.clients[number] else {
            return Ok(states);
        };
        // Tells states of the same name apart; any number will do.
        let origin = (number as u64) << 32 | run;
        for index in 0..client.workflow().states.len() {
            let spec = &client.workflow().states[index];
            let name = client.series.state(&spec.name, run);
            if !client.workflow().remote {
                states.insert(name, StateRef::Embedded(spec.size));
                continue;
            }
            let at = spec.at.clone().unwrap_or_else(|| client.name.clone());
            let size = spec.size;
            match post.server(&at).map(|server| server.owner) {
                Some(Owner::Computer(computer)) => {
                    hosts.create_state(computer, &name, size, origin);
                }
                Some(Owner::Client(_)) => client.store.create(&name, size, origin),
                None => return Err(format!("there is no computer called `{at}`")),
            }
            states.insert(name, StateRef::Remote(at));
        }
        Ok(states)
    }

    /// A run has ended whose states no other run uses.
    fn forget_states(&mut self, names: &[String], hosts: &mut Hosts) {
        for name in names {
            hosts.forget_state(name);
            for client in self.clients.iter_mut().flatten() {
                client.store.forget(name);
            }
        }
    }
}

impl ActiveRun {
    /// How it is recorded.
    fn ended(&self, result: Ending, clients: &Clients) -> Ended {
        Ended {
            call: self.issued.id,
            client: self.issued.client.0,
            function: clients.get(self.issued.client).function().0,
            issued: self.at,
            input: self.issued.call.size.0,
            result,
            path: None,
            hops: 0,
            parts: None,
        }
    }
}
