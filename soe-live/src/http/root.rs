//! Addresses of services that speak HTTP.

use std::fmt;
use std::str::FromStr;

use ::http::Uri;

use crate::command::Endpoint;

/// The root of a service: `http://host:port` or `https://host:port`, and the path that all
/// its paths begin with. The text is kept as it was written.
///
/// ```
/// use soe_live::http::Root;
///
/// let root: Root = "https://host/base/".parse()?;
/// assert!(root.is_secure());
/// assert_eq!(root.endpoint().as_str(), "host:443");
/// assert_eq!(root.url("/api?x=1"), "https://host:443/base/api?x=1");
/// assert_eq!(root.to_string(), "https://host/base/");
/// assert!("host:80".parse::<Root>().is_err());
/// # Ok::<(), soe_live::http::RootError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    text: String,
    secure: bool,
    endpoint: Endpoint,
    path: String,
}

/// Why a text is no root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found `{0}`, expected an address such as http://host:port")]
pub struct RootError(pub String);

impl Root {
    /// Whether the service speaks TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host and the port, which is 80 or 443 if none was written.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The path that all paths begin with, without a slash at its end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole address of a path, which begins with a slash, and its query.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{}{path}", self.endpoint, self.path)
    }
}

impl FromStr for Root {
    type Err = RootError;

    fn from_str(text: &str) -> Result<Self, RootError> {
        let wrong = || RootError(text.chars().take(200).collect());
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong());
        }
        let endpoint = match authority.port() {
            Some(_) => authority.to_string(),
            None if authority.as_str() == authority.host() => {
                format!("{}:{}", authority.host(), if secure { 443 } else { 80 })
            }
            // What stands for the port is not a number.
            None => return Err(wrong()),
        };
        Ok(Self {
            text: text.to_owned(),
            secure,
            endpoint: endpoint.parse().map_err(|_| wrong())?,
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_http_are_roots() {
        let url = |text: &str| text.parse::<Root>().unwrap().url("/x");
        assert_eq!(url("http://127.0.0.1:6500"), "http://127.0.0.1:6500/x");
        assert_eq!(url("http://[::1]/"), "http://[::1]:80/x");
        assert_eq!(url("HTTPS://a.b/c/d/"), "https://a.b:443/c/d/x");
        for wrong in [
            "",
            "host",
            "host:1",
            "ftp://host",
            "http://",
            "http:///x",
            "http://h?x",
            "http://h:99999",
            "http://u:p@h",
            "/x",
        ] {
            assert!(wrong.parse::<Root>().is_err(), "{wrong}");
        }
    }
}
