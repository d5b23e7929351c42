//! The task that keeps one connection going, and sees when the peer is gone.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use h3::error::Code;
use quinn::{Connection, ConnectionError, ZeroRttAccepted};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::debug;

use super::super::SILENT;
use crate::limits::{QUIC_LOOK, SIGN_OF_LIFE};
use crate::quic::code;
use crate::quic::streams::Streams;
use crate::wire::Outgoing;

/// A type of streams that has no meaning, for asking (RFC 9114, 6.2.3), as a
/// variable-length integer: 0x21.
const MEANINGLESS: &[u8] = &[0x21];

/// What became of what was sent before the peer answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Early {
    /// The peer has not answered yet.
    Unknown,
    /// The peer takes it; or nothing was sent early.
    Accepted,
    /// The peer has not seen it.
    Rejected,
    /// The connection ended before the peer answered.
    Lost,
}

/// What the task and the calls over its connection share.
#[derive(Debug)]
pub struct Driver {
    /// The calls in progress.
    pub calls: Arc<AtomicUsize>,
    /// Whether new calls are refused.
    closed: AtomicBool,
    start: Instant,
    /// When the question that is not answered yet was asked, in nanoseconds after the
    /// start; 0 if there is none.
    asked: AtomicU64,
    /// How the connection ended.
    end: Mutex<Option<String>>,
    early: watch::Sender<Early>,
    /// Whether the destination is believed to be there.
    there: Arc<AtomicBool>,
}

impl Driver {
    /// Has a task drive a connection to its end, which tells in `there` whether the
    /// destination was there until then.
    pub fn start(
        http: h3::client::Connection<Streams, Outgoing>,
        connection: Connection,
        early: Option<ZeroRttAccepted>,
        there: Arc<AtomicBool>,
    ) -> Arc<Self> {
        let known = match early {
            Some(_) => Early::Unknown,
            None => Early::Accepted,
        };
        let driver = Arc::new(Self {
            calls: Arc::default(),
            closed: AtomicBool::new(false),
            start: Instant::now(),
            asked: AtomicU64::new(0),
            end: Mutex::default(),
            early: watch::Sender::new(known),
            there,
        });
        tokio::spawn(driver.clone().drive(http, connection, early));
        driver
    }

    async fn drive(
        self: Arc<Self>,
        mut http: h3::client::Connection<Streams, Outgoing>,
        connection: Connection,
        early: Option<ZeroRttAccepted>,
    ) {
        // However the task ends, the calls are told.
        let _ended = Ended(&self, &connection);
        let mut looks = interval(QUIC_LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = 0;
        let mut accepted = pin!(accepted(early));
        let mut unknown = *self.early.borrow() == Early::Unknown;
        let end = loop {
            tokio::select! {
                end = http.wait_idle() => {
                    let reason = connection.close_reason().map(|reason| reason.to_string());
                    break reason.unwrap_or_else(|| end.to_string());
                }
                accepted = &mut accepted, if unknown => {
                    unknown = false;
                    if accepted {
                        self.early.send_replace(Early::Accepted);
                    } else if connection.close_reason().is_none() {
                        self.early.send_replace(Early::Rejected);
                        break "early data were not taken".to_owned();
                    }
                }
                _ = looks.tick() => {
                    if self.silence() >= SIGN_OF_LIFE {
                        break SILENT.to_owned();
                    }
                    let before = std::mem::replace(&mut heard, connection.stats().udp_rx.datagrams);
                    if before == heard && self.calls.load(Ordering::Relaxed) > 0 {
                        Self::ask(&self, &connection);
                    }
                }
            }
        };
        debug!("{}: {end}", connection.remote_address());
        *self.locked() = Some(end);
    }

    /// Sends the peer something that it acknowledges, unless that is in progress.
    pub fn ask(driver: &Arc<Self>, connection: &Connection) {
        let now = driver.now().max(1);
        let asked = &driver.asked;
        let unasked = asked.compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire);
        if unasked.is_err() {
            return;
        }
        let (driver, connection) = (driver.clone(), connection.clone());
        tokio::spawn(async move {
            if question(&connection).await.is_some() {
                driver.asked.store(0, Ordering::Release);
            }
        });
    }

    /// For how long the question in progress has not been answered.
    pub fn silence(&self) -> Duration {
        match self.asked.load(Ordering::Acquire) {
            0 => Duration::ZERO,
            asked => Duration::from_nanos(self.now().saturating_sub(asked)),
        }
    }

    /// What became of what was sent early, once that is known.
    pub async fn early(&self) -> Early {
        let mut early = self.early.subscribe();
        let known = early.wait_for(|early| *early != Early::Unknown).await;
        known.map_or(Early::Lost, |known| *known)
    }

    /// Whether the peer has not answered yet.
    #[cfg(test)]
    pub fn is_early(&self) -> bool {
        *self.early.borrow() == Early::Unknown
    }

    /// Whether new calls are refused.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Lets no new calls begin.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// How the connection ended, if it has.
    pub fn end(&self) -> Option<String> {
        self.locked().clone()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn locked(&self) -> MutexGuard<'_, Option<String>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a stream without meaning; ends when the peer has acknowledged or refused it.
async fn question(connection: &Connection) -> Option<()> {
    let mut stream = connection.open_uni().await.ok()?;
    stream.write_all(MEANINGLESS).await.ok()?;
    stream.finish().ok()?;
    stream.stopped().await.ok().map(drop)
}

async fn accepted(early: Option<ZeroRttAccepted>) -> bool {
    match early {
        Some(early) => early.await,
        None => true,
    }
}

/// Tells at the end of the task, even if that is a panic.
struct Ended<'a>(&'a Driver, &'a Connection);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.close();
        let lost = || "connection lost".to_owned();
        let silent = self.0.locked().get_or_insert_with(lost) == SILENT;
        let closed = matches!(
            self.1.close_reason(),
            None | Some(ConnectionError::LocallyClosed | ConnectionError::ApplicationClosed(_))
        );
        let early = &self.0.early;
        early.send_if_modified(|early| {
            let unknown = *early == Early::Unknown;
            if unknown {
                *early = Early::Lost;
            }
            unknown
        });
        let there = closed && !silent && *early.borrow() != Early::Lost;
        self.0.there.store(there, Ordering::Relaxed);
        self.1.close(code(Code::H3_NO_ERROR), b"");
    }
}
