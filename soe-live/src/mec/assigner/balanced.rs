//! Shares out the clients of a proxy among computers.
//!
//! The decisions are those of [`Balancer`]. This file sends them. If the proxy cannot be
//! reached, or may have lost its tables, all of them are compared and sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use soe_model::mec::{Assignment, Balancer, Client};
use tokio::sync::Notify;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tracing::{info, warn};

use crate::client::describe;
use crate::command::{Endpoint, Stop};
use crate::connection::connect_lazily;
use crate::limits::{MEC_CHANGES, MEC_REQUEST, MEC_TABLES};
use crate::rpc::mec::ue_app_lcm_proxy_client::UeAppLcmProxyClient;
use crate::rpc::mec::{AddressTuple, Lambda, Void};
use crate::security::Security;

/// How long to wait before a proxy is told again that could not be told.
const RETRY: Duration = Duration::from_millis(500);

/// Assigns clients periodically, until it is told to stop.
#[derive(Debug)]
pub struct Balanced {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    balancer: Balancer,
    /// What the proxy was not told yet.
    waiting: Vec<Assignment>,
    /// Whether it must be told everything.
    compare: bool,
}

impl Balanced {
    /// For the proxy whose tables are filled at `endpoint`.
    pub fn start(endpoint: Endpoint, security: Security, period: Duration, stop: Stop) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                compare: true,
                ..State::default()
            }),
            changed: Notify::new(),
        });
        let driver = Driver {
            shared: shared.clone(),
            endpoint,
            reached: true,
        };
        tokio::spawn(async move {
            tokio::select! {
                () = stop.wait() => {}
                () = driver.run(&security, period) => {}
            }
        });
        Self { shared }
    }

    /// A computer offers exactly these functions from now on; none if it leaves.
    pub fn computer(&self, endpoint: &str, functions: BTreeSet<String>) {
        let mut state = self.shared.state();
        let assignments = state.balancer.announce(endpoint, functions);
        state.tell(assignments);
        drop(state);
        self.shared.changed.notify_one();
    }
}

impl State {
    fn tell(&mut self, assignments: Vec<Assignment>) {
        self.waiting.extend(assignments);
        if self.waiting.len() > MEC_CHANGES {
            self.waiting.clear();
            self.compare = true;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Proxy = UeAppLcmProxyClient<Channel>;

/// Tells the proxy.
struct Driver {
    shared: Arc<Shared>,
    endpoint: Endpoint,
    /// Whether the last attempt has succeeded.
    reached: bool,
}

impl Driver {
    async fn run(mut self, security: &Security, period: Duration) {
        let channel = match connect_lazily(self.endpoint.as_str(), security) {
            Ok(channel) => channel,
            Err(error) => return warn!("no balanced assignment: {error}"),
        };
        let mut proxy = Proxy::new(channel).max_decoding_message_size(MEC_TABLES);
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let again = self.shared.state().compare;
            let balance = tokio::select! {
                _ = ticks.tick() => true,
                () = tokio::time::sleep(RETRY.min(period)), if again => true,
                () = self.shared.changed.notified() => false,
            };
            let told = self.turn(&mut proxy, balance).await;
            match told {
                Ok(()) if !self.reached => {
                    info!("the proxy at {} is there again", self.endpoint);
                    self.reached = true;
                }
                Ok(()) => {}
                Err(status) => {
                    if std::mem::take(&mut self.reached) {
                        let text = describe(&status);
                        warn!("the proxy at {} cannot be told: {text}", self.endpoint);
                    }
                    self.shared.state().compare = true;
                }
            }
        }
    }

    /// Tells the proxy what waits, and assigns clients if it is time to `balance`.
    async fn turn(&self, proxy: &mut Proxy, balance: bool) -> Result<(), Status> {
        if self.shared.state().compare {
            // A proxy that could not be told is not asked at each change.
            if !balance {
                return Ok(());
            }
            self.compare(proxy, true).await?;
        } else if balance {
            // A proxy that was restarted meanwhile may have lost its tables.
            self.compare(proxy, false).await?;
        }
        let waiting = std::mem::take(&mut self.shared.state().waiting);
        tell(proxy, waiting).await?;
        if balance {
            let contexts = proxy.contexts(bounded(Void {})).await?.into_inner();
            let contexts = contexts.contexts.iter();
            let contexts = contexts.map(|it| (it.address.as_str(), it.app_name.as_str()));
            let assignments = self.shared.state().balancer.balance(contexts);
            if !assignments.is_empty() {
                info!("{} changes of assigned clients", assignments.len());
            }
            tell(proxy, assignments).await?;
        }
        Ok(())
    }

    /// Adds to the tables of the proxy what they lack. If others may have filled them
    /// before, also removes what they have too much, and forgets what waits.
    async fn compare(&self, proxy: &mut Proxy, clean: bool) -> Result<(), Status> {
        let table = proxy.table(bounded(Void {})).await?.into_inner().table;
        let wanted = {
            let mut state = self.shared.state();
            if clean {
                state.compare = false;
                state.waiting.clear();
                state.balancer.forget_balance();
            }
            state.balancer.everything()
        };
        let mut rows: BTreeMap<(String, String), String> = table
            .into_iter()
            .map(|row| ((row.client, row.app_name), row.server))
            .collect();
        let mut assignments = Vec::new();
        let mut functions = BTreeSet::new();
        for assignment in wanted {
            let is_there = match &assignment {
                Assignment::AddApplication(function) => {
                    functions.insert(function.clone());
                    !clean && rows.contains_key(&(String::new(), function.clone()))
                }
                Assignment::Associate {
                    client,
                    function,
                    endpoint,
                } => {
                    let key = (client.as_wire().to_owned(), function.clone());
                    rows.remove(&key).as_ref() == Some(endpoint)
                }
                _ => false,
            };
            if !is_there {
                assignments.push(assignment);
            }
        }
        // What is left of these functions was assigned to others before.
        for (client, function) in rows.into_keys() {
            if clean && functions.contains(&function) {
                assignments.push(Assignment::Dissociate {
                    client: Client::of_wire(&client),
                    function,
                });
            }
        }
        tell(proxy, assignments).await
    }
}

async fn tell(proxy: &mut Proxy, assignments: Vec<Assignment>) -> Result<(), Status> {
    for assignment in assignments {
        let told = match &assignment {
            Assignment::AddApplication(function) => {
                let value = function.clone();
                proxy.add_lambda(bounded(Lambda { value })).await
            }
            Assignment::RemoveApplication(function) => {
                let value = function.clone();
                proxy.del_lambda(bounded(Lambda { value })).await
            }
            Assignment::Associate {
                client,
                function,
                endpoint,
            } => {
                let row = tuple(client, function, endpoint);
                proxy.associate_address(row).await
            }
            Assignment::Dissociate { client, function } => {
                proxy.remove_address(tuple(client, function, "")).await
            }
        };
        match told {
            Ok(_) => {}
            // Others are possible all the same.
            Err(status)
                if matches!(
                    status.code(),
                    Code::InvalidArgument | Code::ResourceExhausted
                ) =>
            {
                warn!("the proxy refuses {assignment:?}: {}", status.message());
            }
            Err(status) => return Err(status),
        }
    }
    Ok(())
}

fn tuple(client: &Client, function: &str, endpoint: &str) -> Request<AddressTuple> {
    bounded(AddressTuple {
        client: client.as_wire().to_owned(),
        app_name: function.to_owned(),
        server: endpoint.to_owned(),
    })
}

fn bounded<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(MEC_REQUEST);
    request
}
