//! Options that several clients share.

use std::time::Duration;

use clap::{Args, ValueEnum};
use sim_core::{SimDuration, SimTime};
use soe_model::catalogue::Value;
use soe_model::client::arrival::{ARRIVALS, ArrivalSpec};
use soe_model::client::size::SizeSpec;
use soe_model::client::{ClientSpec, Generator, Protocol};

use crate::Security;
use crate::command::{ClientConf, Endpoint, Failure, positive};

/// Where calls go, and how.
#[derive(Args, Clone, Debug)]
pub struct Destinations {
    /// Endpoints to call. With several, separated by commas, each call goes to the
    /// one that answered first the last time, and sometimes to others
    #[arg(
        long,
        value_name = "HOST:PORT,...",
        value_delimiter = ',',
        default_value = "localhost:6473"
    )]
    pub server_endpoints: Vec<Endpoint>,

    /// Transport of calls, and the probability `persistence` with which a call also goes
    /// to each endpoint other than the preferred one. type=quic has attempt-early-data
    /// (send calls in the first packets, which may be replayed; false) and insecure
    /// (take any certificate, instead of --secure; false)
    #[arg(
        long,
        value_name = "CONF",
        default_value = "type=grpc,persistence=0.05"
    )]
    pub client_conf: ClientConf,

    #[command(flatten)]
    pub patience: Patience,
}

/// How the times from one call to the next are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Interval {
    /// All equal.
    Constant,
    /// From 0 to twice the mean.
    Uniform,
    /// Exponentially distributed.
    Poisson,
}

impl Interval {
    /// One call after the other, with this mean time from one to the next.
    ///
    /// # Errors
    /// If the arrival process does not take the mean.
    pub fn arrivals(self, mean: SimDuration) -> Result<ArrivalSpec, Failure> {
        let distribution = match self {
            Self::Constant => "constant",
            Self::Uniform => "uniform",
            Self::Poisson => "exponential",
        };
        let arguments = vec![
            ("interval".into(), Value::Duration(mean)),
            ("distribution".into(), Value::Word(distribution)),
        ];
        let arrivals = ARRIVALS.configure("closed-loop", arguments);
        arrivals.map_err(Failure::input)
    }
}

/// How long to wait for answers, and how to protect calls.
#[derive(Args, Clone, Copy, Debug)]
pub struct Patience {
    /// Time after which a call without a response fails, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = positive)]
    pub timeout: SimDuration,

    /// Use TLS with certificates on both sides (see CERT_DIR below)
    #[arg(long)]
    pub secure: bool,
}

impl Destinations {
    /// The credentials, if any are asked for.
    ///
    /// # Errors
    /// If they are not usable, or do not fit the transport.
    pub fn security(&self) -> Result<Security, Failure> {
        let checked = self.client_conf.check(self.patience.secure);
        checked.map_err(|error| Failure::Input(format!("--client-conf: {error}")))?;
        self.patience.security()
    }

    /// Every endpoint once, in the order in which they were given.
    pub fn distinct(&self) -> Vec<String> {
        let mut distinct: Vec<String> = Vec::new();
        for endpoint in &self.server_endpoints {
            if distinct.iter().all(|known| known != endpoint.as_str()) {
                distinct.push(endpoint.to_string());
            }
        }
        distinct
    }

    /// The client of the model with this number; `duration` 0 has no end.
    pub fn client(
        &self,
        index: u32,
        function: &str,
        (arrivals, sizes): (&ArrivalSpec, &SizeSpec),
        duration: SimDuration,
        max_calls: Option<u64>,
    ) -> ClientSpec {
        ClientSpec {
            name: format!("client-{index}"),
            node: String::new(),
            function: function.to_owned(),
            destinations: self.distinct(),
            context: None,
            persistence: self.client_conf.persistence,
            arrivals: arrivals.clone(),
            sizes: sizes.clone(),
            start: SimTime::ZERO,
            stop: (!duration.is_zero()).then(|| SimTime::ZERO + duration),
            max_calls,
            generator: Generator::Original { index },
            protocol: Protocol::Grpc,
        }
    }
}

impl Patience {
    pub fn timeout(&self) -> Duration {
        Duration::from_nanos(self.timeout.as_nanos())
    }

    /// The credentials, if any are asked for.
    pub fn security(&self) -> Result<Security, Failure> {
        Security::from_environment(self.secure).map_err(Failure::input)
    }
}
