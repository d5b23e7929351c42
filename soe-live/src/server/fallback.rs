//! Calls of everything but `RunLambda`, handed to services of tonic.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::{Reason, RecvStream, SendStream};
use http::Response;
use http_body::{Body as _, Frame, SizeHint};
use tonic::body::Body;
use tonic::service::Routes;
use tower_service::Service;

use super::call::Incoming;

/// Handles a call to its end.
pub async fn call(mut routes: Routes, incoming: Incoming) -> Result<(), h2::Error> {
    let Incoming {
        request,
        mut respond,
    } = incoming;
    let request = request.map(|stream| {
        Body::new(Incomplete {
            stream,
            data_ended: false,
        })
    });
    let ready = poll_fn(|cx| Service::<http::Request<Body>>::poll_ready(&mut routes, cx)).await;
    let response = match ready {
        Ok(()) => routes.call(request).await,
        Err(never) => Err(never),
    };
    let Ok(response) = response;
    let (head, body) = response.into_parts();
    let mut body = std::pin::pin!(body);
    let ended = body.is_end_stream();
    let mut send = respond.send_response(Response::from_parts(head, ()), ended)?;
    if ended {
        return Ok(());
    }
    loop {
        let next = poll_fn(|cx| match body.as_mut().poll_frame(cx) {
            Poll::Ready(next) => Poll::Ready(Ok(next)),
            Poll::Pending => match send.poll_reset(cx)? {
                Poll::Ready(reason) => Poll::Ready(Err(h2::Error::from(reason))),
                Poll::Pending => Poll::Pending,
            },
        });
        match next.await? {
            None => return send.send_data(Bytes::new(), true),
            Some(Err(_)) => {
                send.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(mut data) => {
                    let data = data.copy_to_bytes(data.remaining());
                    room(&mut send, data.len()).await?;
                    send.send_data(data, false)?;
                }
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return send.send_trailers(trailers);
                    }
                }
            },
        }
    }
}

/// Waits until the caller takes some more, so that nothing piles up for callers
/// that do not read.
async fn room(send: &mut SendStream<Bytes>, len: usize) -> Result<(), h2::Error> {
    send.reserve_capacity(len);
    while send.capacity() == 0 && len > 0 {
        match poll_fn(|cx| send.poll_capacity(cx)).await {
            Some(granted) => {
                granted?;
            }
            None => return Err(Reason::CANCEL.into()),
        }
    }
    Ok(())
}

/// The body of a request that may still be under way.
struct Incomplete {
    stream: RecvStream,
    data_ended: bool,
}

impl http_body::Body for Incomplete {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if !self.data_ended {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    self.stream.flow_control().release_capacity(data.len())?;
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.data_ended = true,
            }
        }
        let trailers = ready!(self.stream.poll_trailers(cx))?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
