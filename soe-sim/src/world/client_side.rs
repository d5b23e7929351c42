//! Clients in the world: issuing calls and receiving answers.

use analysis::Outcome;
use sim_core::{SimDuration, SimTime};
use soe_model::client::{Call, Client, Verdict};
use soe_model::mec::ContextId;
use soe_model::names::{EndpointId, FunctionId, Id, NodeId};

use super::event::{Alarm, Cx, Event};
use super::ids::{BaggageId, ClientId, ControllerId};
use super::leg::{Leg, Origin, Reply};
use super::recorder::{Ended, Ending, Recorder};
use super::shared::Shared;
use super::wire::Wire;

/// A client, what it calls, and its node.
#[derive(Debug)]
pub(super) struct ClientSide {
    machine: Client,
    alarm: Alarm,
    node: NodeId,
    function: FunctionId,
    destinations: Vec<EndpointId>,
    /// The controller that tells it a destination, and what it knows.
    context: Option<(ControllerId, Grant)>,
}

/// The context of a client.
#[derive(Debug)]
enum Grant {
    None,
    /// It was asked for; the calls that wait for it.
    Asked(Vec<(u64, Leg)>),
    Has(ContextId, EndpointId),
}

impl ClientSide {
    pub fn new(
        machine: Client,
        node: NodeId,
        function: FunctionId,
        destinations: Vec<EndpointId>,
        context: Option<ControllerId>,
    ) -> Self {
        Self {
            machine,
            alarm: Alarm::default(),
            node,
            function,
            destinations,
            context: context.map(|controller| (controller, Grant::None)),
        }
    }

    /// The controller that tells it a destination.
    pub fn context(&self) -> Option<ControllerId> {
        self.context.as_ref().map(|(controller, _)| *controller)
    }

    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The request of a call to one of its destinations.
    #[inline]
    fn leg(&self, issued: &Issued, destination: u32, to: EndpointId, now: SimTime) -> Leg {
        Leg {
            origin: Origin::Client {
                client: issued.client,
                number: issued.call.number,
                destination,
            },
            from: self.node,
            to,
            function: self.function,
            input: issued.call.size,
            call: issued.id,
            issued: now,
            arrives: now,
            at_brokers: SimDuration::ZERO,
            hops: 0,
            forward: false,
            dry: false,
            baggage: BaggageId::NONE,
            reply: Reply::Pending,
        }
    }

    /// What it calls.
    pub fn function(&self) -> FunctionId {
        self.function
    }

    /// Where it sends the calls of a workflow.
    pub fn first_destination(&self) -> EndpointId {
        self.destinations[0]
    }
}

/// A call that a client has issued.
#[derive(Clone, Copy, Debug)]
pub(super) struct Issued {
    pub client: ClientId,
    pub call: Call,
    /// Its number among all calls.
    pub id: u64,
}

/// All clients, by number, and their unfinished calls.
#[derive(Debug)]
pub(super) struct Clients {
    sides: Vec<ClientSide>,
    names: Vec<String>,
    /// No more than this many calls are issued.
    call_limit: u64,
    /// Unfinished calls.
    under_way: u64,
    /// Clients with a pending wake-up.
    awake: usize,
}

impl Clients {
    /// Clients and their names, in the same order, that issue at most `call_limit` calls
    /// together.
    pub fn new(sides: Vec<ClientSide>, names: Vec<String>, call_limit: u64) -> Self {
        Self {
            sides,
            names,
            call_limit,
            under_way: 0,
            awake: 0,
        }
    }

    /// All by number.
    pub fn ids(&self) -> impl Iterator<Item = ClientId> + use<> {
        (0..self.sides.len() as u32).map(ClientId)
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many calls each has issued.
    pub fn issued(&self) -> impl Iterator<Item = u64> {
        self.sides.iter().map(|client| client.machine.issued())
    }

    /// The total number of calls that clients may issue; the largest number if unlimited.
    pub fn most_calls(&self) -> u64 {
        let limits = self.sides.iter().map(|it| it.machine.most_calls());
        limits.fold(0, u64::saturating_add).min(self.call_limit)
    }

    #[inline]
    pub fn get(&self, number: ClientId) -> &ClientSide {
        &self.sides[number.index()]
    }

    /// The number of the client called `name`.
    pub fn find(&self, name: &str) -> Option<ClientId> {
        let found = self.names.iter().position(|client| client == name);
        found.map(|position| ClientId(position as u32))
    }

    /// The number of unfinished calls.
    pub fn under_way(&self) -> u64 {
        self.under_way
    }

    /// Whether all calls are finished and none will be issued; with `changes_to_come`, a
    /// planned change may start a client.
    #[inline]
    pub fn are_done(&self, changes_to_come: bool, recorder: &Recorder<'_>) -> bool {
        let asleep = self.awake == 0 && !changes_to_come;
        self.under_way == 0 && (asleep || self.reached_limit(recorder))
    }

    /// Whether no further calls are issued, whatever happens.
    #[inline]
    fn reached_limit(&self, recorder: &Recorder<'_>) -> bool {
        recorder.calls_issued() >= self.call_limit
    }

    /// The client is woken.
    #[inline]
    pub fn rang(&mut self, number: ClientId) {
        self.awake -= usize::from(self.sides[number.index()].alarm.rang());
    }

    /// The next call that a client issues by now.
    #[inline]
    pub fn issue(
        &mut self,
        number: ClientId,
        now: SimTime,
        recorder: &mut Recorder<'_>,
    ) -> Option<Issued> {
        if self.reached_limit(recorder) {
            return None;
        }
        let client = &mut self.sides[number.index()];
        let call = client.machine.wake(now)?;
        let id = recorder.issued(now, client.function.0);
        self.under_way += 1;
        Some(Issued {
            client: number,
            call,
            id,
        })
    }

    /// Sends a call of a single function to the computer of the client's context. Without
    /// one, the call waits; returns whether a context must be asked for.
    pub fn send_in_context(&mut self, issued: &Issued, wire: &mut Wire, cx: &mut Cx<'_>) -> bool {
        let nowhere = EndpointId(0);
        let mut leg = self.get(issued.client).leg(issued, 0, nowhere, cx.now());
        let Some((_, grant)) = &mut self.sides[issued.client.index()].context else {
            return false;
        };
        match grant {
            Grant::Has(_, endpoint) => {
                leg.to = *endpoint;
                wire.send_request(leg, SimDuration::ZERO, cx);
                false
            }
            Grant::Asked(waiting) => {
                waiting.push((issued.call.number, leg));
                false
            }
            Grant::None => {
                *grant = Grant::Asked(vec![(issued.call.number, leg)]);
                true
            }
        }
    }

    /// A client has a context, or was refused one: sends the calls that wait, or ends them.
    pub fn granted(
        &mut self,
        client: ClientId,
        granted: Option<(ContextId, EndpointId)>,
        shared: &mut Shared<'_>,
        cx: &mut Cx<'_>,
    ) {
        let Some((_, grant)) = &mut self.sides[client.index()].context else {
            return;
        };
        let next = granted.map_or(Grant::None, |(id, endpoint)| Grant::Has(id, endpoint));
        let Grant::Asked(waiting) = std::mem::replace(grant, next) else {
            return;
        };
        for (number, mut leg) in waiting {
            match granted {
                Some((_, endpoint)) => {
                    leg.to = endpoint;
                    leg.at_brokers = cx.now().since(leg.issued);
                    shared.wire.send_request(leg, SimDuration::ZERO, cx);
                }
                None => {
                    let text = "no context: no computer offers the function at the moment";
                    leg.reply = Reply::Refused(shared.recorder.intern(text));
                    self.response((client, number, 0), &leg, &mut shared.recorder, cx);
                }
            }
        }
    }

    /// The computer of a context has changed. Calls under way are not affected.
    pub fn notified(&mut self, client: ClientId, context: ContextId, endpoint: EndpointId) {
        if let Some((_, Grant::Has(current, to))) = &mut self.sides[client.index()].context
            && *current == context
        {
            *to = endpoint;
        }
    }

    /// If a client has a context and will not call any more, takes that from it.
    pub fn take_unused_context(&mut self, client: ClientId) -> Option<ContextId> {
        let side = &mut self.sides[client.index()];
        let (_, grant) = side.context.as_mut()?;
        let Grant::Has(context, _) = *grant else {
            return None;
        };
        side.machine.is_idle().then(|| {
            *grant = Grant::None;
            context
        })
    }

    /// Sends a call of a single function to its destinations.
    #[inline]
    pub fn send(&mut self, issued: &Issued, wire: &mut Wire, cx: &mut Cx<'_>) {
        let client = &mut self.sides[issued.client.index()];
        for target in 0..client.machine.targets().len() {
            let destination = client.machine.targets()[target];
            let to = client.destinations[destination as usize];
            let leg = client.leg(issued, destination, to, cx.now());
            let delay = client.machine.front_end_time();
            wire.send_request(leg, delay, cx);
        }
    }

    /// The response to call number `number` has arrived from one of its destinations.
    #[inline]
    pub fn response(
        &mut self,
        (client, number, destination): (ClientId, u64, u32),
        leg: &Leg,
        recorder: &mut Recorder<'_>,
        cx: &mut Cx<'_>,
    ) {
        let now = cx.now();
        let good = matches!(leg.reply, Reply::Done(_));
        let machine = &mut self.sides[client.index()].machine;
        match machine.answered(now, number, destination, good) {
            Verdict::Won | Verdict::Failed => {
                self.under_way -= 1;
                recorder.ended(now, ended(client, leg, now));
            }
            Verdict::Pending | Verdict::Late | Verdict::Unknown => {}
        }
        self.set_alarm(client, recorder, cx);
    }

    /// The run of a workflow, call number `number`, has ended.
    pub fn run_over(
        &mut self,
        (client, number): (ClientId, u64),
        good: bool,
        recorder: &Recorder<'_>,
        cx: &mut Cx<'_>,
    ) {
        self.under_way -= 1;
        let machine = &mut self.sides[client.index()].machine;
        machine.answered(cx.now(), number, 0, good);
        self.set_alarm(client, recorder, cx);
    }

    /// Schedules the wake-up of a client for its next call.
    #[inline]
    pub fn set_alarm(&mut self, number: ClientId, recorder: &Recorder<'_>, cx: &mut Cx<'_>) {
        let wanted = if self.reached_limit(recorder) {
            None
        } else {
            self.sides[number.index()].machine.next_wake()
        };
        let alarm = &mut self.sides[number.index()].alarm;
        let was_awake = alarm.is_set();
        alarm.set(wanted, Event::Client(number), cx);
        self.awake += usize::from(alarm.is_set());
        self.awake -= usize::from(was_awake);
    }

    /// A client calls from now on.
    pub fn start(&mut self, number: ClientId, recorder: &Recorder<'_>, cx: &mut Cx<'_>) {
        self.sides[number.index()].machine.start(cx.now());
        self.set_alarm(number, recorder, cx);
    }

    /// A client stops calling.
    pub fn stop(&mut self, number: ClientId, recorder: &Recorder<'_>, cx: &mut Cx<'_>) {
        self.hold_back(number);
        self.set_alarm(number, recorder, cx);
    }

    /// A client does not call before it is started.
    pub fn hold_back(&mut self, number: ClientId) {
        self.sides[number.index()].machine.stop();
    }

    /// Reports the calls of single functions that are still in progress to the observer.
    pub fn report_left_over(&mut self, now: SimTime, shared: &mut Shared<'_>) {
        self.report_waiting(now, shared);
        for leg in shared.wire.legs() {
            let Origin::Client {
                client,
                number,
                destination,
            } = leg.origin
            else {
                continue;
            };
            // A call with several legs ends with the last leg cancelled.
            let machine = &mut self.sides[client.index()].machine;
            if machine.answered(now, number, destination, false) == Verdict::Failed {
                let mut left_over = ended(client, leg, now);
                left_over.result = Ending::InProgress;
                left_over.parts = None;
                shared.recorder.left_over(left_over);
            }
        }
    }
}

impl Clients {
    /// The same for calls that wait for a context.
    fn report_waiting(&mut self, now: SimTime, shared: &mut Shared<'_>) {
        for (number, side) in (0..).zip(&mut self.sides) {
            let Some((_, Grant::Asked(waiting))) = &side.context else {
                continue;
            };
            for (call, leg) in waiting {
                side.machine.answered(now, *call, 0, false);
                let mut left_over = ended(ClientId(number), leg, now);
                left_over.result = Ending::InProgress;
                left_over.parts = None;
                shared.recorder.left_over(left_over);
            }
        }
    }
}

fn ended(client: ClientId, leg: &Leg, now: SimTime) -> Ended {
    let mut hops = 0;
    let mut path = None;
    let mut parts = None;
    let result = match leg.reply {
        Reply::Done(execution) => {
            hops = execution.hops;
            path = execution.path;
            let latency = now.since(leg.issued);
            parts = Some(execution.times.parts(latency, execution.processing));
            Ending::Completed {
                computer: execution.computer.0,
                processing: execution.processing,
                load1: execution.load.one,
                output: execution.output.0,
            }
        }
        Reply::Refused(text) => Ending::Lost(Outcome::Error(text)),
        Reply::Unreachable | Reply::Lost | Reply::Pending => Ending::Lost(Outcome::Lost),
    };
    Ended {
        call: leg.call,
        client: client.0,
        function: leg.function.index() as u32,
        issued: leg.issued,
        input: leg.input.0,
        result,
        path,
        hops,
        parts,
    }
}
