//! The command line of the front end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use soe_model::broker::Compatibility;
use tracing::info;

use super::keys::is_namespace;
use super::{Activations, Calls, FrontEnd, Functions, Keep, Keys};
use crate::command::{Endpoint, Failure, Stop};
use crate::connection::connect_lazily;
use crate::http::{Client, Root, Server, Trust, certificate};
use crate::limits::{HTTP_ACTIVATION_BYTES, HTTP_ACTIVATIONS};
use crate::metrics::{Exporter, FrontMetrics};
use crate::options::{HttpLimitOptions, MaybeEndpoint, MetricsOptions, threads, timeout};
use crate::security::Security;

/// A front end for HTTP clients: calls of OpenWhisk and OpenFaaS clients are executed by a
/// broker or a computer.
#[derive(Debug, Parser)]
#[command(name = "wskproxy", after_help = EXAMPLES)]
pub struct WskProxy {
    /// Where to listen: http://HOST:PORT, or https://HOST:PORT with --certificate and --key
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:20000")]
    wsk_api_root: Root,

    /// The broker or computer that executes calls (also --server)
    #[arg(long, value_name = "ENDPOINT", default_value = "127.0.0.1:6473")]
    server_endpoint: Endpoint,

    /// The service of that broker that shows its tables (the --configuration-endpoint of
    /// the broker). Without it, functions can be called but not listed
    #[arg(long, value_name = "ENDPOINT", default_value = "")]
    tables_endpoint: MaybeEndpoint,

    /// How often the tables are read, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = timeout)]
    refresh_period: Duration,

    /// A file of keys; without it, everybody may call. One key per line, USER:PASSWORD,
    /// then the namespace of its owner if it is not the one of --namespace
    #[arg(long, value_name = "FILE")]
    auth_file: Option<PathBuf>,

    /// The namespace of functions that name none, and of callers without a key
    #[arg(long, value_name = "NAME", default_value = "guest", value_parser = namespace)]
    namespace: String,

    /// Calls in progress at a time; more are answered with 429
    #[arg(long, value_name = "CALLS", default_value_t = 1024, value_parser = many())]
    max_calls: usize,

    /// How long a call may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = timeout)]
    call_timeout: Duration,

    /// How long a blocking invocation waits, in seconds; then the caller gets the
    /// identifier of the activation, and the call goes on
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = timeout)]
    blocking_timeout: Duration,

    /// How long activations are kept, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = timeout)]
    activation_time: Duration,

    /// How many activations are kept; the oldest are dropped first
    #[arg(long, value_name = "ACTIVATIONS", default_value_t = HTTP_ACTIVATIONS, value_parser = many())]
    max_activations: usize,

    /// The certificate of https, PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,

    /// The key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,

    /// Accept any certificate of callbacks over https
    #[arg(long)]
    insecure: bool,

    /// Use TLS with certificates on both sides for the connection to the broker
    #[arg(long)]
    secure: bool,

    /// Whose answers to give: `corrected`, or those of the `original`, which knows only
    /// blocking invocations
    #[arg(long, value_name = "WHOSE", default_value = "corrected", value_parser = compatibility)]
    compatibility: Compatibility,

    /// Accepted for old command lines: --max-calls bounds the calls in progress
    #[arg(long, value_name = "THREADS", default_value_t = 5)]
    num_threads: u32,

    /// Threads of the process; one is fastest if one core is enough
    #[arg(long, value_name = "THREADS", default_value_t = 1, value_parser = threads())]
    runtime_threads: usize,

    /// Where Prometheus reads metrics
    #[command(flatten)]
    metrics: MetricsOptions,

    #[command(flatten)]
    limits: HttpLimitOptions,
}

const EXAMPLES: &str = "\
Examples:
  wskproxy --server 127.0.0.1:6473 --tables 127.0.0.1:6474
  curl -d '{\"input\":\"AAA\"}' http://127.0.0.1:20000/function/clambda0
  wsk --apihost http://127.0.0.1:20000 --auth user:password action invoke clambda0 --result
  wskproxy --wsk-api-root https://0.0.0.0:443 --certificate host.crt --key host.key \\
           --auth-file keys";

fn namespace(text: &str) -> Result<String, String> {
    match is_namespace(text) {
        true => Ok(text.to_owned()),
        false => Err("expected letters, digits, `-`, `_`, `.` and `@`".to_owned()),
    }
}

/// `--compatibility`.
pub fn compatibility(text: &str) -> Result<Compatibility, String> {
    match text {
        "corrected" => Ok(Compatibility::Corrected),
        "original" => Ok(Compatibility::Original),
        _ => Err("known: corrected, original".to_owned()),
    }
}

fn many() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..=1_000_000)
}

impl WskProxy {
    /// Threads of the process.
    pub fn threads(&self) -> usize {
        self.runtime_threads
    }

    /// Runs the front end.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn run(self, stop: Stop) -> Result<(), Failure> {
        let tls = match (&self.certificate, &self.key) {
            (Some(chain), Some(key)) if self.wsk_api_root.is_secure() => {
                Some(certificate(chain, key).map_err(Failure::input)?)
            }
            (None, None) if !self.wsk_api_root.is_secure() => None,
            (None, None) => {
                let text = "--wsk-api-root begins with https: give --certificate and --key";
                return Err(Failure::Input(text.to_owned()));
            }
            _ => {
                let text = "--certificate is for a --wsk-api-root that begins with https";
                return Err(Failure::Input(text.to_owned()));
            }
        };
        let keys = match &self.auth_file {
            None => Keys::everybody(&self.namespace),
            Some(file) => Keys::read(file, &self.namespace).map_err(Failure::input)?,
        };
        let security = Security::from_environment(self.secure).map_err(Failure::input)?;
        let channel = |endpoint: &Endpoint| {
            connect_lazily(endpoint.as_str(), &security).map_err(Failure::input)
        };
        let tables = self.tables_endpoint.0.as_ref().map(channel).transpose()?;
        let functions = Arc::new(Functions::of(tables, self.refresh_period));
        let trust = if self.insecure {
            Trust::Anyone
        } else {
            Trust::System
        };
        let front = FrontEnd {
            functions: functions.clone(),
            calls: Calls::new(
                channel(&self.server_endpoint)?,
                self.call_timeout,
                self.max_calls,
            ),
            activations: Activations::new(Keep {
                time: self.activation_time,
                most: self.max_activations,
                bytes: HTTP_ACTIVATION_BYTES,
            }),
            keys,
            blocking: self.blocking_timeout,
            compatibility: self.compatibility,
            callbacks: Client::new(trust),
        };
        let server = Server::bind(self.wsk_api_root.endpoint()).await;
        let server = server.map_err(Failure::run)?.with_tls(tls);
        let server = server.with_limits(self.limits.limits());
        let exporter = Exporter::bind(self.metrics.metrics_endpoint.0.as_ref()).await;
        let exporter = exporter.map_err(Failure::run)?;
        info!("OpenWhisk and OpenFaaS at {}", server.endpoint());
        let keeping = tokio::spawn(functions.keep(self.refresh_period, stop.clone()));
        let front = Arc::new(front);
        let metrics = exporter.as_ref().map(|exporter| exporter.metrics());
        match metrics.and_then(|metrics| FrontMetrics::of(metrics, front.clone())) {
            None => server.run(front, stop.clone()).await,
            Some(measured) => {
                let exporting = async {
                    if let Some(exporter) = exporter {
                        exporter.run(stop.clone()).await;
                    }
                };
                tokio::join!(server.run(Arc::new(measured), stop.clone()), exporting);
            }
        }
        keeping.abort();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &str) -> Result<WskProxy, String> {
        let words = std::iter::once("wskproxy").chain(words.split_whitespace());
        WskProxy::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_the_original() {
        let options = options("").unwrap();
        assert_eq!(options.wsk_api_root.to_string(), "http://127.0.0.1:20000");
        assert_eq!(options.server_endpoint.as_str(), "127.0.0.1:6473");
        assert_eq!(options.num_threads, 5);
    }

    #[tokio::test]
    async fn wrong_options_are_refused() {
        for (words, part) in [
            ("--wsk-api-root ftp://host", "http://host:port"),
            ("--wsk-api-root http://host:port", "http://host:port"),
            ("--namespace a/b", "expected letters"),
            ("--namespace _", "expected letters"),
            ("--max-calls 0", "1..=1000000"),
            ("--compatibility openwhisk", "known: corrected, original"),
            ("--activation-time 0", "more than 0"),
            ("--certificate a", "--key"),
        ] {
            let error = options(words).unwrap_err();
            assert!(error.contains(part), "{words}: {error}");
        }
        for (words, part) in [
            (
                "--wsk-api-root https://127.0.0.1:0",
                "--certificate and --key",
            ),
            ("--certificate a --key b", "begins with https"),
            ("--auth-file /nonexistent", "/nonexistent: "),
        ] {
            let error = options(words).unwrap().run(Stop::new()).await.unwrap_err();
            assert!(matches!(error, Failure::Input(_)), "{words}");
            assert!(error.to_string().contains(part), "{words}: {error}");
        }
    }
}
