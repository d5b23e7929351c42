//! The task that reads and writes one connection, and sends PINGs to the peer.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use h2::client::Connection;
use h2::{Ping, PingPong};
use tokio::sync::Notify;
use tokio::time::Sleep;
use tracing::debug;

use crate::limits::LINGER;
use crate::socket::Socket;
use crate::wire::Outgoing;

/// What the task and the calls over its connection share.
#[derive(Debug)]
pub struct Driver {
    /// Wakes the task.
    waker: AtomicWaker,
    /// Whether new calls are refused.
    closed: AtomicBool,
    /// Whether the connection is no longer needed.
    left: AtomicBool,
    /// Whether a PING is to be sent.
    wanted: AtomicBool,
    start: Instant,
    /// When the PING that is not answered yet was asked for, in nanoseconds after the
    /// start; 0 if there is none.
    asked: AtomicU64,
    /// How the connection ended.
    end: Mutex<Option<String>>,
    /// Tells those who wait for an answer.
    changed: Notify,
}

impl Driver {
    /// Has a task drive a connection to its end.
    pub fn start(mut connection: Connection<Socket, Outgoing>) -> Arc<Self> {
        let driver = Arc::new(Self {
            waker: AtomicWaker::new(),
            closed: AtomicBool::new(false),
            left: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            start: Instant::now(),
            asked: AtomicU64::new(0),
            end: Mutex::default(),
            changed: Notify::new(),
        });
        let shared = driver.clone();
        tokio::spawn(async move {
            // However the task ends, the calls are told.
            let ended = Ended(&shared);
            let mut pings = connection.ping_pong();
            let mut under_way = false;
            let mut lingering: Option<Pin<Box<Sleep>>> = None;
            let end = poll_fn(|cx| {
                shared.waker.register(cx.waker());
                if let Some(pings) = &mut pings {
                    shared.poll_pings(pings, &mut under_way, cx);
                }
                if let Poll::Ready(end) = Pin::new(&mut connection).poll(cx) {
                    return Poll::Ready(end.map_err(|error| error.to_string()));
                }
                if !shared.left.load(Ordering::Acquire) {
                    return Poll::Pending;
                }
                let lingering =
                    lingering.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
                let over = lingering.as_mut().poll(cx);
                over.map(|()| Err("the peer does not read".to_owned()))
            });
            let end = match end.await {
                Ok(()) => "connection closed".to_owned(),
                Err(error) => error,
            };
            debug!("{end}");
            *shared.end() = Some(end);
            drop(ended);
        });
        driver
    }

    fn poll_pings(&self, pings: &mut PingPong, under_way: &mut bool, cx: &mut Context<'_>) {
        if !*under_way && self.wanted.swap(false, Ordering::AcqRel) {
            *under_way = pings.send_ping(Ping::opaque()).is_ok();
        }
        if *under_way && let Poll::Ready(Ok(_)) = pings.poll_pong(cx) {
            *under_way = false;
            self.asked.store(0, Ordering::Release);
            self.changed.notify_waiters();
        }
    }

    /// Has a PING sent, unless one is in progress.
    pub fn ask(&self) {
        let now = self.now().max(1);
        let unasked = self
            .asked
            .compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire);
        if unasked.is_ok() {
            self.wanted.store(true, Ordering::Release);
            self.waker.wake();
        }
    }

    /// Waits until no PING is in progress.
    ///
    /// # Errors
    /// If the connection ends first.
    pub async fn answered(&self) -> Result<(), String> {
        loop {
            let changed = self.changed.notified();
            if let Some(end) = &*self.end() {
                return Err(end.clone());
            }
            if self.asked.load(Ordering::Acquire) == 0 {
                return Ok(());
            }
            changed.await;
        }
    }

    /// For how long the PING in progress has not been answered.
    pub fn silence(&self) -> Duration {
        match self.asked.load(Ordering::Acquire) {
            0 => Duration::ZERO,
            asked => Duration::from_nanos(self.now().saturating_sub(asked)),
        }
    }

    /// Whether new calls are refused.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Lets no new calls begin.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Ends the connection when what was begun has been sent.
    pub fn leave(&self) {
        self.close();
        self.left.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn end(&self) -> MutexGuard<'_, Option<String>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells at the end of the task, even if that is a panic.
struct Ended<'a>(&'a Driver);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.close();
        let lost = || "connection lost".to_owned();
        self.0.end().get_or_insert_with(lost);
        self.0.changed.notify_waiters();
    }
}
