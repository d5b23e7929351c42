//! A connection that sends invocations to another server.
//!
//! [`Dialer`] opens connections to one destination. A [`Link`] is one of them, over
//! HTTP/2 or QUIC; callers see no difference.

mod dial;
mod http2;
mod http2_driver;
mod outcome;
#[cfg(feature = "quic")]
mod quic;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use self::http2::Http2;
use crate::budget::Account;
use crate::intake::Unread;
use crate::wire::Frame;

pub use dial::Dialer;
pub use outcome::Trouble;

/// Why a connection was given up whose peer left a question unanswered.
pub const SILENT: &str = "no response to a PING";

/// A connection. When it is dropped it is closed.
pub struct Link {
    wire: Wire,
    calls: Arc<AtomicUsize>,
}

enum Wire {
    Http2(Http2),
    #[cfg(feature = "quic")]
    Quic(quic::Quic),
}

/// What a call may use.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// Bytes that the response may have.
    pub message: usize,
    /// The account of the caller that pays for the memory of the response; `None` does
    /// not count it.
    pub account: Option<&'a Arc<Account>>,
}

impl Link {
    /// Sends a message and waits for the response.
    ///
    /// # Errors
    /// If there is none; [`Trouble`] says whether the message may have been delivered.
    pub async fn call(&self, frame: Frame, means: Means<'_>) -> Result<Frame, Trouble> {
        let _counted = Counted::new(&self.calls);
        match &self.wire {
            Wire::Http2(link) => link.call(frame, means).await,
            #[cfg(feature = "quic")]
            Wire::Quic(link) => link.call(frame, means).await,
        }
    }

    /// The calls in progress.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Whether it takes no more calls.
    pub fn is_closed(&self) -> bool {
        match &self.wire {
            Wire::Http2(link) => link.is_closed(),
            #[cfg(feature = "quic")]
            Wire::Quic(link) => link.is_closed(),
        }
    }

    /// Asks the peer for a sign of life, unless that is in progress.
    pub fn ask(&self) {
        match &self.wire {
            Wire::Http2(link) => link.ask(),
            #[cfg(feature = "quic")]
            Wire::Quic(link) => link.ask(),
        }
    }

    /// For how long the peer has left the question unanswered; zero if none is in
    /// progress.
    pub fn silence(&self) -> Duration {
        match &self.wire {
            Wire::Http2(link) => link.silence(),
            #[cfg(feature = "quic")]
            Wire::Quic(link) => link.silence(),
        }
    }
}

impl From<Http2> for Link {
    fn from(link: Http2) -> Self {
        let (wire, calls) = (Wire::Http2(link), Arc::default());
        Self { wire, calls }
    }
}

#[cfg(feature = "quic")]
impl From<quic::Quic> for Link {
    fn from(link: quic::Quic) -> Self {
        let calls = link.calls();
        let wire = Wire::Quic(link);
        Self { wire, calls }
    }
}

fn no_message(unread: &Unread) -> Trouble {
    Trouble::Refused(format!("response: {unread}"))
}

/// One more call, until it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(calls: &'a AtomicUsize) -> Self {
        calls.fetch_add(1, Ordering::Relaxed);
        Self(calls)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}
