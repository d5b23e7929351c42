//! The service that fills the tables of a proxy.

use soe_model::mec::{Application, ApplicationKey, Client, Refusal};
use tonic::{Request, Response, Status};

use super::journal::NotKept;
use super::proxy::Proxy;
use super::{PROVIDER, VERSION};
use crate::rpc::mec::ue_app_lcm_proxy_server::UeAppLcmProxy;
use crate::rpc::mec::{AddressTuple, Contexts, Lambda, Number, Table, Void, contexts};

fn refused(refusal: Refusal) -> Status {
    let text = refusal.to_string();
    match refusal {
        Refusal::Full { .. } => Status::resource_exhausted(text),
        _ => Status::invalid_argument(text),
    }
}

impl From<NotKept> for Status {
    fn from(error: NotKept) -> Self {
        Self::internal(error.to_string())
    }
}

#[tonic::async_trait]
impl UeAppLcmProxy for Proxy {
    async fn associate_address(
        &self,
        request: Request<AddressTuple>,
    ) -> Result<Response<Void>, Status> {
        let it = request.into_inner();
        let client = Client::of_wire(&it.client);
        let changed =
            self.change(|machine, now| machine.associate(now, client, &it.app_name, &it.server));
        changed.await?.map_err(refused)?;
        Ok(Response::new(Void {}))
    }

    async fn remove_address(
        &self,
        request: Request<AddressTuple>,
    ) -> Result<Response<Void>, Status> {
        let it = request.into_inner();
        let client = Client::of_wire(&it.client);
        let changed = self.change(|machine, now| machine.dissociate(now, &client, &it.app_name));
        // As in the original, it may be unknown.
        changed.await?;
        Ok(Response::new(Void {}))
    }

    async fn add_lambda(&self, request: Request<Lambda>) -> Result<Response<Void>, Status> {
        let application = Application::plain(key(&request.into_inner().value));
        let changed = self.change(|machine, _| machine.add_application(application));
        changed.await?.map_err(refused)?;
        Ok(Response::new(Void {}))
    }

    async fn del_lambda(&self, request: Request<Lambda>) -> Result<Response<Void>, Status> {
        let key = key(&request.into_inner().value);
        self.change(|machine, _| machine.remove_application(&key))
            .await?;
        Ok(Response::new(Void {}))
    }

    async fn num_contexts(&self, _: Request<Void>) -> Result<Response<Number>, Status> {
        let value = self.look(|machine| machine.context_count()) as u32;
        Ok(Response::new(Number { value }))
    }

    async fn table(&self, _: Request<Void>) -> Result<Response<Table>, Status> {
        let rows = self.look(|machine| machine.associations().collect::<Vec<_>>());
        let rows = rows.into_iter().map(|row| AddressTuple {
            client: row.client.as_wire().to_owned(),
            app_name: row.application,
            server: row.endpoint,
        });
        Ok(Response::new(Table {
            table: rows.collect(),
        }))
    }

    async fn contexts(&self, _: Request<Void>) -> Result<Response<Contexts>, Status> {
        let contexts = self.look(|machine| {
            let contexts = machine.contexts();
            let rows = contexts.map(|context| contexts::ContextTuple {
                address: context.request().client.clone(),
                app_name: context.request().application.name.clone(),
                edge_router: context.reference().to_owned(),
            });
            rows.collect()
        });
        Ok(Response::new(Contexts { contexts }))
    }
}

fn key(function: &str) -> ApplicationKey {
    ApplicationKey::new(function, PROVIDER, VERSION)
}
