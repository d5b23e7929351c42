//! Transport of calls: the configuration strings of servers and clients.

use std::str::FromStr;

use soe_model::catalogue::{Quantity, Value};
use soe_model::conf::{Conf, ConfError};

/// The key that names the transport.
const TYPE: &str = "type";
/// The only transport.
const GRPC: &str = "grpc";
/// The key of the probability to try other destinations.
const PERSISTENCE: &str = "persistence";

/// `--server-conf`: `type=grpc`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerConf;

/// `--client-conf`: `type=grpc,persistence=0.05`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClientConf {
    /// With several destinations: the probability with which each call is sent
    /// also to each destination other than the preferred one, 0 to 1.
    pub persistence: f64,
}

/// What is wrong with the configuration of a transport.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The string is wrong.
    #[error(transparent)]
    Conf(#[from] ConfError),
    /// Unknown transport.
    #[error("unknown type `{0}`, known: {GRPC}")]
    Unknown(String),
}

impl FromStr for ServerConf {
    type Err = TransportError;

    fn from_str(text: &str) -> Result<Self, TransportError> {
        let mut conf = Conf::parse(text)?;
        take_transport(&mut conf)?;
        conf.finish(&[TYPE])?;
        Ok(Self)
    }
}

impl FromStr for ClientConf {
    type Err = TransportError;

    fn from_str(text: &str) -> Result<Self, TransportError> {
        let mut conf = Conf::parse(text)?;
        take_transport(&mut conf)?;
        let probability = Quantity::Number { min: 0.0, max: 1.0 };
        let persistence = match conf.take_value(PERSISTENCE, probability)? {
            Some(Value::Number(persistence)) => persistence,
            _ => Self::default().persistence,
        };
        conf.finish(&[TYPE, PERSISTENCE])?;
        Ok(Self { persistence })
    }
}

impl Default for ClientConf {
    fn default() -> Self {
        Self { persistence: 0.05 }
    }
}

fn take_transport(conf: &mut Conf) -> Result<(), TransportError> {
    match conf.take(TYPE) {
        Some(found) if found != GRPC => Err(TransportError::Unknown(found)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_takes_its_default() {
        for (text, persistence) in [
            ("type=grpc,persistence=0.05", 0.05),
            ("persistence=1", 1.0),
            ("type=grpc", 0.05),
            ("", 0.05),
        ] {
            assert_eq!(text.parse(), Ok(ClientConf { persistence }));
        }
        assert_eq!("type=grpc".parse(), Ok(ServerConf));
    }

    #[test]
    fn mistakes_say_what_is_known() {
        let message = |text: &str| text.parse::<ClientConf>().unwrap_err().to_string();
        assert_eq!(message("type=quic"), "unknown type `quic`, known: grpc");
        assert_eq!(
            message("type=grpc,speed=1"),
            "unknown key `speed`, known: type, persistence"
        );
        assert_eq!(message("grpc"), "Invalid configuration: grpc");
        assert!(message("persistence=2").contains("from 0 to 1"));
        let message = "persistence=1".parse::<ServerConf>().unwrap_err();
        assert_eq!(
            message.to_string(),
            "unknown key `persistence`, known: type"
        );
    }
}
