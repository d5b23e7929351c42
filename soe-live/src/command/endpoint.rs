//! The address of a service: `host:port`.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::limits;

/// The endpoint of a service, `host:port`, as it was written. Every peer names a
/// service by this text, so it is never rewritten.
///
/// ```
/// use soe_live::command::Endpoint;
///
/// let endpoint: Endpoint = "127.0.0.1:6473".parse()?;
/// assert_eq!((endpoint.host(), endpoint.port()), ("127.0.0.1", 6473));
/// assert!("127.0.0.1".parse::<Endpoint>().is_err());
/// assert!("[::]:6473".parse::<Endpoint>()?.is_wildcard());
/// # Ok::<(), soe_live::command::EndpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    text: String,
    host: usize,
    port: u16,
}

/// Why a text is not an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found endpoint `{found}`, expected host:port such as 127.0.0.1:6473 ({reason})")]
pub struct EndpointError {
    /// The text.
    pub found: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Endpoint {
    /// The text, as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host: a name or an address, an IPv6 one in its brackets.
    pub fn host(&self) -> &str {
        &self.text[..self.host]
    }

    /// The port; 0 lets the system choose one, for a service that listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host is the wildcard address (`0.0.0.0` or `[::]`):
    /// valid for listening, but others cannot connect to it.
    pub fn is_wildcard(&self) -> bool {
        let host = self.host();
        host.parse() == Ok(Ipv4Addr::UNSPECIFIED)
            || bracketed(host).and_then(|host| host.parse().ok()) == Some(Ipv6Addr::UNSPECIFIED)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let wrong = |reason| EndpointError {
            found: text.chars().take(limits::ENDPOINT).collect(),
            reason,
        };
        if text.len() > limits::ENDPOINT {
            return Err(wrong("too long"));
        }
        let Some((host, port)) = text.rsplit_once(':') else {
            return Err(wrong("no port"));
        };
        if host.is_empty() {
            return Err(wrong("no host"));
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        match bracketed(host) {
            Some(address) if address.parse::<Ipv6Addr>().is_ok() => {}
            Some(_) => return Err(wrong("no IPv6 address in the brackets")),
            None if host.contains(':') => return Err(wrong("more than one colon")),
            None if host.chars().all(is_name) => {}
            None => return Err(wrong("the host is neither a name nor an address")),
        }
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        match port.parse() {
            Ok(port) if digits => Ok(Self {
                text: text.to_owned(),
                host: host.len(),
                port,
            }),
            _ => Err(wrong("the port is not a number from 0 to 65535")),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

fn bracketed(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_taken_apart() {
        for (text, host, port, wildcard) in [
            ("localhost:6473", "localhost", 6473, false),
            ("0.0.0.0:6473", "0.0.0.0", 6473, true),
            ("[::1]:0", "[::1]", 0, false),
            ("[::]:65535", "[::]", 65535, true),
            (
                "edge_1.example-site.org:80",
                "edge_1.example-site.org",
                80,
                false,
            ),
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(endpoint.host(), host);
            assert_eq!(endpoint.port(), port);
            assert_eq!(endpoint.is_wildcard(), wildcard);
            assert_eq!(endpoint.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_endpoint_says_why() {
        for (text, reason) in [
            ("", "no port"),
            ("localhost", "no port"),
            (":6473", "no host"),
            ("localhost:", "the port is not a number from 0 to 65535"),
            ("localhost:+1", "the port is not a number from 0 to 65535"),
            (
                "localhost:65536",
                "the port is not a number from 0 to 65535",
            ),
            ("::1:6473", "more than one colon"),
            ("[::g]:6473", "no IPv6 address in the brackets"),
            ("http://h:80", "more than one colon"),
            ("a b:80", "the host is neither a name nor an address"),
        ] {
            let error = text.parse::<Endpoint>().unwrap_err();
            assert_eq!(error.reason, reason, "{text}");
            assert!(error.to_string().contains(&format!("`{text}`")));
        }
        let error = "x".repeat(1_000_000).parse::<Endpoint>().unwrap_err();
        assert!(error.to_string().len() < 400);
    }
}
