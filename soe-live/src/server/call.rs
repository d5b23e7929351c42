//! One call: invocations are handled here, all others are passed to tonic services.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use h2::RecvStream;
use h2::server::SendResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use tonic::Status;
use tracing::debug;

use super::incoming::{Host, Incoming, LATE, status, unless_reset};
use super::{Caller, Invocations, fallback};
use crate::budget::Side;
use crate::intake::{self, Unread};
use crate::wire::{Frame, Outgoing};

/// The path of invocations.
pub const RUN_LAMBDA: &str = "/uiiit.rpc.EdgeServer/RunLambda";

pub const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const STATUS_OK: HeaderValue = HeaderValue::from_static("0");

/// Handles a call to its end.
pub async fn handle(host: Arc<Host>, incoming: Incoming) {
    let path = incoming.request.uri().path();
    let handled = match &host.shared.invocations {
        Some(invocations) if path == RUN_LAMBDA => {
            invoke(&host, invocations.clone(), incoming).await
        }
        _ => Box::pin(fallback::call(&host, incoming)).await,
    };
    if let Err(error) = handled {
        debug!("a caller has disconnected: {error}");
    }
}

async fn invoke(
    host: &Host,
    invocations: Arc<dyn Invocations>,
    incoming: Incoming,
) -> Result<(), h2::Error> {
    let Incoming {
        request,
        mut respond,
    } = incoming;
    let (head, mut body) = request.into_parts();
    let is_grpc = |value: &HeaderValue| value.as_bytes().starts_with(b"application/grpc");
    if head.method != Method::POST || !head.headers.get(CONTENT_TYPE).is_some_and(is_grpc) {
        let mut refusal = Response::new(());
        *refusal.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        respond.send_response(refusal, true)?;
        return Ok(());
    }
    let deadline = match head.headers.get("grpc-timeout") {
        None => None,
        Some(value) => timeout(value).and_then(|timeout| Instant::now().checked_add(timeout)),
    };
    drop(head);
    let frame = match read(host, &mut body).await {
        Ok(Ok(frame)) => frame,
        Ok(Err(status)) => return refuse(&mut respond, status),
        Err(error) => return Err(error),
    };
    // What is answered may share the bytes of the request.
    let held = frame.charged();
    let caller = Caller {
        deadline,
        account: Some(host.account.clone()),
    };
    let mut invocation = invocations.invoke(frame, caller);
    let done = unless_reset(&mut respond, &mut invocation).await?;
    let mut frame = match done {
        Ok(frame) => frame,
        Err(status) => return refuse(&mut respond, status),
    };
    if frame.charged().is_none() {
        let mut reserved = pin!(host.account.reserve(Side::Responses, frame.len()));
        match unless_reset(&mut respond, &mut reserved).await? {
            Ok(charge) => frame.charge(charge),
            Err(full) => {
                let status = Status::resource_exhausted(full.to_string());
                return refuse(&mut respond, status);
            }
        }
    }
    drop(held);
    let mut response = Response::new(());
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    let mut send = respond.send_response(response, false)?;
    send.send_data(frame.into(), false)?;
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(Status::GRPC_STATUS, STATUS_OK);
    send.send_trailers(trailers)
}

/// Reads the message of a call, or says what is wrong with it.
async fn read(host: &Host, body: &mut RecvStream) -> Result<Result<Frame, Status>, h2::Error> {
    let limits = &host.shared.limits;
    let account = Some((&host.account, Side::Requests));
    let mut message = pin!(intake::message(body, limits.message, account));
    let mut read = poll_fn(|cx| Poll::Ready(message.as_mut().poll(cx))).await;
    if read.is_pending() {
        // Most messages come with their headers and need no timer.
        let waited = tokio::time::timeout(limits.request_time, message).await;
        read = match waited {
            Ok(read) => Poll::Ready(read),
            Err(_) => return Ok(Err(Status::deadline_exceeded(LATE))),
        };
    }
    match read {
        Poll::Ready(Ok(frame)) => Ok(Ok(frame)),
        Poll::Ready(Err(Unread::Stream(error))) => Err(error),
        Poll::Ready(Err(Unread::Frame(error) | Unread::Incomplete(error))) => {
            Ok(Err(status(error)))
        }
        Poll::Ready(Err(Unread::Full(full))) => {
            Ok(Err(Status::resource_exhausted(full.to_string())))
        }
        Poll::Pending => Ok(Err(Status::deadline_exceeded(LATE))),
    }
}

fn refuse(respond: &mut SendResponse<Outgoing>, status: Status) -> Result<(), h2::Error> {
    let (head, ()) = status.into_http::<()>().into_parts();
    respond.send_response(Response::from_parts(head, ()), true)?;
    Ok(())
}

/// How long a caller waits, as gRPC writes it: up to eight digits and a unit.
fn timeout(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let number: u32 = digits.parse().ok()?;
    let unit = match unit {
        "H" => Duration::from_secs(3600),
        "M" => Duration::from_secs(60),
        "S" => Duration::from_secs(1),
        "m" => Duration::from_millis(1),
        "u" => Duration::from_micros(1),
        "n" => Duration::from_nanos(1),
        _ => return None,
    };
    unit.checked_mul(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_read_as_grpc_writes_them() {
        let read = |text| timeout(&HeaderValue::from_static(text));
        assert_eq!(read("100m"), Some(Duration::from_millis(100)));
        assert_eq!(read("2H"), Some(Duration::from_secs(7200)));
        assert_eq!(read("99999999n"), Some(Duration::from_nanos(99_999_999)));
        for wrong in ["", "m", "1", "1x", "-1S", "123456789S", "1.5S"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
