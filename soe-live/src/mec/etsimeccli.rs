//! `etsimeccli`: shows the applications of a proxy, at the terminal or in Mattermost.

mod mattermost;

use clap::{Parser, ValueEnum};
use soe_model::mec::Application;

use super::client::Api;
use super::{ApiChoice, ApiRoot, DeviceError};
use crate::command::{Failure, Stop, print};

/// Shows the applications that device applications can get from a proxy of ETSI MEC.
///
/// With --mattermost-proxy it serves the outgoing webhooks of Mattermost instead. Users
/// write `apiroot URI` to choose the proxy, and `command app_list` to see its
/// applications.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "etsimeccli",
    after_help = "\
Examples:
  etsimeccli --etsi-api-root http://127.0.0.1:6500
  etsimeccli --mattermost-proxy http://127.0.0.1:6501 --mattermost-token SECRET"
)]
pub struct Options {
    /// Address of the interface of the proxy
    #[arg(long, value_name = "URI", default_value = "http://127.0.0.1:6500")]
    etsi_api_root: ApiRoot,

    /// Version of the interface
    #[arg(long, value_name = "VERSION", value_enum, default_value_t = ApiChoice::V1)]
    etsi_version: ApiChoice,

    /// What to ask the proxy
    #[arg(long, value_name = "COMMAND", value_enum, default_value_t = Command::AppList)]
    command: Command,

    /// Show more of each application
    #[arg(long)]
    verbose: bool,

    /// Show a table as Mattermost draws it
    #[arg(long)]
    mattermost_output: bool,

    /// Serve Mattermost at this address
    #[arg(long, value_name = "URI", requires = "mattermost_token")]
    mattermost_proxy: Option<ApiRoot>,

    /// The secret that Mattermost sends with each request
    #[arg(long, value_name = "TOKEN", requires = "mattermost_proxy")]
    mattermost_token: Option<String>,
}

/// What a proxy can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Command {
    /// Its applications.
    #[value(name = "app_list")]
    AppList,
}

impl Command {
    async fn ask(self, api: &Api) -> Result<Vec<Application>, DeviceError> {
        match self {
            Self::AppList => api.list().await,
        }
    }
}

/// Shows the applications, or serves Mattermost until it is told to stop.
///
/// # Errors
/// If the proxy cannot be asked, or the address is not free.
pub async fn run(options: Options, stop: Stop) -> Result<(), Failure> {
    if let (Some(root), Some(token)) = (options.mattermost_proxy, options.mattermost_token) {
        let choice = options.etsi_version;
        return mattermost::serve(root, token, choice, options.etsi_api_root, stop).await;
    }
    let api = Api::new(options.etsi_version, options.etsi_api_root, None);
    let asked = tokio::select! {
        () = stop.wait() => return Ok(()),
        asked = options.command.ask(&api) => asked,
    };
    let applications = asked.map_err(Failure::run)?;
    print(&match (options.mattermost_output, options.verbose) {
        (true, _) => table(&applications),
        (false, true) => applications.iter().map(long).collect(),
        (false, false) => applications.iter().map(short).collect(),
    })
}

fn short(application: &Application) -> String {
    let key = &application.key;
    format!("{}, {}, {}\n", key.name, key.provider, key.version)
}

fn long(application: &Application) -> String {
    let key = &application.key;
    format!(
        "appName {}, appProvider {}, appSoftVersion {}, appDescription {}, appPackageSource , \
         ApplicationList\n",
        key.name, key.provider, key.version, application.description
    )
}

/// A table in the notation of Mattermost, as the original writes it.
fn table(applications: &[Application]) -> String {
    let mut text = " | appName  | appProvider | appSoftVersion |\n \
                    | -------- | ----------- | -------------- |\n"
        .to_owned();
    for application in applications {
        let key = &application.key;
        let row = format!(" | {} | {} | {} | \n", key.name, key.provider, key.version);
        text.push_str(&row);
    }
    text
}
