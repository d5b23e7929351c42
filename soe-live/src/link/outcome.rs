//! The outcome of a call, from errors, headers and trailers.

use h2::Reason;
use http::{HeaderMap, StatusCode};
use tonic::{Code, Status};

/// Why a call over a connection has no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The call was provably not delivered: it was never sent, the peer refused the
    /// stream unseen (REFUSED_STREAM), or it is above the last stream of a GOAWAY.
    Undelivered(String),
    /// The connection was lost after the call may have been delivered.
    Lost(String),
    /// The peer, or a proxy before it, does not take the call now.
    Busy(String),
    /// The peer is there, but its answer is an error.
    Refused(String),
}

/// What an error of a stream means. `opened` says whether the request may have left.
pub fn classify(error: &h2::Error, opened: bool) -> Trouble {
    let text = error.to_string();
    let remote = error.is_remote();
    if error.is_reset() {
        return match error.reason() {
            Some(Reason::REFUSED_STREAM) if remote => Trouble::Undelivered(text),
            Some(Reason::ENHANCE_YOUR_CALM) if remote => Trouble::Busy(text),
            _ => Trouble::Refused(text),
        };
    }
    // The error of a GOAWAY of the peer is given to the streams above its last one
    // only; the others go on.
    if !opened || (error.is_go_away() && remote) {
        return Trouble::Undelivered(text);
    }
    Trouble::Lost(text)
}

/// Whether headers promise a message.
///
/// # Errors
/// What they say instead.
pub fn judge(http: StatusCode, headers: &HeaderMap) -> Result<(), Trouble> {
    let text = || format!("HTTP status {}", http.as_u16());
    match http {
        StatusCode::OK => {}
        busy if is_busy(busy) => return Err(Trouble::Busy(text())),
        _ => return Err(Trouble::Refused(text())),
    }
    match headers.get(Status::GRPC_STATUS) {
        None => Ok(()),
        Some(_) => conclude(Some(headers)),
    }
}

/// Whether a status means that the peer, or a proxy before it, does not take the call
/// now.
pub fn is_busy(http: StatusCode) -> bool {
    matches!(
        http,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// Whether trailers say that the call has succeeded.
///
/// # Errors
/// What they say instead.
pub fn conclude(trailers: Option<&HeaderMap>) -> Result<(), Trouble> {
    let none = || Trouble::Refused("the response has no status".to_owned());
    let trailers = trailers.ok_or_else(none)?;
    if trailers
        .get(Status::GRPC_STATUS)
        .is_some_and(|status| status == "0")
    {
        return Ok(());
    }
    let status = Status::from_header_map(trailers).ok_or_else(none)?;
    let text = match status.message() {
        "" => status.code().description(),
        message => message,
    };
    match status.code() {
        Code::Ok => Ok(()),
        Code::Unavailable => Err(Trouble::Busy(text.to_owned())),
        _ => Err(Trouble::Refused(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let all = all.iter().map(|&(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        all.collect()
    }

    #[test]
    fn statuses_tell_busy_from_refused() {
        for code in [429, 502, 503, 504] {
            let code = StatusCode::from_u16(code).unwrap();
            assert!(matches!(judge(code, &headers(&[])), Err(Trouble::Busy(_))));
        }
        let missing = judge(StatusCode::NOT_FOUND, &headers(&[]));
        assert_eq!(missing, Err(Trouble::Refused("HTTP status 404".to_owned())));
        assert_eq!(judge(StatusCode::OK, &headers(&[])), Ok(()));
        let busy = headers(&[("grpc-status", "14"), ("grpc-message", "a%20b")]);
        let expected = Err(Trouble::Busy("a b".to_owned()));
        assert_eq!(judge(StatusCode::OK, &busy), expected);
        assert_eq!(conclude(Some(&busy)), expected);
    }

    #[test]
    fn trailers_need_a_status() {
        assert_eq!(conclude(Some(&headers(&[("grpc-status", "0")]))), Ok(()));
        let refused = headers(&[("grpc-status", "3"), ("grpc-message", "no")]);
        let expected = Err(Trouble::Refused("no".to_owned()));
        assert_eq!(conclude(Some(&refused)), expected);
        for none in [None, Some(&headers(&[]))] {
            assert!(matches!(conclude(none), Err(Trouble::Refused(_))));
        }
    }
}
