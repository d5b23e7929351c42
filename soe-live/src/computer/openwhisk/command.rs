//! The command line of computers in front of OpenWhisk.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use soe_model::broker::Compatibility;
use tracing::info;

use super::{KeyForm, OpenWhiskConf, WskKey};
use crate::command::{Failure, Stop};
use crate::computer::{ComputerError, ComputerOptions, Kind, WorkflowOptions, run};
use crate::front::compatibility;
use crate::http::{Root, Trust};
use crate::options::{ServerOptions, timeout};

/// Executes functions on OpenWhisk, and announces its actions as functions: the action NAME
/// of namespace SPACE is the function /SPACE/NAME.
#[derive(Debug, Parser)]
#[command(name = "edgecomputerwsk", after_help = EXAMPLES)]
pub struct EdgeComputerWsk {
    #[command(flatten)]
    server: ServerOptions,

    /// The root of the interface of OpenWhisk, or of a `wskproxy`
    #[arg(long, value_name = "URL", default_value = "https://127.0.0.1:80")]
    wsk_api_root: Root,

    /// The key: USER:PASSWORD, as `wsk property get --auth` prints it, or the same in Base64
    #[arg(long, value_name = "KEY", default_value = "")]
    wsk_auth: String,

    /// The authorities that are trusted, PEM; without it, those of the system
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    wsk_ca: Option<PathBuf>,

    /// Accept any certificate, as the original does
    #[arg(long)]
    insecure: bool,

    /// Period of the announcement, in seconds; it is repeated in case a broker has
    /// reported a failure
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = timeout)]
    announce_period: Duration,

    /// How results and names are treated: `corrected`, or as the `original` does, which
    /// knows no packages and takes only results with a text `payload`
    #[arg(long, value_name = "WHOSE", default_value = "corrected", value_parser = compatibility)]
    compatibility: Compatibility,

    /// Accept invocations whose result goes to a callback
    #[arg(long)]
    asynchronous: bool,

    /// Accepted for old command lines
    #[arg(long, value_name = "THREADS", default_value_t = 5)]
    num_threads: u32,
}

const EXAMPLES: &str = "\
Examples:
  edgecomputerwsk --server 127.0.0.1:10000 --controller 127.0.0.1:6475 \\
                  --wsk-api-root https://openwhisk.example --wsk-auth \"$AUTH\"
  edgecomputerwsk --controller 127.0.0.1:6475 --wsk-api-root http://127.0.0.1:20000";

impl EdgeComputerWsk {
    /// Threads of the process.
    pub fn threads(&self) -> usize {
        self.server.runtime_threads
    }

    /// Runs the computer.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn run(self, stop: Stop) -> Result<(), Failure> {
        let key = match &*self.wsk_auth {
            "" => None,
            text => {
                let (key, form) = WskKey::read(text)
                    .map_err(|error| Failure::Input(format!("--wsk-auth: {error}")))?;
                match form {
                    KeyForm::Plain => info!("--wsk-auth: taken as user:password"),
                    KeyForm::Encoded => info!("--wsk-auth: taken as Base64 of user:password"),
                }
                Some(key)
            }
        };
        let trust = match self.wsk_ca {
            _ if self.insecure => Trust::Anyone,
            Some(file) => Trust::File(file),
            None => Trust::System,
        };
        let conf = OpenWhiskConf {
            root: self.wsk_api_root,
            key,
            trust,
            compatibility: self.compatibility,
        };
        let options = ComputerOptions {
            kind: Kind::OpenWhisk(conf),
            server_transport: self.server.server_conf.transport,
            client_transport: self.server.client_transport(),
            security: self.server.security()?,
            limits: self.server.limits.limits(),
            metrics_endpoint: self.server.metrics.metrics_endpoint.0,
            server_endpoint: self.server.server_endpoint,
            announce_endpoint: self.server.announce_endpoint.0,
            controller_endpoint: self.server.controller_endpoint.0,
            announce_period: self.announce_period,
            utilization_endpoint: None,
            workflows: WorkflowOptions {
                asynchronous: self.asynchronous,
                ..WorkflowOptions::default()
            },
        };
        run(options, stop).await.map_err(|error| match error {
            ComputerError::Serve(_) => Failure::run(error),
            error => Failure::input(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wrong_options_are_refused() {
        let options = |words: &str| {
            let words = std::iter::once("edgecomputerwsk").chain(words.split_whitespace());
            EdgeComputerWsk::try_parse_from(words).map_err(|error| error.to_string())
        };
        for (words, part) in [
            ("--wsk-api-root host", "http://host:port"),
            ("--insecure --wsk-ca file", "cannot be used with"),
            ("--compatibility wsk", "known: corrected, original"),
        ] {
            let error = options(words).unwrap_err();
            assert!(error.contains(part), "{words}: {error}");
        }
        let keyless = options("--wsk-auth secret").unwrap();
        let error = keyless.run(Stop::new()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "--wsk-auth: expected user:password, or the same in Base64"
        );
    }
}
