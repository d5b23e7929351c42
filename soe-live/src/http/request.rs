//! Requests as handlers see them.

use std::borrow::Cow;
use std::net::SocketAddr;

use ::http::header::{CONTENT_TYPE, HeaderMap};
use ::http::request::Parts;
use ::http::{HeaderName, Method};
use bytes::Bytes;
use percent_encoding::percent_decode_str;

/// A whole request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method, URI and headers.
    pub head: Parts,
    /// The body; empty if there is none.
    pub body: Bytes,
    /// Who sent it.
    pub peer: SocketAddr,
}

impl Request {
    /// The method.
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The path, as it came.
    pub fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// The path and the query, as they came.
    pub fn target(&self) -> &str {
        let target = self.head.uri.path_and_query();
        target.map_or("/", |target| target.as_str())
    }

    /// The parts of the path between slashes that are not empty, percent-decoded. `None` if
    /// one is not UTF-8.
    pub fn segments(&self) -> Option<Vec<Cow<'_, str>>> {
        segments(self.path())
    }

    /// The keys and values of the query, decoded, in order.
    pub fn query(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.head.uri.query().unwrap_or_default().as_bytes())
    }

    /// The first value of a key of the query.
    pub fn parameter(&self, key: &str) -> Option<Cow<'_, str>> {
        self.query().find(|(found, _)| found == key).map(|it| it.1)
    }

    /// A header, if it is there once or more and a text.
    pub fn header(&self, name: impl Into<HeaderName>) -> Option<&str> {
        header(&self.head.headers, name)
    }

    /// The type of the body in lower case, without parameters such as `charset`.
    pub fn content_type(&self) -> Option<String> {
        let value = self.header(CONTENT_TYPE)?;
        let sort = value.split(';').next().unwrap_or_default();
        Some(sort.trim().to_ascii_lowercase())
    }
}

/// A header, if it is a text.
pub fn header(headers: &HeaderMap, name: impl Into<HeaderName>) -> Option<&str> {
    headers.get(name.into())?.to_str().ok()
}

/// The parts of a path that are not empty, percent-decoded; `None` if one is not UTF-8.
pub fn segments(path: &str) -> Option<Vec<Cow<'_, str>>> {
    path.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str) -> Request {
        let request =
            ::http::Request::post(target).header("Content-Type", "Application/JSON; charset=utf-8");
        Request {
            head: request.body(()).unwrap().into_parts().0,
            body: Bytes::new(),
            peer: "127.0.0.1:1".parse().unwrap(),
        }
    }

    #[test]
    fn paths_and_queries_are_decoded_after_they_are_split() {
        let it = request("/a//b%2Fc/d%20e?x=1&y=a%26b+c&x=2&flag");
        assert_eq!(it.segments().unwrap(), ["a", "b/c", "d e"]);
        assert_eq!(it.path(), "/a//b%2Fc/d%20e");
        assert_eq!(it.target(), "/a//b%2Fc/d%20e?x=1&y=a%26b+c&x=2&flag");
        assert_eq!(it.parameter("x").as_deref(), Some("1"));
        assert_eq!(it.parameter("y").as_deref(), Some("a&b c"));
        assert_eq!(it.parameter("flag").as_deref(), Some(""));
        assert_eq!(it.parameter("z"), None);
        assert_eq!(it.content_type().as_deref(), Some("application/json"));
        assert!(request("/%ff").segments().is_none());
        assert!(request("http://h").segments().unwrap().is_empty());
    }
}
