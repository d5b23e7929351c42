//! Announcements to the controller.
//!
//! An announced process keeps the connection to the controller open. When the
//! connection is lost, the controller may have been restarted without its state. The
//! announcement is therefore repeated as soon as the controller can be reached. A
//! computer also repeats it periodically, since a broker may have reported it as
//! failed; a controller that already has the computer does nothing.

use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::watch;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tracing::{info, warn};

use crate::command::{Endpoint, Stop};
use crate::connection::{Watched, connect_watched};
use crate::limits::{ANNOUNCEMENT, FAREWELL};
use crate::rpc::edge_controller_client::EdgeControllerClient;
use crate::rpc::{ComputerInfo, RouterInfo, computer_info};
use crate::security::Security;

/// How long to wait before the next attempt, at first and at most.
const FIRST_RETRY: Duration = Duration::from_millis(200);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// Who announces itself.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A computer, and what it offers.
    Computer {
        /// Where it executes functions.
        endpoint: Endpoint,
        /// What it offers; a change is announced at once.
        containers: watch::Receiver<Vec<computer_info::Container>>,
        /// How often it repeats the announcement.
        period: Duration,
    },
    /// A broker.
    Broker {
        /// Where it takes invocations.
        endpoint: Endpoint,
        /// Where its tables are changed.
        tables: Endpoint,
    },
}

/// Keeps a subject known to a controller until told to stop, then deregisters it.
pub async fn keep(controller: Endpoint, security: Security, mut subject: Subject, stop: Stop) {
    let mut retry = FIRST_RETRY;
    while !stop.is_stopped() {
        let connected = tokio::select! {
            () = stop.wait() => return,
            connected = connect_watched(controller.as_str(), &security) => connected,
        };
        let problem = match connected {
            Ok(watched) => match attend(watched, &mut subject, &stop).await {
                End::Stopped => return,
                End::Lost => {
                    info!("{controller}: connection lost, the announcement will be repeated");
                    retry = FIRST_RETRY;
                    None
                }
                End::Refused(status) => Some(status.message().to_owned()),
            },
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            warn!("not announced: {problem}; next attempt in {retry:?}");
        }
        tokio::select! {
            () = stop.wait() => return,
            () = tokio::time::sleep(retry) => {}
        }
        retry = (retry * 2).min(LAST_RETRY);
    }
}

enum End {
    Stopped,
    Lost,
    Refused(Status),
}

/// Announces a subject over one connection, for as long as that lasts.
async fn attend(watched: Watched, subject: &mut Subject, stop: &Stop) -> End {
    let mut client = EdgeControllerClient::new(watched.channel.clone());
    let mut announced = false;
    loop {
        let told = tokio::select! {
            () = stop.wait() => break,
            told = tokio::time::timeout(ANNOUNCEMENT, announce(&mut client, subject, watched.local)) => told,
        };
        match told {
            Ok(Ok(name)) if !announced => {
                announced = true;
                info!("announced as {name}");
            }
            Ok(Ok(_)) => {}
            Ok(Err(status)) => return End::Refused(status),
            Err(_) => return End::Refused(Status::deadline_exceeded("no answer in time")),
        }
        let again = async {
            match subject {
                Subject::Computer {
                    containers, period, ..
                } => tokio::select! {
                    Ok(()) = containers.changed() => {}
                    () = tokio::time::sleep(*period) => {}
                },
                Subject::Broker { .. } => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.wait() => break,
            () = watched.lost.wait() => return End::Lost,
            () = again => {}
        }
    }
    if announced {
        let farewell = tokio::time::timeout(FAREWELL, remove(&mut client, subject, watched.local));
        match farewell.await {
            Ok(Ok(())) => info!("deregistered"),
            // The original has no word for this.
            Ok(Err(status)) if status.code() == Code::Unimplemented => {}
            Ok(Err(status)) => warn!("not deregistered: {}", status.message()),
            Err(_) => warn!("not deregistered: no answer in time"),
        }
    }
    End::Stopped
}

async fn announce(
    client: &mut EdgeControllerClient<Channel>,
    subject: &mut Subject,
    local: Option<IpAddr>,
) -> Result<String, Status> {
    match subject {
        Subject::Computer {
            endpoint,
            containers,
            ..
        } => {
            let containers = containers.borrow_and_update().clone();
            let info = ComputerInfo {
                edge_server_endpoint: reachable(endpoint, local),
                containers,
            };
            let name = info.edge_server_endpoint.clone();
            client.announce_computer(info).await.map(|_| name)
        }
        Subject::Broker { endpoint, tables } => {
            let info = broker(endpoint, tables, local);
            let name = info.edge_server_endpoint.clone();
            client.announce_router(info).await.map(|_| name)
        }
    }
}

async fn remove(
    client: &mut EdgeControllerClient<Channel>,
    subject: &Subject,
    local: Option<IpAddr>,
) -> Result<(), Status> {
    let removed = match subject {
        Subject::Computer { endpoint, .. } => {
            let info = ComputerInfo {
                edge_server_endpoint: reachable(endpoint, local),
                containers: Vec::new(),
            };
            client.remove_computer(info).await
        }
        Subject::Broker { endpoint, tables } => {
            let info = broker(endpoint, tables, local);
            client.remove_router(info).await
        }
    };
    removed.map(drop)
}

fn broker(endpoint: &Endpoint, tables: &Endpoint, local: Option<IpAddr>) -> RouterInfo {
    RouterInfo {
        edge_server_endpoint: reachable(endpoint, local),
        forwarding_table_endpoint: reachable(tables, local),
    }
}

/// The endpoint as others can reach it: a service that listens at all addresses
/// is announced with the one from which the controller is reached.
fn reachable(endpoint: &Endpoint, local: Option<IpAddr>) -> String {
    match local {
        Some(address) if endpoint.is_wildcard() => {
            std::net::SocketAddr::new(address, endpoint.port()).to_string()
        }
        _ => endpoint.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_never_announced() {
        let here = |text: &str| Some(text.parse().unwrap());
        let reachable = |text: &str, local| reachable(&text.parse().unwrap(), local);
        assert_eq!(reachable("0.0.0.0:1", here("10.0.0.1")), "10.0.0.1:1");
        assert_eq!(reachable("[::]:1", here("fe80::1")), "[fe80::1]:1");
        assert_eq!(reachable("edge:1", here("10.0.0.1")), "edge:1");
    }
}
