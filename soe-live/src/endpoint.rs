//! Endpoints: where a service listens, written `host:port`.

use std::fmt;
use std::str::FromStr;

/// A host, by name or address, and a port.
///
/// ```
/// use soe_live::Endpoint;
///
/// let endpoint: Endpoint = "localhost:6473".parse()?;
/// assert_eq!((endpoint.host(), endpoint.port()), ("localhost", 6473));
/// assert!("0.0.0.0:6473".parse::<Endpoint>()?.is_wildcard());
/// assert!("localhost".parse::<Endpoint>().is_err());
/// # Ok::<(), soe_live::endpoint::InvalidEndpoint>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    text: String,
    /// Where the port begins in the text.
    port_at: usize,
    port: u16,
}

/// A text is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no endpoint, expected HOST:PORT such as localhost:6473")]
pub struct InvalidEndpoint(pub String);

impl Endpoint {
    /// The host, without the brackets around an IPv6 address.
    pub fn host(&self) -> &str {
        let host = &self.text[..self.port_at - 1];
        host.strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host)
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the host stands for all addresses of the machine, so that one can
    /// listen there but not be reached.
    pub fn is_wildcard(&self) -> bool {
        let address = self.host().parse::<std::net::IpAddr>();
        address.is_ok_and(|address| address.is_unspecified())
    }

    /// The same port of another host.
    pub fn at(&self, host: &str) -> Self {
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.to_owned(),
        };
        Self {
            text: format!("{host}:{}", self.port),
            port_at: host.len() + 1,
            port: self.port,
        }
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint(text.chars().take(256).collect());
        let (host, digits) = text.rsplit_once(':').ok_or_else(invalid)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let is_host = match bracketed {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.len() <= 253 && host.chars().all(plain),
        };
        let is_number = digits.len() <= 5 && digits.bytes().all(|digit| digit.is_ascii_digit());
        match digits.parse() {
            Ok(port) if is_host && is_number => Ok(Self {
                text: text.to_owned(),
                port_at: host.len() + 1,
                port,
            }),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_hosts_with_a_port() {
        for text in ["127.0.0.1:0", "host_2.example:65535", "[::1]:6473", "a:1"] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(endpoint.to_string(), text);
        }
        let endpoint: Endpoint = "[::1]:6473".parse().unwrap();
        assert_eq!((endpoint.host(), endpoint.port()), ("::1", 6473));
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        let wrong = [
            "",
            ":",
            ":1",
            "a:",
            "a",
            "a:b",
            "a:65536",
            "a:+1",
            "a b:1",
            "::1:6473",
            "http://a:1",
            "a/b:1",
            "[::1:1",
            "a@b:1",
            "a:1:2",
            "é:1",
        ];
        for text in wrong {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn wildcards_are_addresses_of_nobody() {
        let wildcard: Endpoint = "0.0.0.0:6473".parse().unwrap();
        assert!(wildcard.is_wildcard());
        assert!("[::]:1".parse::<Endpoint>().unwrap().is_wildcard());
        assert!(!"127.0.0.1:1".parse::<Endpoint>().unwrap().is_wildcard());
        assert_eq!(wildcard.at("fe80::1").as_str(), "[fe80::1]:6473");
        assert_eq!(wildcard.at("edge").host(), "edge");
    }
}
