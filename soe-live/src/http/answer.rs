//! Answers of handlers.

use ::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use ::http::{Response, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};

/// What a handler answers: status, headers, and a whole body.
pub type Answer = Response<Bytes>;

/// An answer without a body.
pub fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

/// A text, as `text/plain` in UTF-8.
pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    typed(status, "text/plain; charset=utf-8", body.into())
}

/// A JSON text, as `application/json`.
pub fn json(status: StatusCode, body: &Value) -> Answer {
    typed(status, "application/json", body.to_string().into())
}

/// A problem object (RFC 9457), as `application/problem+json`: the status, its usual
/// words as title, and what is wrong in this case.
pub fn problem(status: StatusCode, detail: &str) -> Answer {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "detail": detail,
    });
    typed(status, "application/problem+json", body.to_string().into())
}

/// The same answer, with the advice to come again after so many seconds.
pub fn busy(mut answer: Answer, seconds: u64) -> Answer {
    answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    answer
}

fn typed(status: StatusCode, sort: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(sort));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_its_status_twice_and_what_is_wrong() {
        let answer = busy(problem(StatusCode::NOT_FOUND, "no context \"x\""), 3);
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(answer.headers()[RETRY_AFTER], "3");
        assert_eq!(
            body,
            json!({"type": "about:blank", "title": "Not Found", "status": 404,
                   "detail": "no context \"x\""})
        );
    }
}
