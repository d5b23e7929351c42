//! Transport of calls: the configuration strings of servers and clients.

use std::str::FromStr;

use soe_model::catalogue::{Quantity, Value};
use soe_model::conf::{Conf, ConfError};

use crate::security::MissingIdentity;
use crate::transport::Transport;

/// The key that names the transport.
const TYPE: &str = "type";
const GRPC: &str = "grpc";
const QUIC: &str = "quic";
/// The keys of QUIC.
#[cfg(feature = "quic")]
const EARLY_DATA: &str = "attempt-early-data";
#[cfg(feature = "quic")]
const INSECURE: &str = "insecure";
/// The key of the probability to try other destinations.
const PERSISTENCE: &str = "persistence";

/// `--server-conf`: `type=grpc`, or `type=quic,attempt-early-data=false,insecure=false`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerConf {
    /// The transport.
    pub transport: Transport,
}

/// `--client-conf`: that of servers, with `persistence=0.05`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClientConf {
    /// The transport.
    pub transport: Transport,
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
    #[error("unknown type `{0}`, known: {GRPC}, {QUIC}")]
    Unknown(String),
    /// QUIC is not part of this build.
    #[cfg(not(feature = "quic"))]
    #[error(
        "type=quic is not part of this build: build with `cargo install --path . --features quic`"
    )]
    NotBuilt,
}

impl FromStr for ServerConf {
    type Err = TransportError;

    fn from_str(text: &str) -> Result<Self, TransportError> {
        let mut conf = Conf::parse(text)?;
        let (transport, known) = take_transport(&mut conf)?;
        conf.finish(known)?;
        Ok(Self { transport })
    }
}

impl FromStr for ClientConf {
    type Err = TransportError;

    fn from_str(text: &str) -> Result<Self, TransportError> {
        let mut conf = Conf::parse(text)?;
        let (transport, known) = take_transport(&mut conf)?;
        let probability = Quantity::Number { min: 0.0, max: 1.0 };
        let persistence = match conf.take_value(PERSISTENCE, probability)? {
            Some(Value::Number(persistence)) => persistence,
            _ => Self::default().persistence,
        };
        conf.finish(&[known, &[PERSISTENCE]].concat())?;
        Ok(Self {
            transport,
            persistence,
        })
    }
}

impl Default for ClientConf {
    fn default() -> Self {
        Self {
            transport: Transport::Grpc,
            persistence: 0.05,
        }
    }
}

impl ServerConf {
    /// Checks that `--secure` and the transport fit.
    ///
    /// # Errors
    /// If QUIC is neither protected nor said to be insecure, or both.
    pub fn check(&self, secure: bool) -> Result<(), MissingIdentity> {
        check(self.transport, secure)
    }
}

impl ClientConf {
    /// Checks that `--secure` and the transport fit.
    ///
    /// # Errors
    /// If QUIC is neither protected nor said to be insecure, or both.
    pub fn check(&self, secure: bool) -> Result<(), MissingIdentity> {
        check(self.transport, secure)
    }
}

fn check(transport: Transport, secure: bool) -> Result<(), MissingIdentity> {
    match transport {
        Transport::Grpc => {
            let _ = secure;
            Ok(())
        }
        #[cfg(feature = "quic")]
        Transport::Quic(options) => match (secure, options.insecure) {
            (true, true) => Err(MissingIdentity::Contradiction),
            (false, false) => Err(MissingIdentity::Unsecured),
            _ => Ok(()),
        },
    }
}

/// The transport that a string names, and the keys that it has.
fn take_transport(conf: &mut Conf) -> Result<(Transport, &'static [&'static str]), TransportError> {
    match conf.take(TYPE).as_deref() {
        None | Some(GRPC) => Ok((Transport::Grpc, &[TYPE])),
        #[cfg(not(feature = "quic"))]
        Some(QUIC) => Err(TransportError::NotBuilt),
        #[cfg(feature = "quic")]
        Some(QUIC) => {
            let options = crate::transport::QuicOptions {
                early_data: conf.take_flag(EARLY_DATA)?.unwrap_or_default(),
                insecure: conf.take_flag(INSECURE)?.unwrap_or_default(),
            };
            Ok((Transport::Quic(options), &[TYPE, EARLY_DATA, INSECURE]))
        }
        Some(found) => Err(TransportError::Unknown(found.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grpc(persistence: f64) -> ClientConf {
        ClientConf {
            transport: Transport::Grpc,
            persistence,
        }
    }

    #[test]
    fn what_is_left_out_takes_its_default() {
        for (text, persistence) in [
            ("type=grpc,persistence=0.05", 0.05),
            ("persistence=1", 1.0),
            ("type=grpc", 0.05),
            ("", 0.05),
        ] {
            assert_eq!(text.parse(), Ok(grpc(persistence)));
        }
        assert_eq!("type=grpc".parse(), Ok(ServerConf::default()));
    }

    #[test]
    fn mistakes_say_what_is_known() {
        let message = |text: &str| text.parse::<ClientConf>().unwrap_err().to_string();
        assert_eq!(message("type=tcp"), "unknown type `tcp`, known: grpc, quic");
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

    #[cfg(not(feature = "quic"))]
    #[test]
    fn a_build_without_quic_says_how_to_get_it() {
        let message = "type=quic".parse::<ServerConf>().unwrap_err().to_string();
        assert!(message.contains("--features quic"), "{message}");
        assert_eq!(message.lines().count(), 1);
    }

    #[cfg(feature = "quic")]
    #[test]
    fn quic_is_off_in_early_data_and_must_be_secure_unless_it_is_said() {
        use crate::transport::QuicOptions;

        let quic = |early_data, insecure| ServerConf {
            transport: Transport::Quic(QuicOptions {
                early_data,
                insecure,
            }),
        };
        let read = |text: &str| text.parse::<ServerConf>();
        assert_eq!(read("type=quic"), Ok(quic(false, false)));
        assert_eq!(
            read("type=quic,attempt-early-data=true"),
            Ok(quic(true, false))
        );
        assert_eq!(read("type=quic,insecure=true"), Ok(quic(false, true)));
        let message = read("type=quic,speed=1").unwrap_err().to_string();
        assert_eq!(
            message,
            "unknown key `speed`, known: type, attempt-early-data, insecure"
        );
        // They are keys of QUIC.
        assert!(read("insecure=true").is_err());
        let checked = |insecure, secure| quic(false, insecure).check(secure).is_ok();
        assert!(checked(true, false) && checked(false, true));
        assert!(!checked(false, false) && !checked(true, true));
        assert!(ServerConf::default().check(false).is_ok());
    }
}
