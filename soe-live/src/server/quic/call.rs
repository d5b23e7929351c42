//! One call.

use std::sync::Arc;

use bytes::Buf;
use h3::error::StreamError;
use h3::server::{RequestResolver, RequestStream};
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use tonic::{Code, Status};
use tracing::debug;

use super::Host;
use crate::budget::{Account, Side};
use crate::quic::LAMBDA;
use crate::quic::body::{self, Unread};
use crate::quic::streams::{Bidi, Open, Opened, Streams};
use crate::server::incoming::LATE;
use crate::server::{Caller, Invocations};
use crate::wire::{self, Frame, Outgoing, PREFIX, Reply};

type Stream = RequestStream<Bidi, Outgoing>;

const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");
const POST: HeaderValue = HeaderValue::from_static("POST");

/// What the calls of a connection share.
pub struct Calls {
    host: Arc<Host>,
    account: Arc<Account>,
    open: Open,
}

impl Calls {
    /// Those of a connection with these streams.
    pub fn new(host: Arc<Host>, open: Open) -> Arc<Self> {
        let account = host.shared.memory.open(host.shared.limits.message);
        Arc::new(Self {
            host,
            account,
            open,
        })
    }
}

/// A status with a text that says why there is no response of a function.
type Refusal = (StatusCode, String);

/// Handles a call to its end.
pub async fn handle(calls: Arc<Calls>, resolver: RequestResolver<Streams, Outgoing>) {
    let time = calls.host.shared.limits.request_time;
    let (request, mut stream) = match tokio::time::timeout(time, resolver.resolve_request()).await {
        Ok(Ok(resolved)) => resolved,
        Ok(Err(error)) => return debug!("no request: {error}"),
        Err(_) => return debug!("no request in time"),
    };
    let Some(opened) = calls.open.take(stream.id()) else {
        return;
    };
    let Opened {
        allowance,
        mut unwanted,
    } = opened;
    let answered = async {
        let answer = answer(&calls, &request, &mut stream, &allowance).await?;
        respond(&calls, &mut stream, answer).await
    };
    let answered = tokio::select! {
        answered = answered => answered,
        () = &mut unwanted => return debug!("a caller is gone"),
    };
    if let Err(error) = answered {
        debug!("a caller has disconnected: {error}");
    }
}

/// What is answered, or why it is not.
async fn answer(
    calls: &Calls,
    request: &Request<()>,
    stream: &mut Stream,
    allowance: &crate::quic::streams::Allowance,
) -> Result<Result<Frame, Refusal>, StreamError> {
    let Some(invocations) = invocations(calls, request) else {
        return Ok(Err((
            StatusCode::NOT_FOUND,
            format!("only {LAMBDA} is served here"),
        )));
    };
    if request.method() != Method::POST {
        let text = format!("only POST is served at {LAMBDA}");
        return Ok(Err((StatusCode::METHOD_NOT_ALLOWED, text)));
    }
    let limits = &calls.host.shared.limits;
    let declared = match body::declared(request.headers()) {
        Ok(declared) => declared,
        Err(wrong) => return Ok(Err((StatusCode::BAD_REQUEST, wrong.to_owned()))),
    };
    let account = Some((&calls.account, Side::Requests));
    let read = body::message(stream, declared, limits.message, account, allowance);
    let frame = match tokio::time::timeout(limits.request_time, read).await {
        Ok(Ok(frame)) => frame,
        Ok(Err(Unread::Stream(error))) => return Err(error),
        Ok(Err(unread)) => {
            let status = match unread {
                Unread::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
                Unread::Full(_) => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::BAD_REQUEST,
            };
            return Ok(Err((status, unread.to_string())));
        }
        Err(_) => return Ok(Err((StatusCode::REQUEST_TIMEOUT, LATE.to_owned()))),
    };
    let caller = Caller {
        deadline: None,
        account: Some(calls.account.clone()),
    };
    Ok(invocations.invoke(frame, caller).await.map_err(refusal))
}

fn invocations(calls: &Calls, request: &Request<()>) -> Option<Arc<dyn Invocations>> {
    match request.uri().path() {
        LAMBDA => calls.host.shared.invocations.clone(),
        _ => None,
    }
}

fn refusal(status: Status) -> Refusal {
    let code = match status.code() {
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (code, status.message().to_owned())
}

/// Sends a response. As in the original, its status says whether the call succeeded, and
/// it names this server if it does not say who executed the call.
async fn respond(
    calls: &Calls,
    stream: &mut Stream,
    answer: Result<Frame, Refusal>,
) -> Result<(), StreamError> {
    let answer = answer.and_then(|frame| {
        let charge = frame.charged();
        let read = wire::Response::read(frame);
        let wrong = |error| (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}"));
        let response = read.map_err(wrong)?;
        let status = match response.is_ok {
            true => StatusCode::OK,
            false => StatusCode::BAD_REQUEST,
        };
        let frame = match &calls.host.responder {
            Some(responder) => response.passed_on(responder),
            None => response.into_frame(),
        };
        Ok((status, frame, charge))
    });
    let (mut status, mut frame, held) = match answer {
        Ok(answer) => answer,
        Err((status, text)) => (status, Reply::error(&text), None),
    };
    if frame.charged().is_none() {
        match calls.account.reserve(Side::Responses, frame.len()).await {
            Ok(charge) => frame.charge(charge),
            Err(full) => {
                status = StatusCode::TOO_MANY_REQUESTS;
                frame = Reply::error(&full.to_string());
            }
        }
    }
    drop(held);
    let mut head = Response::new(());
    *head.status_mut() = status;
    let headers = head.headers_mut();
    headers.insert(CONTENT_TYPE, PROTOBUF);
    headers.insert(CONTENT_LENGTH, (frame.len() - PREFIX).into());
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, POST);
    }
    stream.send_response(head).await?;
    let mut body = Outgoing::from(frame);
    body.advance(PREFIX);
    stream.send_data(body).await?;
    stream.finish().await
}
