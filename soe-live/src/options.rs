//! Options that services share, with the names of the original.

use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use clap::Args;
use soe_model::broker::Failover;
use soe_model::catalogue::{Catalogue, Configured};
use soe_model::conf::{Conf, ConfError};

use crate::broker::RouterConf;
use crate::command::{Endpoint, EndpointError, Failure, ServerConf};
use crate::limits::{self, HttpLimits, Limits};
use crate::security::Security;
use crate::transport::Transport;

/// An endpoint, or none if the text is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaybeEndpoint(pub Option<Endpoint>);

impl FromStr for MaybeEndpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        match text {
            "" => Ok(Self(None)),
            text => text.parse().map(|endpoint| Self(Some(endpoint))),
        }
    }
}

/// Options of everything that takes invocations.
#[derive(Args, Clone, Debug)]
pub struct ServerOptions {
    /// Address at which to accept invocations, HOST:PORT (also --server)
    #[arg(long, value_name = "ENDPOINT", default_value = "0.0.0.0:6473")]
    pub server_endpoint: Endpoint,

    /// Address at which others reach this process, if it differs from
    /// --server-endpoint. If --server-endpoint means all addresses of the machine
    /// (0.0.0.0), the default is the address from which the controller is reached
    #[arg(long, value_name = "ENDPOINT", default_value = "")]
    pub announce_endpoint: MaybeEndpoint,

    /// The controller to which this process announces itself; none if empty
    #[arg(long, value_name = "ENDPOINT", default_value = "")]
    pub controller_endpoint: MaybeEndpoint,

    /// Threads of the process; one is fastest if one core is enough
    #[arg(long, value_name = "THREADS", default_value_t = 1, value_parser = threads())]
    pub runtime_threads: usize,

    /// Use TLS with certificates on both sides for all connections: ca.crt,
    /// server.key, server.crt, client.key and client.crt in the working directory
    /// or in the one that the variable CERT_DIR names
    #[arg(long)]
    pub secure: bool,

    /// Transport of invocations: type=grpc, or type=quic with attempt-early-data (take
    /// calls of the first packets, which may be replayed; false) and insecure (a
    /// certificate that nobody verifies, instead of --secure; false)
    #[arg(long, value_name = "CONF", default_value = "type=grpc")]
    pub server_conf: ServerConf,

    /// Transport of the invocations that this process sends to others; as
    /// --server-conf if it is left out
    #[arg(long, value_name = "CONF")]
    pub client_conf: Option<ServerConf>,

    /// Where Prometheus reads metrics
    #[command(flatten)]
    pub metrics: MetricsOptions,

    /// Bounds
    #[command(flatten)]
    pub limits: LimitOptions,
}

/// Where metrics are served.
#[derive(Args, Clone, Debug, Default)]
pub struct MetricsOptions {
    /// Address at which Prometheus reads metrics, http://HOST:PORT/metrics; none if empty.
    /// Everyone who reaches it can read them
    #[arg(long, value_name = "ENDPOINT", default_value = "")]
    pub metrics_endpoint: MaybeEndpoint,
}

/// Bounds of a server.
#[derive(Args, Clone, Copy, Debug)]
pub struct LimitOptions {
    /// Bytes of one message, received or sent
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = DEFAULT.message,
        value_parser = message_size
    )]
    pub max_message_size: usize,

    /// Bytes of messages that are held for all callers; beyond it, connections with
    /// more than an equal share are refused
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULT.held)]
    pub max_held_bytes: usize,

    /// Concurrent connections of callers; a new one replaces the one that has been
    /// idle for longest
    #[arg(long, value_name = "CONNECTIONS", default_value_t = DEFAULT.connections)]
    pub max_connections: usize,

    /// Calls in progress over one connection of a caller
    #[arg(long, value_name = "CALLS", default_value_t = DEFAULT.calls)]
    pub max_connection_calls: u32,

    /// How long the message of a request may take to arrive, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = timeout)]
    pub request_timeout: Duration,

    /// How long calls may still run after the process was told to stop, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = timeout)]
    pub drain_time: Duration,
}

static DEFAULT: LazyLock<Limits> = LazyLock::new(Limits::default);

impl LimitOptions {
    /// The bounds that the options set.
    pub fn limits(&self) -> Limits {
        Limits {
            message: self.max_message_size,
            held: self.max_held_bytes,
            connections: self.max_connections,
            calls: self.max_connection_calls.max(1),
            request_time: self.request_timeout,
            drain: self.drain_time,
        }
    }
}

/// Bounds of an HTTP server.
#[derive(Args, Clone, Copy, Debug)]
pub struct HttpLimitOptions {
    /// Bytes of the body of a request; a larger one is answered with 413
    #[arg(
        long,
        value_name = "BYTES",
        default_value_t = HTTP_DEFAULT.body,
        value_parser = message_size
    )]
    pub max_message_size: usize,

    /// Bytes of bodies that are held for all peers; a request beyond it is answered with 503
    #[arg(long, value_name = "BYTES", default_value_t = HTTP_DEFAULT.held)]
    pub max_held_bytes: usize,

    /// Concurrent connections; a new one replaces the one that has been idle for longest
    #[arg(long, value_name = "CONNECTIONS", default_value_t = HTTP_DEFAULT.connections)]
    pub max_connections: usize,

    /// Concurrent connections from one address; a new one is closed
    #[arg(long, value_name = "CONNECTIONS", default_value_t = HTTP_DEFAULT.peer_connections)]
    pub max_peer_connections: usize,

    /// How long the body of a request may take to arrive, in seconds; then the answer is 408
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = timeout)]
    pub request_timeout: Duration,

    /// How long a connection may be without a request, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = timeout)]
    pub idle_timeout: Duration,
}

static HTTP_DEFAULT: LazyLock<HttpLimits> = LazyLock::new(HttpLimits::default);

impl HttpLimitOptions {
    /// The bounds that the options set.
    pub fn limits(&self) -> HttpLimits {
        HttpLimits {
            body: self.max_message_size,
            held: self.max_held_bytes,
            body_time: self.request_timeout,
            connections: self.max_connections,
            peer_connections: self.max_peer_connections,
            idle: self.idle_timeout,
            ..HttpLimits::default()
        }
    }
}

fn message_size(text: &str) -> Result<usize, String> {
    let size: usize = text.parse().map_err(|_| "expected a number".to_owned())?;
    match limits::MESSAGE_RANGE.contains(&size) {
        true => Ok(size),
        false => Err(format!(
            "expected {} to {} bytes",
            limits::MESSAGE_RANGE.start(),
            limits::MESSAGE_RANGE.end()
        )),
    }
}

impl ServerOptions {
    /// The transport of the invocations that this process sends.
    pub fn client_transport(&self) -> Transport {
        self.client_conf.unwrap_or(self.server_conf).transport
    }

    /// The credentials, if there have to be any.
    ///
    /// # Errors
    /// If they are missing or not usable, or do not fit the transports.
    pub fn security(&self) -> Result<Security, Failure> {
        for (option, conf) in [
            ("--server-conf", Some(self.server_conf)),
            ("--client-conf", self.client_conf),
        ] {
            let checked = conf.map_or(Ok(()), |conf| conf.check(self.secure));
            checked.map_err(|error| Failure::Input(format!("{option}: {error}")))?;
        }
        Security::from_environment(self.secure).map_err(Failure::input)
    }
}

/// The number of threads of a process; more than 1024 are a typing mistake.
pub(crate) fn threads() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(0..=1024)
}

/// Options of brokers.
#[derive(Args, Clone, Debug)]
pub struct BrokerOptions {
    /// Options of everything that takes invocations
    #[command(flatten)]
    pub server: ServerOptions,

    /// Address of the service that shows and changes the forwarding tables
    #[arg(long, value_name = "ENDPOINT", default_value = "0.0.0.0:6474")]
    pub configuration_endpoint: Endpoint,

    /// Calls in progress at a time; further calls wait; 0 is no limit
    #[arg(long, value_name = "CALLS", default_value_t = 0)]
    pub num_threads: u32,

    /// How calls are forwarded: at most `max-pending-clients` pending calls per
    /// destination (0 is no limit), after a delay between `min-forward-time` and
    /// `max-forward-time` seconds, over at most `connections` connections per
    /// destination; with `fake=true`, calls are answered at once instead
    #[arg(
        long,
        value_name = "CONF",
        default_value = "max-pending-clients=0,min-forward-time=0,max-forward-time=0"
    )]
    pub router_conf: RouterConf,

    /// How long a destination may take to answer a call, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = timeout)]
    pub call_timeout: Duration,

    /// Whether a call whose destination was lost is sent to another one: `never`,
    /// `idempotent` (only if it was provably not delivered, or is a dry run), or
    /// `always` (it may then be executed twice)
    #[arg(long, value_name = "RULE", default_value = "always", value_parser = failover)]
    pub failover: Failover,

    /// Number of initial functions lambda0, lambda1, …
    #[arg(long, value_name = "FUNCTIONS", default_value_t = 0)]
    pub fake_num_lambdas: u32,

    /// Number of destinations 127.0.0.1:0, 127.0.0.1:1, … of each of them
    #[arg(long, value_name = "DESTINATIONS", default_value_t = 0)]
    pub fake_num_destinations: u32,

    /// Seed of the random draws
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub seed: u64,
}

fn failover(text: &str) -> Result<Failover, String> {
    let known = || format!("known: {}", Failover::WORDS.join(", "));
    Failover::named(text).ok_or_else(known)
}

/// A time of more than nothing, in seconds.
pub fn timeout(text: &str) -> Result<Duration, String> {
    let span = crate::command::seconds(text)?;
    match span.is_zero() {
        true => Err("expected a number of seconds, more than 0".to_owned()),
        false => Ok(crate::clock::duration(span)),
    }
}

/// The kind that a configuration string names, or the one it means if it names
/// none.
///
/// # Errors
/// If the string is malformed or does not fit the kind.
pub fn configured<B: 'static>(
    text: &str,
    catalogue: &Catalogue<B>,
    default: &str,
) -> Result<Configured<B>, ConfError> {
    let named = Conf::parse(text)?.take("type").is_some();
    let whole = match (named, text) {
        (true, text) => text.to_owned(),
        (false, "") => format!("type={default}"),
        (false, text) => format!("type={default},{text}"),
    };
    Conf::parse(&whole)?.configure(catalogue)
}

/// The short help of an option that takes a kind: what it decides, and the kinds.
pub fn short_help<B: 'static>(decides: &str, catalogue: &Catalogue<B>) -> String {
    format!("{decides}: {}", catalogue.summary())
}

/// The long help of an option that takes a kind: what it decides, and the kinds with
/// their parameters. Durations are in seconds and sizes in bytes there.
pub fn long_help<B: 'static>(decides: &str, catalogue: &Catalogue<B>) -> String {
    format!(
        "{decides}; durations in seconds, sizes in bytes, without unit\n\n{}",
        catalogue.details()
    )
}
