//! Reading the single message of a request or a response.

use std::sync::Arc;

use h2::RecvStream;

use crate::budget::{Account, Charge, Full, Side};
use crate::wire::{Assembly, Frame, FrameError};

/// Why a message could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The bytes so far do not begin one message.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The stream has ended, and its data are not one message.
    #[error(transparent)]
    Incomplete(FrameError),
    /// The memory for messages is used up.
    #[error(transparent)]
    Full(#[from] Full),
    /// The stream has ended early.
    #[error(transparent)]
    Stream(#[from] h2::Error),
}

/// Takes a message of at most `most` bytes, up to the end of the data. The peer may
/// send more than a window only once there is memory for the whole message, which
/// counts against `account` as long as the message exists.
///
/// # Errors
/// If the stream does not hold exactly one message, or no memory is left for it.
pub async fn message(
    body: &mut RecvStream,
    most: usize,
    account: Option<(&Arc<Account>, Side)>,
) -> Result<Frame, Unread> {
    let mut assembly = Assembly::new(most);
    let mut charge: Option<Charge> = None;
    while let Some(piece) = body.data().await {
        let piece = piece?;
        let len = piece.len();
        assembly.push(piece)?;
        if charge.is_none()
            && let Some((account, side)) = account
            && let Some(whole) = assembly.whole()
        {
            charge = Some(account.reserve(side, whole).await?);
        }
        body.flow_control().release_capacity(len)?;
        if body.is_end_stream() {
            break;
        }
    }
    let mut frame = assembly.finish().map_err(Unread::Incomplete)?;
    if let Some(charge) = charge {
        frame.charge(charge);
    }
    Ok(frame)
}
