//! Translation of messages to the types of the models.

use soe_model::broker::Command;
use soe_model::broker::table::{Table, TableNames};
use soe_model::controller::Container;
use soe_model::names::{EndpointId, FunctionId, Names};

use super::edge_router_conf::Action;
use super::{
    ComputerInfo, EdgeRouterConf, ForwardingTable, computer_info, forwarding_table as wire,
};

/// The kind of a change is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid action {0}, known: 0 (flush), 1 (change), 2 (remove)")]
pub struct InvalidAction(pub i32);

impl EdgeRouterConf {
    /// The change for a peer.
    pub fn of(
        command: &Command,
        functions: &Names<FunctionId>,
        endpoints: &Names<EndpointId>,
    ) -> Self {
        match *command {
            Command::Flush => Self {
                action: Action::Flush.into(),
                ..Self::default()
            },
            Command::Change {
                function,
                destination,
                weight,
                is_final,
            } => Self {
                action: Action::Change.into(),
                lambda: functions.name(function).to_owned(),
                destination: endpoints.name(destination).to_owned(),
                weight,
                r#final: is_final,
            },
            Command::Remove {
                function,
                destination,
            } => Self {
                action: Action::Remove.into(),
                lambda: functions.name(function).to_owned(),
                destination: endpoints.name(destination).to_owned(),
                ..Self::default()
            },
        }
    }

    /// The change as the model knows it. Only a change that adds something gives
    /// numbers to new names; `None` if it is about an unknown name.
    ///
    /// # Errors
    /// If the kind of the change is unknown.
    pub fn command(
        &self,
        functions: &mut Names<FunctionId>,
        endpoints: &mut Names<EndpointId>,
    ) -> Result<Option<Command>, InvalidAction> {
        Ok(match Action::try_from(self.action) {
            Ok(Action::Flush) => Some(Command::Flush),
            Ok(Action::Change) => Some(Command::Change {
                function: functions.intern(&self.lambda),
                destination: endpoints.intern(&self.destination),
                weight: self.weight,
                is_final: self.r#final,
            }),
            Ok(Action::Remove) => functions
                .find(&self.lambda)
                .zip(endpoints.find(&self.destination))
                .map(|(function, destination)| Command::Remove {
                    function,
                    destination,
                }),
            Err(_) => return Err(InvalidAction(self.action)),
        })
    }
}

impl ComputerInfo {
    /// The containers as the model knows them.
    pub fn model_containers(&self, functions: &mut Names<FunctionId>) -> Vec<Container> {
        let containers = self.containers.iter();
        containers
            .map(|container| Container {
                name: container.name.clone(),
                processor: container.processor.clone(),
                function: functions.intern(&container.lambda),
                workers: container.num_workers,
            })
            .collect()
    }
}

impl computer_info::Container {
    /// A container as a peer announces it.
    pub fn of(container: &Container, functions: &Names<FunctionId>) -> Self {
        Self {
            name: container.name.clone(),
            processor: container.processor.clone(),
            lambda: functions.name(container.function).to_owned(),
            num_workers: container.workers,
        }
    }
}

/// The content of a table, sorted by function, then destination.
pub fn forwarding_table(table: &Table, names: TableNames<'_>) -> ForwardingTable {
    let entries = table.sorted(names);
    let entries = entries.into_iter().map(|entry| wire::Entry {
        lambda: names.functions.name(entry.function).to_owned(),
        destination: names.endpoints.name(entry.destination).to_owned(),
        weight: entry.weight,
        r#final: entry.is_final,
    });
    ForwardingTable {
        entries: entries.collect(),
    }
}
