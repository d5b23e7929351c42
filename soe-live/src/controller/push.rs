//! Pushing updates to one broker, in order.

use tokio::sync::{mpsc, oneshot};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tracing::warn;

use soe_model::names::EndpointId;

use super::{Controller, PUSH};
use crate::command::Endpoint;
use crate::connection::connect_lazily;
use crate::rpc::edge_router_client::EdgeRouterClient;
use crate::rpc::{self, EdgeRouterConf, EdgeRouterConfs};

/// Updates that follow from one event.
#[derive(Debug)]
pub struct Job {
    pub changes: Vec<EdgeRouterConf>,
    /// Told when they are pushed.
    pub done: oneshot::Sender<()>,
}

/// A broker that gets updates, until this is dropped.
#[derive(Debug)]
pub struct Broker {
    tables: Endpoint,
    jobs: mpsc::UnboundedSender<Job>,
}

impl Broker {
    pub fn start(controller: Controller, broker: EndpointId, tables: Endpoint) -> Self {
        let (jobs, queue) = mpsc::unbounded_channel();
        let to = tables.clone();
        tokio::spawn(async move {
            if let Err(status) = push_all(&controller, &to, queue).await {
                warn!("{to}: {}", status.message());
                controller.broker_failed(broker, &to);
            }
        });
        Self { tables, jobs }
    }

    pub fn tables(&self) -> &Endpoint {
        &self.tables
    }

    pub fn hand_over(&self, job: Job) {
        // There is no receiver if the broker has just failed; that is handled elsewhere.
        let _ = self.jobs.send(job);
    }
}

/// Pushes everything that comes, until a push fails.
async fn push_all(
    controller: &Controller,
    tables: &Endpoint,
    mut queue: mpsc::UnboundedReceiver<Job>,
) -> Result<(), Status> {
    let channel = connect_lazily(tables.as_str(), &controller.shared.security)
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let mut pusher = Pusher {
        client: EdgeRouterClient::new(channel),
        all_at_once: true,
    };
    while let Some(job) = queue.recv().await {
        let pushed = tokio::time::timeout(PUSH, pusher.push(&job.changes)).await;
        pushed.map_err(|_| Status::deadline_exceeded("no answer in time"))??;
        // The announced process may have ended meanwhile.
        let _ = job.done.send(());
    }
    Ok(())
}

struct Pusher {
    client: EdgeRouterClient<Channel>,
    /// Whether the broker takes several changes in one call.
    all_at_once: bool,
}

impl Pusher {
    /// Pushes changes; once more if the broker was restarted since the last time.
    async fn push(&mut self, changes: &[EdgeRouterConf]) -> Result<(), Status> {
        match self.try_push(changes).await {
            Err(status) if status.code() == Code::Unavailable => self.try_push(changes).await,
            done => done,
        }
    }

    async fn try_push(&mut self, changes: &[EdgeRouterConf]) -> Result<(), Status> {
        if self.all_at_once && changes.len() > 1 {
            let changes = EdgeRouterConfs {
                changes: changes.to_vec(),
            };
            match self.client.configure_all(changes).await {
                Ok(answer) if answer.get_ref().msg == rpc::OK => return Ok(()),
                // One of them is wrong: which one?
                Ok(_) => {}
                // The original takes one after the other.
                Err(status) if status.code() == Code::Unimplemented => self.all_at_once = false,
                Err(status) => return Err(status),
            }
        }
        for change in changes {
            let answer = self.client.configure(change.clone()).await?.into_inner();
            if answer.msg != rpc::OK {
                warn!(
                    "{} towards {} was refused: {}",
                    change.lambda, change.destination, answer.msg
                );
            }
        }
        Ok(())
    }
}
