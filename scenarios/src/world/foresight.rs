//! What the estimator `oracle` is told: after which time a computer would answer a call.
//!
//! A copy of the computer is driven through everything that is known to come: what it has,
//! the requests that are on their way to it, and the call. Only worlds with such a broker
//! note what is on its way.

use sim_core::SimTime;
use soe_model::broker::{CallHeader, Failure, ProbeReply};
use soe_model::computer::TaskId;
use soe_model::names::{EndpointId, Id};
use soe_model::units::Bytes;

use super::flow::BaggageId;
use super::leg::{Leg, LegId};
use super::{Receiver, World};

/// The call that is asked about. No leg has this number.
const OWN: TaskId = TaskId(u64::MAX);

/// Requests on their way, in the order in which they were sent, and when each arrives.
#[derive(Debug, Default)]
pub(super) struct OnTheWay(Vec<(SimTime, LegId)>);

impl OnTheWay {
    pub fn sent(&mut self, arrives: SimTime, leg: LegId) {
        self.0.push((arrives, leg));
    }

    pub fn arrived(&mut self, leg: LegId) {
        self.0.retain(|&(_, known)| known != leg);
    }
}

/// Whether a request gives a computer work that a copy of it can be given, too.
fn is_work(leg: &Leg) -> bool {
    !leg.dry && leg.baggage == BaggageId::NONE
}

impl World<'_> {
    /// What a destination would answer to a broker that foresees; `None` if it is no
    /// computer, which has to be asked.
    pub(super) fn foresee(
        &self,
        broker: u32,
        destination: EndpointId,
        header: &CallHeader,
        now: SimTime,
    ) -> Option<ProbeReply> {
        let on_the_way = self.on_the_way.as_ref()?;
        let side = &self.brokers[broker as usize];
        if !side.machine.foresees() {
            return None;
        }
        let Receiver::Computer(number) = self.receivers[destination.index()] else {
            return None;
        };
        let computer = &self.computers[number as usize];
        if !computer.present {
            return Some(ProbeReply::Failed(Failure::Transport));
        }
        let (here, there) = (side.node, computer.node);
        let travel = self.network.transfer(here, there, header.input);
        let own = now + side.machine.forwarding_time().min + travel;

        let mut coming: Vec<_> = on_the_way
            .0
            .iter()
            .map(|&(at, leg)| (at, &self.legs[leg]))
            .filter(|(_, leg)| leg.to == destination && is_work(leg))
            .map(|(at, leg)| (at, TaskId(0), leg.function, leg.input))
            .collect();
        coming.push((own, OWN, header.function, header.input));
        // Those that arrive together arrive in the order in which they were sent.
        coming.sort_by_key(|&(at, ..)| at);

        let mut machine = computer.machine.clone();
        for (at, task, function, input) in coming {
            let taken = machine.submit(at, task, function, input);
            if taken.is_err() && task == OWN {
                return Some(ProbeReply::Failed(Failure::Application));
            }
        }
        while let Some(at) = machine.next_wake() {
            while let Some(done) = machine.wake(at) {
                if done.task == OWN {
                    let output = machine.output(header.function);
                    let output = output.map_or(Bytes(0), |output| output.size(header.input));
                    let back = self.network.transfer(there, here, output);
                    return Some(ProbeReply::Answered(done.finished.since(now) + back));
                }
            }
        }
        // Not reached: whatever a computer takes it completes.
        Some(ProbeReply::TimedOut)
    }
}
