//! Clients that run workflows.

use analysis::{NameId, Outcome as Fate};
use sim_core::{SimDuration, SimTime, Streams};
use soe_model::client::{Call, ClientSpec};
use soe_model::names::Id;
use soe_model::units::Bytes;
use soe_model::workflow::{
    Outcome, Response, Run, RunAction, RunSpec, Series, Sizes, StateRef, StateStore, States, Style,
    WorkflowSpec,
};

use super::super::leg::{Leg, Origin, Reply};
use super::super::recorder::{Ended, Ending};
use super::super::{Alarm, Cx, Event, Receiver, World};
use super::message::RETENTION;
use super::{Flows, Server};

/// A client that runs a workflow.
#[derive(Debug)]
pub(super) struct FlowClient {
    name: String,
    series: Series,
    /// Where its states are, as far as it knows, if they outlive runs.
    kept: States<Sizes>,
    /// Its state server.
    pub store: StateStore<Bytes>,
}

/// A run that is not over.
#[derive(Debug)]
pub(super) struct ActiveRun {
    pub call: u64,
    run: Run<Sizes>,
    alarm: Alarm,
    client: u32,
    number: u64,
    issued: SimTime,
    input: Bytes,
    /// Who executed the last function the client was told about, and what is
    /// known about that execution.
    executor: Option<(u32, u8)>,
    path: Option<NameId>,
    /// States that are forgotten with it.
    own_states: Vec<String>,
}

impl FlowClient {
    pub fn new(
        spec: &ClientSpec,
        workflow: &WorkflowSpec,
        streams: &Streams,
    ) -> Result<Self, String> {
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

impl Flows {
    /// Puts the states of a client that outlive its runs where they begin.
    pub(super) fn place_kept_states(&mut self, number: usize) -> Result<(), String> {
        if self.clients[number]
            .as_ref()
            .is_some_and(|it| it.workflow().keep)
        {
            let states = self.place_states(number, 0)?;
            if let Some(client) = &mut self.clients[number] {
                client.kept = states;
            }
        }
        Ok(())
    }

    /// Creates the states of a client, or of one run.
    fn place_states(&mut self, number: usize, run: u64) -> Result<States<Sizes>, String> {
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
            match self.servers.get(&at) {
                Some(&Server::Computer(computer)) => {
                    let host = &mut self.hosts[computer as usize].machine;
                    host.states_mut().create(&name, size, origin);
                }
                Some(Server::Client(_)) => client.store.create(&name, size, origin),
                None => return Err(format!("there is no computer called `{at}`")),
            }
            states.insert(name, StateRef::Remote(at));
        }
        Ok(states)
    }

    /// A run is over whose states are of no use to others.
    fn forget_states(&mut self, names: &[String]) {
        for name in names {
            for host in &mut self.hosts {
                host.machine.states_mut().forget(name);
            }
            for client in self.clients.iter_mut().flatten() {
                client.store.forget(name);
            }
        }
    }
}

impl World<'_> {
    /// Whether a client runs a workflow.
    #[inline]
    pub(in crate::world) fn runs_workflow(&self, client: u32) -> bool {
        self.flows.any && self.flows.clients[client as usize].is_some()
    }

    /// A client starts a run; `id` is its number among all calls.
    pub(in crate::world) fn start_run(
        &mut self,
        number: u32,
        call: &Call,
        id: u64,
        cx: &mut Cx<'_>,
    ) {
        let now = cx.now();
        let Some(client) = &mut self.flows.clients[number as usize] else {
            return;
        };
        // Whether it can be drawn was found out at the start.
        let Ok((uuid, plan)) = client.series.draw(call.number) else {
            return;
        };
        let workflow = client.workflow();
        let keep = workflow.keep;
        let style = match workflow.hop_by_hop {
            false => Style::ClientDriven,
            true => Style::HopByHop {
                callback: client.name.clone(),
            },
        };
        let (join, deadline) = (workflow.join, workflow.deadline);
        let kept = client.kept.clone();
        let states = match keep {
            true => kept,
            false => {
                let placed = self.flows.place_states(number as usize, call.number);
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
            argument: call.size,
            states,
            uuid: uuid.clone(),
            join,
            deadline,
        };
        let key = self.flows.next_run;
        self.flows.next_run = key.wrapping_add(1);
        self.flows.by_uuid.insert(uuid, key);
        let active = ActiveRun {
            call: id,
            run: Run::new(now, spec),
            alarm: Alarm::default(),
            client: number,
            number: call.number,
            issued: now,
            input: call.size,
            executor: None,
            path: None,
            own_states,
        };
        self.flows.runs.insert(key, active);
        self.act_for_run(key, cx);
    }

    /// The response to a call of a run is back at the client.
    pub(in crate::world) fn response_at_run(
        &mut self,
        key: u32,
        step: u32,
        leg: &Leg,
        cx: &mut Cx<'_>,
    ) {
        let response = self.flows.baggage.unpack(leg.baggage);
        let failure = match leg.reply {
            Reply::Done(_) => None,
            Reply::Refused(text) => Some(self.recorder.names.resolve(text).to_owned()),
            Reply::Unreachable | Reply::Pending => Some(self.unreachable(leg.to)),
        };
        let Some(active) = self.flows.runs.get_mut(&key) else {
            return;
        };
        match (leg.reply, failure) {
            (Reply::Done(execution), _) => match response {
                Some(response) => {
                    active.executor = Some((execution.computer, execution.load.one));
                    active.path = execution.path;
                    let processing = execution.processing;
                    active.run.answered(step, Ok(response), processing);
                }
                None => {
                    active.path = execution.path;
                    active.run.acknowledged();
                }
            },
            (_, failure) => {
                let text = failure.unwrap_or_default();
                active.run.answered(step, Err(text), SimDuration::ZERO);
            }
        }
        self.act_for_run(key, cx);
    }

    /// A result has come to the callback of a client.
    pub(super) fn result_at_client(&mut self, response: &Response<Sizes>, cx: &mut Cx<'_>) {
        let uuid = response.uuid.as_deref().unwrap_or_default();
        let Some(&key) = self.flows.by_uuid.get(uuid) else {
            return;
        };
        let responder = self.endpoints.find(&response.responder);
        let receiver = responder.map(|responder| self.receivers[responder.index()]);
        let Some(active) = self.flows.runs.get_mut(&key) else {
            return;
        };
        if let Some(Receiver::Computer(computer)) = receiver {
            active.executor = Some((computer, 0));
        }
        active.run.called_back(response);
        self.act_for_run(key, cx);
    }

    pub(in crate::world) fn wake_run(&mut self, key: u32, cx: &mut Cx<'_>) {
        if let Some(active) = self.flows.runs.get_mut(&key) {
            active.alarm.rang();
            active.run.wake(cx.now());
            self.act_for_run(key, cx);
        }
    }

    /// Does what a run wants done.
    fn act_for_run(&mut self, key: u32, cx: &mut Cx<'_>) {
        loop {
            let Some(active) = self.flows.runs.get_mut(&key) else {
                return;
            };
            match active.run.poll() {
                None => break,
                Some(RunAction::Done(outcome)) => return self.end_run(key, outcome, cx),
                Some(RunAction::Call { step, request }) => {
                    let (client, call, issued) = (active.client, active.call, active.issued);
                    let client = &self.clients[client as usize];
                    let leg = Leg {
                        origin: Origin::Run { run: key, step },
                        from: client.node,
                        to: client.destinations[0],
                        function: self.functions.intern(request.function()),
                        input: request.argument,
                        call,
                        issued,
                        hops: 0,
                        forward: false,
                        dry: false,
                        baggage: self.flows.baggage.pack(request),
                        reply: Reply::Pending,
                    };
                    self.send_request(leg, SimDuration::ZERO, cx);
                }
            }
        }
        if let Some(active) = self.flows.runs.get_mut(&key) {
            let wanted = active.run.next_wake();
            active.alarm.set(wanted, Event::Run(key), cx);
        }
    }

    fn end_run(&mut self, key: u32, outcome: Outcome<Sizes>, cx: &mut Cx<'_>) {
        let Some(mut active) = self.flows.runs.remove(&key) else {
            return;
        };
        active.alarm.set(None, Event::Run(key), cx);
        self.flows.by_uuid.remove(active.run.uuid());
        self.flows.forget_states(&active.own_states);
        let number = active.client;
        if let Some(client) = &mut self.flows.clients[number as usize]
            && client.workflow().keep
        {
            client.kept = outcome.states;
        }
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
                let text = self.recorder.names.intern(&text);
                (false, Ending::Lost(Fate::Error(text)))
            }
        };
        let function = self.clients[number as usize].function;
        let now = cx.now();
        self.recorder.ended(
            now,
            Ended {
                call: active.call,
                client: number,
                function: function.0,
                issued: active.issued,
                input: active.input.0,
                result,
                path: active.path,
                hops: outcome.hops,
            },
        );
        self.under_way -= 1;
        let machine = &mut self.clients[number as usize].machine;
        machine.answered(now, active.number, 0, good);
        self.set_client_alarm(number, cx);
        self.stop_if_over(cx);
    }

    /// Reports the runs that are still under way to the observer.
    pub(in crate::world) fn report_runs_left_over(&mut self) {
        let runs = std::mem::take(&mut self.flows.runs);
        for active in runs.values() {
            let function = self.clients[active.client as usize].function;
            self.recorder.left_over(Ended {
                call: active.call,
                client: active.client,
                function: function.0,
                issued: active.issued,
                input: active.input.0,
                result: Ending::InProgress,
                path: None,
                hops: 0,
            });
        }
    }
}
