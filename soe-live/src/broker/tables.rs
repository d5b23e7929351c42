//! The forwarding tables as a service.

use std::sync::Arc;

use soe_model::broker::ConfigureError;
use soe_model::broker::table::TableNames;
use tonic::{Request, Response, Status};
use tracing::{debug, info};

use super::Broker;
use super::core::Core;
use crate::command::{Endpoint, EndpointError};
use crate::limits::NAME;
use crate::rpc::edge_router_conf::Action;
use crate::rpc::edge_router_server::EdgeRouter;
use crate::rpc::{
    self, EdgeRouterConf, EdgeRouterConfs, ForwardingTable, InvalidAction, NumTables, Return,
    TableId, Void,
};

/// The tables of a broker, shared by all that read and change them.
#[derive(Clone, Debug)]
pub struct Tables {
    broker: Arc<Broker>,
}

/// Why a change is refused.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Action(#[from] InvalidAction),
    #[error("Invalid function '', must have a name")]
    NoFunction,
    #[error("Invalid function of {0} letters, at most {NAME} are allowed")]
    LongName(usize),
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error(transparent)]
    Impossible(#[from] ConfigureError),
}

impl Tables {
    /// Of a broker.
    pub fn of(broker: Arc<Broker>) -> Self {
        Self { broker }
    }

    /// Makes changes in order, all or none.
    fn change(&self, changes: &[EdgeRouterConf]) -> Return {
        let mut core = self.broker.core();
        let checked = changes.iter().try_for_each(|change| core.check(change));
        let msg = match checked.and_then(|()| self.apply(&mut core, changes)) {
            Ok(()) => rpc::OK.to_owned(),
            Err(refused) => {
                info!("refused a change of the tables: {refused}");
                format!("Error: {refused}")
            }
        };
        self.broker.settle(core);
        Return { msg }
    }

    fn apply(&self, core: &mut Core, changes: &[EdgeRouterConf]) -> Result<(), Refused> {
        let now = self.broker.clock.now();
        for change in changes {
            let command = change.command(&mut core.functions, &mut core.endpoints)?;
            let Some(command) = command else {
                continue;
            };
            debug!("{command:?}");
            let names = TableNames {
                functions: &core.functions,
                endpoints: &core.endpoints,
            };
            core.broker.configure(now, &command, names)?;
            core.decided(&command);
        }
        Ok(())
    }
}

impl Core {
    /// Whether a change is possible; what is not leaves no trace.
    fn check(&self, change: &EdgeRouterConf) -> Result<(), Refused> {
        match Action::try_from(change.action) {
            Err(_) => Err(InvalidAction(change.action).into()),
            Ok(Action::Flush | Action::Remove) => Ok(()),
            Ok(Action::Change) => {
                let (destination, weight) = (&change.destination, change.weight);
                if weight < 0.0 {
                    return Err(ConfigureError::NegativeWeight { weight }.into());
                }
                if destination.is_empty() || weight == 0.0 || !weight.is_finite() {
                    return Err(ConfigureError::InvalidDestination {
                        destination: destination.clone(),
                        weight,
                    }
                    .into());
                }
                if change.lambda.is_empty() {
                    return Err(Refused::NoFunction);
                }
                if change.lambda.len() > NAME {
                    return Err(Refused::LongName(change.lambda.len()));
                }
                destination.parse::<Endpoint>()?;
                Ok(())
            }
        }
    }
}

#[tonic::async_trait]
impl EdgeRouter for Tables {
    async fn configure(
        &self,
        request: Request<EdgeRouterConf>,
    ) -> Result<Response<Return>, Status> {
        Ok(Response::new(self.change(&[request.into_inner()])))
    }

    async fn configure_all(
        &self,
        request: Request<EdgeRouterConfs>,
    ) -> Result<Response<Return>, Status> {
        Ok(Response::new(self.change(&request.into_inner().changes)))
    }

    async fn get_table(
        &self,
        request: Request<TableId>,
    ) -> Result<Response<ForwardingTable>, Status> {
        let core = self.broker.core();
        let number = request.into_inner().value as usize;
        let table = core.broker.tables().nth(number);
        let table = table.map(|table| rpc::forwarding_table(table, core.names()));
        Ok(Response::new(table.unwrap_or_default()))
    }

    async fn get_num_tables(&self, _: Request<Void>) -> Result<Response<NumTables>, Status> {
        let value = self.broker.core().broker.tables().count() as u32;
        Ok(Response::new(NumTables { value }))
    }
}
