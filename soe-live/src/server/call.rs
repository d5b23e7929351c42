//! One call.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tonic::{Code, Status};
use tracing::debug;

use super::{Invocations, Shared, fallback};
use crate::wire::{Frame, FrameError};

/// The path of invocations.
pub const RUN_LAMBDA: &str = "/uiiit.rpc.EdgeServer/RunLambda";

pub const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const STATUS_OK: HeaderValue = HeaderValue::from_static("0");

/// A call that has come.
pub struct Incoming {
    pub request: Request<RecvStream>,
    pub respond: SendResponse<Bytes>,
}

/// Handles a call to its end.
pub async fn handle(shared: Arc<Shared>, incoming: Incoming) {
    let path = incoming.request.uri().path();
    let handled = match &shared.invocations {
        Some(invocations) if path == RUN_LAMBDA => invoke(invocations.clone(), incoming).await,
        _ => Box::pin(fallback::call(shared.routes.clone(), incoming)).await,
    };
    if let Err(error) = handled {
        debug!("a caller is gone: {error}");
    }
}

async fn invoke(invocations: Arc<dyn Invocations>, incoming: Incoming) -> Result<(), h2::Error> {
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
    let frame = match read(&mut body).await? {
        Ok(frame) => frame,
        Err(error) => return refuse(&mut respond, status(error)),
    };
    let deadline = match head.headers.get("grpc-timeout") {
        None => None,
        Some(value) => timeout(value).and_then(|timeout| Instant::now().checked_add(timeout)),
    };
    let mut invocation = invocations.invoke(frame, deadline);
    let done = poll_fn(|cx| match invocation.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Ok(done)),
        Poll::Pending => match respond.poll_reset(cx)? {
            Poll::Ready(reason) => Poll::Ready(Err(h2::Error::from(reason))),
            Poll::Pending => Poll::Pending,
        },
    });
    match done.await? {
        Ok(frame) => {
            let mut response = Response::new(());
            response.headers_mut().insert(CONTENT_TYPE, GRPC);
            let mut send = respond.send_response(response, false)?;
            for piece in frame.into_pieces() {
                send.send_data(piece, false)?;
            }
            let mut trailers = HeaderMap::with_capacity(1);
            trailers.insert(Status::GRPC_STATUS, STATUS_OK);
            send.send_trailers(trailers)
        }
        Err(status) => refuse(&mut respond, status),
    }
}

/// Reads the only message of a call.
pub async fn read(body: &mut RecvStream) -> Result<Result<Frame, FrameError>, h2::Error> {
    let mut frame = Frame::default();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        if let Err(error) = frame.push(piece) {
            return Ok(Err(error));
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(frame.check().map(|()| frame))
}

/// What a caller is told about a frame that is no message.
pub fn status(error: FrameError) -> Status {
    let code = match error {
        FrameError::TooLarge(_) => Code::ResourceExhausted,
        FrameError::Compressed => Code::Unimplemented,
        FrameError::NotOne => Code::InvalidArgument,
    };
    Status::new(code, error.to_string())
}

fn refuse(respond: &mut SendResponse<Bytes>, status: Status) -> Result<(), h2::Error> {
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
