//! Calls other than `RunLambda`, which are passed to tonic services.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::{Reason, RecvStream, SendStream};
use http::Response;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;
use tower_service::Service;

use super::incoming::{Host, Incoming, LATE, status, unless_reset};
use crate::budget::{Account, Charge, Full, Side};
use crate::limits::Limits;
use crate::wire::{self, FrameError, Outgoing, PREFIX};

/// Handles a call to its end.
pub async fn call(host: &Arc<Host>, incoming: Incoming) -> Result<(), h2::Error> {
    let Incoming {
        request,
        mut respond,
    } = incoming;
    // Until the first message of the response is sent, a call holds memory that
    // is not counted.
    let mut slot = std::pin::pin!(host.services.acquire());
    let mut slot = unless_reset(&mut respond, &mut slot).await?.ok();
    let request = request.map(|stream| Body::new(Incomplete::new(stream, host)));
    let mut routes = host.shared.routes.clone();
    let mut answered = std::pin::pin!(async {
        let ready = poll_fn(|cx| Service::<http::Request<Body>>::poll_ready(&mut routes, cx));
        match ready.await {
            Ok(()) => routes.call(request).await,
            Err(never) => Err(never),
        }
    });
    let Ok(response) = unless_reset(&mut respond, &mut answered).await?;
    let (head, body) = response.into_parts();
    let mut body = std::pin::pin!(body);
    let ended = body.is_end_stream();
    let mut send = respond.send_response(Response::from_parts(head, ()), ended)?;
    if ended {
        return Ok(());
    }
    // A message is put together only when the caller can take some of it.
    room(&mut send).await?;
    loop {
        let next = poll_fn(|cx| match body.as_mut().poll_frame(cx) {
            Poll::Ready(next) => Poll::Ready(Ok(next)),
            Poll::Pending => match send.poll_reset(cx)? {
                Poll::Ready(reason) => Poll::Ready(Err(h2::Error::from(reason))),
                Poll::Pending => Poll::Pending,
            },
        });
        match next.await? {
            None => return send.send_data(Outgoing::default(), true),
            Some(Err(_)) => {
                send.send_reset(Reason::INTERNAL_ERROR);
                return Ok(());
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(mut data) => {
                    let data = data.copy_to_bytes(data.remaining());
                    room(&mut send).await?;
                    let Ok(charge) = reserve(host, &mut send, data.len()).await? else {
                        send.send_reset(Reason::ENHANCE_YOUR_CALM);
                        return Ok(());
                    };
                    let mut data = wire::Frame::from(data);
                    data.charge(charge);
                    send.send_data(data.into(), false)?;
                    slot = None;
                }
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        return send.send_trailers(trailers);
                    }
                }
            },
        }
        let _ = &slot;
    }
}

/// Waits until the caller takes some more, so that nothing piles up for callers
/// that do not read.
async fn room(send: &mut SendStream<Outgoing>) -> Result<(), h2::Error> {
    send.reserve_capacity(1);
    while send.capacity() == 0 {
        match poll_fn(|cx| send.poll_capacity(cx)).await {
            Some(granted) => {
                granted?;
            }
            None => return Err(Reason::CANCEL.into()),
        }
    }
    Ok(())
}

/// Waits for memory for a message of the response, as long as the caller is there.
async fn reserve(
    host: &Host,
    send: &mut SendStream<Outgoing>,
    len: usize,
) -> Result<Result<Charge, Full>, h2::Error> {
    let mut reserved = std::pin::pin!(host.account.reserve(Side::Responses, len));
    poll_fn(|cx| match reserved.as_mut().poll(cx) {
        Poll::Ready(reserved) => Poll::Ready(Ok(reserved)),
        Poll::Pending => match send.poll_reset(cx)? {
            Poll::Ready(reason) => Poll::Ready(Err(h2::Error::from(reason))),
            Poll::Pending => Poll::Pending,
        },
    })
    .await
}

type Reservation = Pin<Box<dyn Future<Output = Result<Charge, Full>> + Send>>;

/// The body of a request that may still be in progress. All its messages together may
/// have as many bytes as one message.
struct Incomplete {
    stream: RecvStream,
    account: Arc<Account>,
    limits: Limits,
    data_ended: bool,
    /// The data received so far.
    len: usize,
    prefix: [u8; PREFIX],
    /// Waits for memory, with what came.
    reserving: Option<(Reservation, Bytes)>,
    charge: Option<Charge>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Incomplete {
    fn new(stream: RecvStream, host: &Host) -> Self {
        Self {
            stream,
            account: host.account.clone(),
            limits: host.shared.limits,
            data_ended: false,
            len: 0,
            prefix: [0; PREFIX],
            reserving: None,
            charge: None,
            timer: None,
        }
    }

    /// The length of the first message with its prefix, once that is known.
    fn first(&self) -> Option<usize> {
        let [_, a, b, c, d] = self.prefix;
        let len = u32::from_be_bytes([a, b, c, d]) as usize;
        (self.len >= PREFIX).then_some(PREFIX + len)
    }

    /// Counts what came.
    fn count(&mut self, piece: &[u8]) -> Result<(), FrameError> {
        if self.len < PREFIX {
            let places = piece.iter().zip(&mut self.prefix[self.len..]);
            places.for_each(|(byte, place)| *place = *byte);
        }
        self.len = self.len.saturating_add(piece.len());
        let most = self.limits.message;
        let len = self.len.max(self.first().unwrap_or_default());
        match len.saturating_sub(PREFIX) {
            len if len > most => Err(FrameError::TooLarge { len, most }),
            _ => Ok(()),
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Status>>> {
        if self.reserving.is_none() {
            let piece = match ready!(self.stream.poll_data(cx)) {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Poll::Ready(Some(Err(broken(&error)))),
                None => return Poll::Ready(None),
            };
            self.count(&piece).map_err(status)?;
            match self.first() {
                Some(first) if self.charge.is_none() => {
                    let account = self.account.clone();
                    let reserve = async move { account.reserve(Side::Requests, first).await };
                    self.reserving = Some((Box::pin(reserve), piece));
                }
                _ => return Poll::Ready(Some(self.give_back(piece))),
            }
        }
        let Some((reservation, _)) = &mut self.reserving else {
            return Poll::Pending;
        };
        let reserved = ready!(reservation.as_mut().poll(cx));
        let piece = self.reserving.take().map(|(_, piece)| piece);
        match reserved {
            Ok(charge) => {
                self.charge = Some(charge);
                Poll::Ready(Some(self.give_back(piece.unwrap_or_default())))
            }
            Err(full) => Poll::Ready(Some(Err(Status::resource_exhausted(full.to_string())))),
        }
    }

    /// Allows the caller to send as much again.
    fn give_back(&mut self, piece: Bytes) -> Result<Bytes, Status> {
        let released = self.stream.flow_control().release_capacity(piece.len());
        released.map(|()| piece).map_err(|error| broken(&error))
    }
}

fn broken(error: &h2::Error) -> Status {
    Status::cancelled(error.to_string())
}

impl http_body::Body for Incomplete {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if !self.data_ended {
            match self.poll_piece(cx) {
                Poll::Ready(Some(piece)) => return Poll::Ready(Some(piece.map(Frame::data))),
                Poll::Ready(None) => self.data_ended = true,
                Poll::Pending if self.first().is_some_and(|first| first <= self.len) => {
                    return Poll::Pending;
                }
                Poll::Pending => {
                    let time = self.limits.request_time;
                    let timer = self
                        .timer
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
                    ready!(timer.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(Status::deadline_exceeded(LATE))));
                }
            }
        }
        let trailers = ready!(self.stream.poll_trailers(cx));
        let trailers = trailers.map_err(|error| broken(&error))?;
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.reserving.is_none() && self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
