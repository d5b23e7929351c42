//! Clients in the world: issuing calls and receiving answers.

use analysis::Outcome;
use sim_core::{SimDuration, SimTime};
use soe_model::client::{Client, Verdict};
use soe_model::names::{EndpointId, FunctionId, Id, NodeId};

use super::flow::BaggageId;
use super::leg::{Leg, Origin, Reply};
use super::recorder::{Ended, Ending};
use super::{Alarm, Cx, Event, World};

/// A client, what it calls, and where it stands.
#[derive(Debug)]
pub(super) struct ClientSide {
    pub machine: Client,
    pub alarm: Alarm,
    pub node: NodeId,
    pub function: FunctionId,
    pub destinations: Vec<EndpointId>,
}

impl World<'_> {
    pub(super) fn wake_client(&mut self, number: u32, cx: &mut Cx<'_>) {
        let now = cx.now();
        self.awake_clients -= usize::from(self.clients[number as usize].alarm.rang());
        while self.recorder.calls_issued() < self.call_limit {
            let client = &mut self.clients[number as usize];
            let Some(call) = client.machine.wake(now) else {
                break;
            };
            let function = client.function;
            let from = client.node;
            let id = self.recorder.issued(now, function.0);
            self.under_way += 1;
            if self.runs_workflow(number) {
                self.start_run(number, &call, id, cx);
                continue;
            }
            let targets = self.clients[number as usize].machine.targets().len();
            for target in 0..targets {
                let client = &self.clients[number as usize];
                let destination = client.machine.targets()[target];
                let leg = Leg {
                    origin: Origin::Client {
                        client: number,
                        number: call.number,
                        destination,
                    },
                    from,
                    to: client.destinations[destination as usize],
                    function,
                    input: call.size,
                    call: id,
                    issued: now,
                    hops: 0,
                    forward: false,
                    dry: false,
                    baggage: BaggageId::NONE,
                    reply: Reply::Pending,
                };
                self.send_request(leg, SimDuration::ZERO, cx);
            }
        }
        self.set_client_alarm(number, cx);
        self.stop_if_over(cx);
    }

    pub(super) fn response_at_client(
        &mut self,
        client: u32,
        number: u64,
        destination: u32,
        leg: &Leg,
        cx: &mut Cx<'_>,
    ) {
        let now = cx.now();
        let good = matches!(leg.reply, Reply::Done(_));
        let machine = &mut self.clients[client as usize].machine;
        match machine.answered(now, number, destination, good) {
            Verdict::Won | Verdict::Failed => {
                self.under_way -= 1;
                self.recorder.ended(now, ended(client, leg));
            }
            Verdict::Pending | Verdict::Late | Verdict::Unknown => {}
        }
        self.set_client_alarm(client, cx);
        self.stop_if_over(cx);
    }

    #[inline]
    pub(super) fn set_client_alarm(&mut self, number: u32, cx: &mut Cx<'_>) {
        let client = &mut self.clients[number as usize];
        let wanted = if self.recorder.calls_issued() < self.call_limit {
            client.machine.next_wake()
        } else {
            None
        };
        let was_awake = client.alarm.is_set();
        client.alarm.set(wanted, Event::Client(number), cx);
        self.awake_clients += usize::from(client.alarm.is_set());
        self.awake_clients -= usize::from(was_awake);
    }

    /// Reports the calls that are still under way to the observer.
    pub(crate) fn report_left_over(&mut self, now: SimTime) {
        self.report_runs_left_over();
        for id in self.legs.under_way() {
            let leg = &self.legs[id];
            let Origin::Client {
                client,
                number,
                destination,
            } = leg.origin
            else {
                continue;
            };
            // Of a call with several legs, the last to be given up stands for it.
            let machine = &mut self.clients[client as usize].machine;
            if machine.answered(now, number, destination, false) == Verdict::Failed {
                let mut left_over = ended(client, leg);
                left_over.result = Ending::InProgress;
                self.recorder.left_over(left_over);
            }
        }
    }
}

fn ended(client: u32, leg: &Leg) -> Ended {
    let mut hops = 0;
    let mut path = None;
    let result = match leg.reply {
        Reply::Done(execution) => {
            hops = execution.hops;
            path = execution.path;
            Ending::Completed {
                computer: execution.computer,
                processing: execution.processing,
                load1: execution.load.one,
                output: execution.output.0,
            }
        }
        Reply::Refused(text) => Ending::Lost(Outcome::Error(text)),
        Reply::Unreachable | Reply::Pending => Ending::Lost(Outcome::Lost),
    };
    Ended {
        call: leg.call,
        client,
        function: leg.function.index() as u32,
        issued: leg.issued,
        input: leg.input.0,
        result,
        path,
        hops,
    }
}
