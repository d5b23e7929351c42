//! Options of clients that get their end-points from a proxy.

use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::DeviceApplication;
use crate::client::Destinations;
use crate::command::{Failure, Stop};
use crate::mec::address::{ApiRoot, ApiRootError};

/// The version of the interface that a client uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ApiChoice {
    /// ETSI GS MEC 016 v1.1.1, below /mx2/v1/.
    #[default]
    #[value(name = "1.1.1")]
    V1,
    /// ETSI GS MEC 016 v2.2.1, below /dev_app/v1/.
    #[value(name = "2.2.1")]
    V2,
}

/// The root of an interface, or none if the text is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaybeRoot(pub Option<ApiRoot>);

impl FromStr for MaybeRoot {
    type Err = ApiRootError;

    fn from_str(text: &str) -> Result<Self, ApiRootError> {
        match text {
            "" => Ok(Self(None)),
            text => text.parse().map(|root| Self(Some(root))),
        }
    }
}

/// How a client gets its end-points.
#[derive(Args, Clone, Debug)]
pub struct EtsiOptions {
    /// Get the endpoint of calls from the proxy of ETSI MEC at this address, such as
    /// http://127.0.0.1:6500, instead of --server-endpoint(s), and follow its
    /// notifications; none if empty
    #[arg(
        long,
        value_name = "URI",
        default_value = "",
        hide_default_value = true
    )]
    pub etsi_api_root: MaybeRoot,

    /// Address at which this client takes notifications
    #[arg(long, value_name = "URI", default_value = "http://localhost:6600")]
    pub etsi_notification_uri: ApiRoot,

    /// Version of the interface
    #[arg(long, value_name = "VERSION", value_enum, default_value_t = ApiChoice::V1)]
    pub etsi_version: ApiChoice,
}

impl EtsiOptions {
    /// Whether these go together with the destinations of a client.
    ///
    /// # Errors
    /// If there are several of those.
    pub(crate) fn check(&self, destinations: &Destinations) -> Result<(), Failure> {
        match self.etsi_api_root.0.is_some() && destinations.distinct().len() > 1 {
            true => Err(Failure::input(
                "--etsi-api-root: the endpoint comes from the proxy, found several                  --server-endpoints as well",
            )),
            false => Ok(()),
        }
    }

    /// The device application that they ask for, if any.
    ///
    /// # Errors
    /// If notifications cannot be taken at the address.
    pub async fn start(&self, stop: &Stop) -> Result<Option<DeviceApplication>, Failure> {
        let Some(root) = self.etsi_api_root.0.clone() else {
            return Ok(None);
        };
        let notifications = self.etsi_notification_uri.clone();
        let started =
            DeviceApplication::start(self.etsi_version, root, notifications, stop.clone());
        started.await.map(Some).map_err(Failure::run)
    }
}
