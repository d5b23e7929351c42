//! Planned changes: computers fail, leave, join, slow down; links, weights and
//! clients change.

use soe_model::deployment::{Change, Deployment};
use soe_model::names::{EndpointId, FunctionId, NodeId};
use soe_model::network::Link;
use soe_model::units::OpsPerSecond;

use super::broker_side::Brokers;
use super::client_side::Clients;
use super::computer_side::Computers;
use super::ids::{BrokerId, ClientId, ComputerId};
use super::shared::Shared;

/// A change with numbers in place of names.
#[derive(Clone, Copy, Debug)]
pub(super) enum ResolvedChange {
    Fail(ComputerId),
    Leave(ComputerId),
    Join(ComputerId),
    Slow {
        computer: ComputerId,
        processor: Option<usize>,
        speed: OpsPerSecond,
    },
    Link {
        from: NodeId,
        to: NodeId,
        link: Link,
    },
    Weight {
        broker: BrokerId,
        function: FunctionId,
        destination: EndpointId,
        weight: f32,
    },
    Start(ClientId),
    Stop(ClientId),
}

/// Whether a computer is up from the start: not if its first planned change is
/// that it joins.
pub fn computer_is_there(deployment: &Deployment, name: &str) -> bool {
    let mut changes = deployment.events.iter().filter_map(|event| {
        let (computer, joins) = match &event.change {
            Change::ComputerJoins { computer } => (computer, true),
            Change::ComputerFails { computer } | Change::ComputerLeaves { computer } => {
                (computer, false)
            }
            _ => return None,
        };
        (computer == name).then_some(joins)
    });
    changes.next() != Some(true)
}

/// Whether a client calls from its start time on: not if its first planned change
/// is its start.
pub fn client_is_there(deployment: &Deployment, name: &str) -> bool {
    let mut changes = deployment.events.iter().filter_map(|event| {
        let (client, starts) = match &event.change {
            Change::ClientStarts { client } => (client, true),
            Change::ClientStops { client } => (client, false),
            _ => return None,
        };
        (client == name).then_some(starts)
    });
    changes.next() != Some(true)
}

/// The entities to which names in changes refer.
#[derive(Clone, Copy)]
pub(super) struct Known<'a, 'o> {
    pub clients: &'a Clients,
    pub brokers: &'a Brokers,
    pub computers: &'a Computers,
    pub shared: &'a Shared<'o>,
}

/// Replaces names by numbers.
///
/// # Errors
/// If a name is unknown.
pub(super) fn resolve(change: &Change, known: Known<'_, '_>) -> Result<ResolvedChange, String> {
    let computer = |name: &str| {
        let found = known.computers.find(name);
        found.ok_or_else(|| unknown("computer", name))
    };
    let node = |name: &str| {
        let node = known.shared.wire.nodes().find(name);
        node.ok_or_else(|| unknown("node", name))
    };
    let client = |name: &str| {
        let found = known.clients.find(name);
        found.ok_or_else(|| unknown("client", name))
    };
    Ok(match change {
        Change::ComputerFails { computer: name } => ResolvedChange::Fail(computer(name)?),
        Change::ComputerLeaves { computer: name } => ResolvedChange::Leave(computer(name)?),
        Change::ComputerJoins { computer: name } => ResolvedChange::Join(computer(name)?),
        Change::ComputerSlows {
            computer: name,
            processor,
            speed,
        } => {
            let computer = computer(name)?;
            let position = |wanted: &String| {
                let mut processors = known.computers.get(computer).processors();
                let position = processors.position(|name| name == wanted);
                position.ok_or_else(|| unknown("processor", wanted))
            };
            ResolvedChange::Slow {
                computer,
                processor: processor.as_ref().map(position).transpose()?,
                speed: *speed,
            }
        }
        Change::LinkChanges { from, to, link } => ResolvedChange::Link {
            from: node(from)?,
            to: node(to)?,
            link: *link,
        },
        Change::WeightSet {
            broker,
            function,
            destination,
            weight,
        } => {
            let number = known.brokers.find(broker);
            let function_id = known.shared.functions.find(function);
            let endpoint = known.shared.endpoints.find(destination);
            ResolvedChange::Weight {
                broker: number.ok_or_else(|| unknown("broker", broker))?,
                function: function_id.ok_or_else(|| unknown("function", function))?,
                destination: endpoint.ok_or_else(|| unknown("destination", destination))?,
                weight: *weight,
            }
        }
        Change::ClientStarts { client: name } => ResolvedChange::Start(client(name)?),
        Change::ClientStops { client: name } => ResolvedChange::Stop(client(name)?),
    })
}

fn unknown(what: &str, name: &str) -> String {
    format!("planned change: there is no {what} called `{name}`")
}
