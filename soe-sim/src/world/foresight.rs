//! The information of the estimator `oracle`: the time after which a computer would
//! answer a call.
//!
//! A copy of the computer executes all known future work: its tasks, the requests
//! in transit to it, and the call. Only worlds with such a broker record requests in transit.

use sim_core::{SimDuration, SimTime};
use soe_model::broker::estimator::Foresight;
use soe_model::broker::{Broker, CallHeader, Failure, ProbeReply};
use soe_model::computer::{Computer, TaskId};
use soe_model::names::{EndpointId, FunctionId, NodeId};
use soe_model::units::Bytes;

use super::computer_side::Computers;
use super::ids::{BaggageId, Receiver};
use super::leg::Leg;
use super::wire::Wire;

/// The call that is asked about. No leg has this number.
const OWN: TaskId = TaskId(u64::MAX);

/// Whether a request is work that a copy of a computer can execute.
fn is_work(leg: &Leg) -> bool {
    !leg.dry && leg.baggage == BaggageId::NONE
}

/// A task that will reach a computer: its time, function and size.
type Coming = (SimTime, TaskId, FunctionId, Bytes);

/// The future completions of all tasks at a computer and in transit to it.
struct Course {
    /// The completion time of the call; `None` if it is refused.
    own: Option<SimTime>,
    /// The sum of the completion times of all other tasks, in nanoseconds.
    others: u128,
}

impl Course {
    fn of(mut machine: Computer, coming: &[Coming]) -> Self {
        let mut course = Self {
            own: None,
            others: 0,
        };
        for &(at, task, function, input) in coming {
            // What is refused is answered at once, and takes no part.
            let _ = machine.submit(at, task, function, input);
        }
        while let Some(at) = machine.next_wake() {
            while let Some(done) = machine.wake(at) {
                if done.task == OWN {
                    course.own = Some(done.finished);
                } else {
                    course.others += u128::from(done.finished.as_nanos());
                }
            }
        }
        course
    }
}

/// The exact prediction for a broker at this node; `None` if the
/// broker does not use exact predictions or the destination is not a computer, so that it must be
/// asked.
pub(super) fn foresee(
    (broker, here): (&Broker, NodeId),
    destination: EndpointId,
    header: &CallHeader,
    now: SimTime,
    computers: &Computers,
    wire: &Wire,
) -> Option<ProbeReply> {
    let foresight = broker.foresees()?;
    let on_their_way = wire.coming(destination)?;
    let Receiver::Computer(number) = wire.receiver(destination) else {
        return None;
    };
    let computer = computers.get(number);
    if !computer.is_present() {
        return Some(ProbeReply::Failed(Failure::Transport));
    }
    let (machine, there) = (computer.machine(), computer.node());
    let travel = wire.transfer(here, there, header.input);
    let arrives = now + broker.forwarding_time().min + travel;

    let mut coming: Vec<Coming> = on_their_way
        .filter(|(_, leg)| is_work(leg))
        .map(|(at, leg)| (at, TaskId(0), leg.function, leg.input))
        .collect();
    coming.push((arrives, OWN, header.function, header.input));
    // Those that arrive together arrive in the order in which they were sent.
    coming.sort_by_key(|&(at, ..)| at);

    let with = Course::of(machine.clone(), &coming);
    let Some(done) = with.own else {
        return Some(ProbeReply::Failed(Failure::Application));
    };
    let output = machine.output(header.function);
    let output = output.map_or(Bytes(0), |output| output.size(header.input));
    let answered = done.since(now) + wire.transfer(there, here, output);
    if foresight == Foresight::Own {
        return Some(ProbeReply::Answered(answered.into()));
    }
    coming.retain(|&(_, task, ..)| task != OWN);
    let without = Course::of(machine.clone(), &coming);
    let delay = with.others.saturating_sub(without.others);
    let delay = SimDuration::from_nanos(u64::try_from(delay).unwrap_or(u64::MAX));
    Some(ProbeReply::Answered((answered + delay).into()))
}
