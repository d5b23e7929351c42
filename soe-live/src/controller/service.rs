//! The controller's service.

use soe_model::controller::ControllerError;
use tonic::{Request, Response, Status};
use tracing::warn;

use super::Controller;
use crate::command::{Endpoint, EndpointError};
use crate::rpc::edge_controller_server::EdgeController;
use crate::rpc::{ComputerInfo, RouterInfo, Void};

/// Why an announcement is refused.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("container {0} offers a function without a name")]
    NoFunction(String),
    #[error(transparent)]
    Model(#[from] ControllerError),
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        warn!("refused an announcement: {refused}");
        let text = refused.to_string();
        match refused {
            Refused::Model(_) => Self::failed_precondition(text),
            _ => Self::invalid_argument(text),
        }
    }
}

#[tonic::async_trait]
impl EdgeController for Controller {
    async fn announce_computer(
        &self,
        request: Request<ComputerInfo>,
    ) -> Result<Response<Void>, Status> {
        let computer = request.into_inner();
        let endpoint = endpoint(&computer.edge_server_endpoint)?;
        let mut containers = computer.containers.iter();
        if let Some(container) = containers.find(|container| container.lambda.is_empty()) {
            return Err(Refused::NoFunction(container.name.clone()).into());
        }
        let announced = self.announce_computer(&endpoint, &computer).await;
        announced.map_err(Refused::from)?;
        self.announced("computer");
        Ok(Response::new(Void {}))
    }

    async fn remove_computer(
        &self,
        request: Request<ComputerInfo>,
    ) -> Result<Response<Void>, Status> {
        let endpoint = request.into_inner().edge_server_endpoint;
        self.remove_computer(&endpoint).await;
        self.announced("computer leaves");
        Ok(Response::new(Void {}))
    }

    async fn announce_router(
        &self,
        request: Request<RouterInfo>,
    ) -> Result<Response<Void>, Status> {
        let router = request.into_inner();
        let tables = endpoint(&router.forwarding_table_endpoint)?;
        let endpoint = endpoint(&router.edge_server_endpoint)?;
        let announced = self.announce_broker(&endpoint, &tables).await;
        announced.map_err(Refused::from)?;
        self.announced("broker");
        Ok(Response::new(Void {}))
    }

    async fn remove_router(&self, request: Request<RouterInfo>) -> Result<Response<Void>, Status> {
        let endpoint = request.into_inner().edge_server_endpoint;
        self.remove_broker(&endpoint).await;
        self.announced("broker leaves");
        Ok(Response::new(Void {}))
    }
}

fn endpoint(text: &str) -> Result<Endpoint, Refused> {
    Ok(text.parse()?)
}
