//! The address of an HTTP interface: `http://host:port/prefix`.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use crate::command::Endpoint;
use crate::limits;

/// The root of an interface over HTTP: an end-point, and a path below which its
/// resources are.
///
/// ```
/// use soe_live::mec::ApiRoot;
///
/// let root: ApiRoot = "http://127.0.0.1:6500/mec/".parse()?;
/// assert_eq!(root.endpoint().as_str(), "127.0.0.1:6500");
/// assert_eq!(root.prefix(), "/mec");
/// assert_eq!(root.to_string(), "http://127.0.0.1:6500/mec");
/// assert!("127.0.0.1:6500".parse::<ApiRoot>().is_err());
/// # Ok::<(), soe_live::mec::ApiRootError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRoot {
    endpoint: Endpoint,
    prefix: String,
}

/// Why a text is not the root of an interface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected an address such as http://127.0.0.1:6500 ({reason})")]
pub struct ApiRootError {
    /// The text.
    pub found: String,
    /// What is wrong with it.
    pub reason: String,
}

impl ApiRoot {
    /// Where it is served.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The path of the root, without a slash at its end; empty if there is none.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The same root at another end-point.
    #[must_use]
    pub fn at(&self, endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            prefix: self.prefix.clone(),
        }
    }
}

impl FromStr for ApiRoot {
    type Err = ApiRootError;

    fn from_str(text: &str) -> Result<Self, ApiRootError> {
        let wrong = |reason: &str| ApiRootError {
            found: text.chars().take(limits::ENDPOINT).collect(),
            reason: reason.to_owned(),
        };
        if text.len() > soe_model::mec::CALLBACK {
            return Err(wrong("too long"));
        }
        let uri: Uri = text.parse().map_err(|_| wrong("not a URI"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(wrong("only http is served")),
            _ => return Err(wrong("no http://")),
        }
        if uri.query().is_some() {
            return Err(wrong("it has a query"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("no host"))?;
        let text = match authority.port() {
            None if authority.as_str().ends_with(authority.host()) => format!("{authority}:80"),
            // What stands for a port is none: the end-point says so.
            _ => authority.to_string(),
        };
        let endpoint = text.parse::<Endpoint>();
        Ok(Self {
            endpoint: endpoint.map_err(|error| wrong(error.reason))?,
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

impl fmt::Display for ApiRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.endpoint, self.prefix)
    }
}

/// Whether notifications can be sent to a URI.
pub fn is_callback(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    scheme && uri.host().is_some_and(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_root_says_why() {
        for (text, reason) in [
            ("", "not a URI"),
            ("127.0.0.1:6500", "no http://"),
            ("ftp://h:1", "no http://"),
            ("https://h:1", "only http is served"),
            ("http://h:1/?a=b", "it has a query"),
            ("http://u@h:1", "the host is neither a name nor an address"),
            ("http://h:99999", "the port is not a number from 0 to 65535"),
        ] {
            let error = text.parse::<ApiRoot>().unwrap_err();
            assert!(error.to_string().contains(reason), "{text}: {error}");
        }
        let long = format!("http://{}", "x".repeat(1_000_000));
        assert!(long.parse::<ApiRoot>().unwrap_err().to_string().len() < 500);
    }

    #[test]
    fn the_port_of_http_is_80() {
        let root: ApiRoot = "http://example.org".parse().unwrap();
        assert_eq!(root.endpoint().as_str(), "example.org:80");
        assert_eq!(root.prefix(), "");
    }

    #[test]
    fn callbacks_are_addresses_of_http() {
        for good in ["http://h", "http://127.0.0.1:1/u1", "https://[::1]:1/a/b?c"] {
            assert!(is_callback(good), "{good}");
        }
        for bad in [
            "",
            "h:1",
            "/u1",
            "ftp://h/",
            "http://",
            "http:///x",
            "http://a b/",
        ] {
            assert!(!is_callback(bad), "{bad}");
        }
    }
}
