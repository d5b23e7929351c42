//! Bodies: those of requests, which are read whole and within bounds, and those of
//! answers, which are sent in pieces.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use ::http::StatusCode;
use ::http::header::{EXPECT, HeaderMap};
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;

use super::answer::{Answer, busy, text};
use crate::limits::{HTTP_DISCARD, HTTP_DISCARD_TIME, HTTP_PIECE, HTTP_RETRY, HttpLimits};

/// The bytes of bodies that a server holds for all its peers.
#[derive(Debug)]
pub struct Held {
    most: usize,
    held: AtomicUsize,
}

/// Some of these bytes; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    held: Arc<Held>,
    bytes: usize,
}

impl Held {
    /// Room for `most` bytes.
    pub fn new(most: usize) -> Arc<Self> {
        let held = AtomicUsize::new(0);
        Arc::new(Self { most, held })
    }

    /// No bytes yet; [`Share::grow`] takes some.
    pub fn share(self: &Arc<Self>) -> Share {
        Share {
            held: self.clone(),
            bytes: 0,
        }
    }
}

impl Share {
    /// Takes more bytes; whether there is room for them.
    fn grow(&mut self, more: usize) -> bool {
        let room = |held: usize| held.checked_add(more).filter(|sum| *sum <= self.held.most);
        let grown = (self.held.held).fetch_update(Ordering::Relaxed, Ordering::Relaxed, room);
        self.bytes += if grown.is_ok() { more } else { 0 };
        grown.is_ok()
    }

    /// Counts bytes that exist already, whether there is room or not.
    fn count(&mut self, more: usize) {
        self.held.held.fetch_add(more, Ordering::Relaxed);
        self.bytes += more;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.held.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Why there is no body.
enum Unread {
    TooLarge,
    NoMemory,
    Late,
    Lost,
}

/// Reads a body to its end.
///
/// # Errors
/// The answer to a peer whose body is too large, too slow or incomplete, or comes when
/// there is no memory for it.
pub async fn read<B>(
    headers: &HeaderMap,
    mut body: B,
    limits: &HttpLimits,
    held: &Arc<Held>,
) -> Result<(Bytes, Share), Answer>
where
    B: Body<Data = Bytes> + Unpin,
{
    let reading = collect(&mut body, limits.body, held);
    let unread = match tokio::time::timeout(limits.body_time, reading).await {
        Ok(Ok(read)) => return Ok(read),
        Ok(Err(unread)) => unread,
        Err(_) => Unread::Late,
    };
    let (status, words) = match unread {
        Unread::TooLarge => {
            let most = limits.body;
            let words = format!("the body is too large: {most} bytes at most\n");
            (StatusCode::PAYLOAD_TOO_LARGE, words)
        }
        Unread::NoMemory => {
            let words = "no memory for the body at the moment\n".to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, words)
        }
        Unread::Late => {
            let words = "the body did not arrive in time\n".to_owned();
            (StatusCode::REQUEST_TIMEOUT, words)
        }
        Unread::Lost => {
            let words = "the body is incomplete\n".to_owned();
            (StatusCode::BAD_REQUEST, words)
        }
    };
    let mut answer = text(status, words);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer = busy(answer, HTTP_RETRY);
    }
    if matches!(unread, Unread::TooLarge | Unread::NoMemory) {
        discard(headers, body).await;
    }
    Err(answer)
}

async fn collect<B>(body: &mut B, most: usize, held: &Arc<Held>) -> Result<(Bytes, Share), Unread>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut share = held.share();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > most {
        return Err(Unread::TooLarge);
    }
    if !share.grow(announced) {
        return Err(Unread::NoMemory);
    }
    let mut whole = BytesMut::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(|_| Unread::Lost)?.into_data() else {
            continue;
        };
        let length = whole.len() + piece.len();
        if length > most {
            return Err(Unread::TooLarge);
        }
        if length > share.bytes && !share.grow((2 * length).min(most) - share.bytes) {
            return Err(Unread::NoMemory);
        }
        whole.extend_from_slice(&piece);
    }
    Ok((whole.freeze(), share))
}

/// Reads the rest of a body that is refused, for a while: most clients read the answer only
/// after they have sent everything. One that asked before it sent anything does not wait.
pub async fn discard<B>(headers: &HeaderMap, mut body: B)
where
    B: Body<Data = Bytes> + Unpin,
{
    if headers.contains_key(EXPECT) || body.is_end_stream() {
        return;
    }
    let discarding = async {
        let mut left = HTTP_DISCARD;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _ = tokio::time::timeout(HTTP_DISCARD_TIME, discarding).await;
}

/// A body on its way to a peer, in pieces, so that a peer that does not read makes nobody
/// copy all of it. Its bytes count as held until it is gone.
#[derive(Debug)]
pub struct Outgoing {
    rest: Bytes,
    _share: Share,
}

impl Outgoing {
    /// The body of an answer.
    pub fn of(answer: Answer, held: &Arc<Held>) -> ::http::Response<Self> {
        answer.map(|rest| {
            let mut share = held.share();
            share.count(rest.len());
            Self {
                rest,
                _share: share,
            }
        })
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = self.rest.len().min(HTTP_PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let held = Held::new(10);
        let mut one = held.share();
        assert!(one.grow(8));
        let mut other = held.share();
        assert!(!other.grow(3) && other.grow(2));
        drop(one);
        assert!(other.grow(8));
        other.count(5);
        drop(other);
        assert_eq!(held.held.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn bodies_are_read_up_to_their_limit() {
        let limits = HttpLimits {
            body: 100,
            ..HttpLimits::default()
        };
        let held = Held::new(150);
        let body = |length| Full::new(Bytes::from(vec![7; length]));
        let headers = HeaderMap::new();
        let (one, _share) = read(&headers, body(100), &limits, &held).await.unwrap();
        assert_eq!(one.len(), 100);
        let refused = read(&headers, body(101), &limits, &held).await.unwrap_err();
        assert_eq!(refused.status(), 413);
        let refused = read(&headers, body(51), &limits, &held).await.unwrap_err();
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key("retry-after"));
    }
}
