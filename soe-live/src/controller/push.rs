//! Pushing updates to one broker, in order.
//!
//! At most [`PENDING_CHANGES`] changes wait for one broker. A broker that is further
//! behind counts as failed: when it is reached again, it gets its whole table anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, mpsc, oneshot};
use tonic::transport::Channel;
use tonic::{Code, Status};
use tracing::warn;

use soe_model::names::EndpointId;

use super::Controller;
use crate::command::Endpoint;
use crate::connection::connect_lazily;
use crate::limits::{PENDING_CHANGES, PUSH};
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
    backlog: Arc<Backlog>,
}

impl Broker {
    pub fn start(controller: Controller, broker: EndpointId, tables: Endpoint) -> Self {
        let (jobs, queue) = mpsc::unbounded_channel();
        let backlog = Arc::new(Backlog::default());
        let (to, behind) = (tables.clone(), backlog.clone());
        tokio::spawn(async move {
            let pushed = tokio::select! {
                pushed = push_all(&controller, &to, queue, &behind) => pushed,
                () = behind.exceeded.notified() => Err(Status::resource_exhausted(format!(
                    "more than {PENDING_CHANGES} changes wait for this broker"
                ))),
            };
            if let Err(status) = pushed {
                warn!("{to}: {}", status.message());
                controller.broker_failed(broker, &to);
            }
        });
        Self {
            tables,
            jobs,
            backlog,
        }
    }

    pub fn tables(&self) -> &Endpoint {
        &self.tables
    }

    /// The changes that it has yet to take.
    pub fn behind(&self) -> usize {
        self.backlog.changes.load(Ordering::Relaxed)
    }

    pub fn hand_over(&self, job: Job) {
        if self.backlog.admit(job.changes.len()) {
            // The receiver is missing if the broker has just failed; that is handled elsewhere.
            let _ = self.jobs.send(job);
        }
    }
}

/// The changes that one broker has yet to take.
#[derive(Debug, Default)]
struct Backlog {
    changes: AtomicUsize,
    exceeded: Notify,
}

impl Backlog {
    /// Whether so many more changes may wait. Once the limit has been exceeded, none may:
    /// a later change must not overtake the one that was left out.
    fn admit(&self, changes: usize) -> bool {
        let waiting = self.changes.fetch_add(changes, Ordering::AcqRel);
        if waiting.saturating_add(changes) <= PENDING_CHANGES {
            return true;
        }
        self.changes.fetch_add(PENDING_CHANGES, Ordering::AcqRel);
        self.exceeded.notify_one();
        false
    }

    fn pushed(&self, changes: usize) {
        self.changes.fetch_sub(changes, Ordering::AcqRel);
    }
}

/// Pushes all updates that arrive, until a push fails.
async fn push_all(
    controller: &Controller,
    tables: &Endpoint,
    mut queue: mpsc::UnboundedReceiver<Job>,
    backlog: &Backlog,
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
        backlog.pushed(job.changes.len());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_admits_changes_up_to_its_limit() {
        let backlog = Backlog::default();
        assert!(backlog.admit(PENDING_CHANGES - 1));
        assert!(backlog.admit(1));
        backlog.pushed(1);
        assert!(backlog.admit(1));
    }

    #[test]
    fn after_the_limit_was_exceeded_no_later_change_is_admitted() {
        let backlog = Backlog::default();
        assert!(backlog.admit(1));
        assert!(!backlog.admit(PENDING_CHANGES));
        backlog.pushed(1);
        assert!(!backlog.admit(1));
    }
}
