//! Clients whose rate follows from the load that they are to cause.

use std::ops::Range;

use sim_core::SimDuration;
use soe_model::catalogue::Value;
use soe_model::client::arrival::ArrivalSpec;
use soe_model::deployment::{Deployment, OfferedLoad};

use crate::reader::diagnostic::{Place, Report};

/// The highest rate of a client, calls per second.
const MOST: f64 = 1e9;

/// A section of clients with `load`.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The clients, as positions in the deployment.
    pub clients: Range<usize>,
    /// What the computers that they reach are to be offered, as a share of what those can do.
    pub load: f64,
    /// The key, and where it is.
    pub path: String,
    pub place: Place,
}

/// Sets the rate of an arrival process; returns whether it has one.
pub(crate) fn set_rate(arrivals: &mut ArrivalSpec, rate: f64) -> bool {
    let has_rate = arrivals.arguments.set("rate", Value::Number(rate));
    if has_rate {
        let interval = Value::Duration(SimDuration::ZERO);
        arrivals.arguments.set("interval", interval);
    }
    has_rate
}

/// Sets the rates of all clients with `load`.
pub(crate) fn apply(wanted: &[Wanted], deployment: &mut Deployment, report: &mut Report<'_>) {
    let mut computers = Vec::new();
    for it in wanted {
        match solve(it, deployment) {
            Ok(group) => computers.push(group),
            Err(why) => report.wrong(it.place, format!("{}: {why}", it.path)),
        }
    }
    for (number, group) in computers.iter().enumerate() {
        if let (true, Some(it)) = (computers[..number].contains(group), wanted.get(number)) {
            let message = format!(
                "{}: another client with `load` reaches the same computers; give one of them a \
                 rate",
                it.path
            );
            report.wrong(it.place, message);
        }
    }
}

/// Sets the rates of one section; returns the computers that its calls reach.
fn solve(wanted: &Wanted, deployment: &mut Deployment) -> Result<Vec<String>, String> {
    set(wanted, deployment, 1.0);
    let once = deployment.offered_loads();
    set(wanted, deployment, 2.0);
    let twice = deployment.offered_loads();
    let grown = |(one, two): (&OfferedLoad, OfferedLoad)| (two.ratio > one.ratio).then_some(two);
    let Some(two) = once.iter().zip(twice).find_map(grown) else {
        return Err(
            "the load of these clients is not known before the run (they run a workflow, stop by \
             themselves, or the mean of their sizes is not known); give them a rate"
                .to_owned(),
        );
    };
    if two.is_lower_bound {
        return Err(format!(
            "the load of {} is not known before the run, because some calls go to several \
             destinations or the rate of other clients depends on answers; give a rate",
            two.computers.join(", ")
        ));
    }
    let one = once.iter().find(|load| load.computers == two.computers);
    let slope = two.ratio - one.map_or(0.0, |load| load.ratio);
    let others = two.ratio - 2.0 * slope;
    // What subtraction adds to nothing.
    let others = if others < 1e-12 { 0.0 } else { others };
    let rate = (wanted.load - others) / slope;
    if rate <= 0.0 {
        return Err(format!(
            "found {}, but other clients offer {:.3} already",
            wanted.load, others
        ));
    }
    if rate > MOST {
        return Err(format!(
            "found {}, which needs {rate:.3e} calls per second of each client; at most {MOST:.0e} \
             are possible",
            wanted.load
        ));
    }
    set(wanted, deployment, rate);
    Ok(two.computers)
}

fn set(wanted: &Wanted, deployment: &mut Deployment, rate: f64) {
    let clients = deployment.clients.get_mut(wanted.clients.clone());
    for client in clients.into_iter().flatten() {
        set_rate(&mut client.arrivals, rate);
    }
}
