//! `ueapplcmproxy`: the proxy as a process.

use std::path::PathBuf;

use clap::Parser;
use sim_core::SimDuration;
use soe_model::mec::{Limits, Patience};
use tracing::info;

use super::{ApiRoot, Proxy, ProxyOptions};
use crate::command::{Endpoint, Failure, Stop, positive};
use crate::options::{LimitOptions, threads};
use crate::rpc::mec::ue_app_lcm_proxy_server::UeAppLcmProxyServer;
use crate::security::Security;
use crate::server::{Server, Services};

/// Tells device applications which endpoint to call: a UE application lifecycle
/// management proxy of ETSI MEC.
///
/// Device applications use HTTP, under version 1.1.1 of ETSI GS MEC 016 (below /mx2/v1/)
/// or 2.2.1 (below /dev_app/v1/). Its tables are filled over gRPC, by
/// ueapplcmproxyclient or by edgecontroller --type etsi-balanced.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "ueapplcmproxy",
    after_help = "\
Examples:
  ueapplcmproxy --server 127.0.0.1:6477 --etsi-api-root http://127.0.0.1:6500
  ueapplcmproxy --contexts-file /var/lib/soe/contexts --country IT"
)]
pub struct Options {
    /// Address of the service that fills the tables, HOST:PORT (also --server)
    #[arg(long, value_name = "ENDPOINT", default_value = "0.0.0.0:6477")]
    server_endpoint: Endpoint,

    /// Address of the interface of device applications
    #[arg(long, value_name = "URI", default_value = "http://127.0.0.1:6500")]
    etsi_api_root: ApiRoot,

    #[command(flatten)]
    keeping: Keeping,

    /// Threads of the process
    #[arg(long, value_name = "THREADS", default_value_t = 1, value_parser = threads())]
    runtime_threads: usize,

    /// Use TLS with certificates on both sides for gRPC: ca.crt, server.key, server.crt,
    /// client.key and client.crt in the working directory or in the one that the variable
    /// CERT_DIR names
    #[arg(long)]
    secure: bool,

    /// Bounds
    #[command(flatten)]
    limits: LimitOptions,
}

/// Options of everything that has a proxy.
#[derive(Clone, Debug, clap::Args)]
pub struct Keeping {
    /// Keep applications, associations and contexts in this file, so that they survive a
    /// restart
    #[arg(long, value_name = "FILE")]
    contexts_file: Option<PathBuf>,

    /// Country in which the applications run, as two capital letters (ISO 3166)
    #[arg(long, value_name = "CODE", value_parser = country)]
    country: Option<String>,

    /// Contexts at a time; more are refused
    #[arg(long, value_name = "CONTEXTS", default_value_t = Limits::default().contexts)]
    max_contexts: usize,

    /// Contexts of one client address at a time; more are refused
    #[arg(long, value_name = "CONTEXTS", default_value_t = Limits::default().contexts_of_client)]
    max_client_contexts: usize,

    /// How long a notification is repeated that is not answered, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = positive)]
    notification_age: SimDuration,
}

impl Keeping {
    /// The options of the proxy.
    pub fn options(&self) -> ProxyOptions {
        ProxyOptions {
            file: self.contexts_file.clone(),
            country: self.country.clone(),
            limits: Limits {
                contexts: self.max_contexts,
                contexts_of_client: self.max_client_contexts,
                ..Limits::default()
            },
            patience: Patience {
                age: self.notification_age,
                ..Patience::default()
            },
        }
    }
}

fn country(text: &str) -> Result<String, String> {
    let letters = text.bytes().all(|byte| byte.is_ascii_uppercase());
    match letters && text.len() == 2 {
        true => Ok(text.to_owned()),
        false => Err("expected two capital letters, such as IT".to_owned()),
    }
}

impl Options {
    /// Threads of the process.
    pub fn threads(&self) -> usize {
        self.runtime_threads
    }
}

/// Runs the proxy until it is told to stop.
///
/// # Errors
/// If it cannot start.
pub async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
    let security = Security::from_environment(options.secure).map_err(Failure::input)?;
    let limits = options.limits.limits();
    let server = Server::bind(&options.server_endpoint, &security).await;
    let server = server.map_err(Failure::run)?.with_limits(limits);
    let proxy = Proxy::new(&options.keeping.options()).map_err(Failure::input)?;
    info!("tables at {}", server.endpoint());
    let service = UeAppLcmProxyServer::new(proxy.clone());
    let services = Services::new(&["uiiit.etsimec.rpc.UeAppLcmProxy"], |routes| {
        routes.add_service(service.max_decoding_message_size(limits.message));
    });
    let services = services.await.map_err(Failure::run)?;
    let close = stop.clone();
    let tables = async {
        server.run(None, services, close).await;
    };
    let devices = async {
        let served = proxy
            .serve(options.etsi_api_root, stop.clone(), |_| {})
            .await;
        stop.stop();
        served
    };
    tokio::join!(devices, tables).0
}
