//! Reading the single message of a request or a response of HTTP/3.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use h3::error::StreamError;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;

use super::streams::{Allowance, Bidi};
use crate::budget::{Account, Charge, Full, Side};
use crate::limits::STREAM_WINDOW;
use crate::wire::{Body, Frame, FrameError, Outgoing, PREFIX};

/// Something with a body.
pub trait Data {
    /// The next piece of the body.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamError>>;
}

impl Data for h3::client::RequestStream<Bidi, Outgoing> {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamError>> {
        let piece = self.poll_recv_data(cx);
        piece.map_ok(|piece| piece.map(|mut piece| piece.copy_to_bytes(piece.remaining())))
    }
}

impl Data for h3::server::RequestStream<Bidi, Outgoing> {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamError>> {
        let piece = self.poll_recv_data(cx);
        piece.map_ok(|piece| piece.map(|mut piece| piece.copy_to_bytes(piece.remaining())))
    }
}

/// Why a message could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It is too large.
    #[error(transparent)]
    TooLarge(FrameError),
    /// It is not as long as it should be.
    #[error("{found} bytes came, content-length is {declared}")]
    Length {
        /// The bytes that came.
        found: usize,
        /// The bytes that should have come.
        declared: usize,
    },
    /// The memory for messages is used up.
    #[error(transparent)]
    Full(#[from] Full),
    /// The stream has ended early.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

/// The length that headers declare.
///
/// # Errors
/// If it is no number.
pub fn declared(headers: &HeaderMap) -> Result<Option<usize>, &'static str> {
    match headers.get(CONTENT_LENGTH) {
        None => Ok(None),
        Some(length) => {
            let length = length.to_str().ok().and_then(|text| text.parse().ok());
            length.map(Some).ok_or("content-length is no number")
        }
    }
}

/// Takes a message of at most `most` bytes. The peer may send more than a window only
/// once there is memory for the whole message, or for the largest one if its length was
/// not declared. The memory counts against `account` as long as the message exists.
///
/// # Errors
/// If there is no message, or no room for it.
pub async fn message(
    stream: &mut impl Data,
    declared: Option<usize>,
    most: usize,
    account: Option<(&Arc<Account>, Side)>,
    allowance: &Allowance,
) -> Result<Frame, Unread> {
    if let Some(len) = declared.filter(|len| *len > most) {
        return Err(Unread::TooLarge(FrameError::TooLarge { len, most }));
    }
    let mut body = Body::new(most);
    let mut charge: Option<Charge> = None;
    let mut allowed = false;
    while let Some(piece) = poll_fn(|cx| stream.poll_piece(cx)).await? {
        body.push(piece).map_err(Unread::TooLarge)?;
        let whole = match declared {
            Some(len) => len,
            None if body.len() > STREAM_WINDOW as usize / 2 => most,
            None => continue,
        };
        if !allowed {
            if let Some((account, side)) = account {
                charge = Some(account.reserve(side, PREFIX + whole).await?);
            }
            allowance.raise(whole);
            allowed = true;
        }
    }
    let found = body.len();
    if let Some(declared) = declared.filter(|declared| *declared != found) {
        return Err(Unread::Length { found, declared });
    }
    if let (None, Some((account, side))) = (&charge, account) {
        charge = Some(account.reserve(side, PREFIX + found).await?);
    }
    let mut frame = body.finish();
    if let Some(charge) = charge {
        frame.charge(charge);
    }
    Ok(frame)
}
