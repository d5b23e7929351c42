//! The task that reads and writes one connection, and asks the peer whether it is
//! there.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// Whether there are no new calls.
    closed: AtomicBool,
    /// Whether nobody needs the connection any more.
    left: AtomicBool,
    /// Whether a PING is to be sent.
    wanted: AtomicBool,
    life: Mutex<Life>,
    /// Tells those who wait for an answer.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Life {
    /// When the PING that is not answered yet was asked for.
    asked: Option<Instant>,
    /// How the connection ended.
    end: Option<String>,
}

impl Driver {
    /// Has a task drive a connection to its end.
    pub fn start(mut connection: Connection<Socket, Outgoing>) -> Arc<Self> {
        let driver = Arc::new(Self {
            waker: AtomicWaker::new(),
            closed: AtomicBool::new(false),
            left: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            life: Mutex::default(),
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
            shared.life().end = Some(end);
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
            self.life().asked = None;
            self.changed.notify_waiters();
        }
    }

    /// Has a PING sent, unless one is under way.
    pub fn ask(&self) {
        let mut life = self.life();
        if life.asked.is_none() && life.end.is_none() {
            life.asked = Some(Instant::now());
            drop(life);
            self.wanted.store(true, Ordering::Release);
            self.waker.wake();
        }
    }

    /// Waits until no PING is under way.
    ///
    /// # Errors
    /// If the connection ends first.
    pub async fn answered(&self) -> Result<(), String> {
        loop {
            let changed = self.changed.notified();
            {
                let life = self.life();
                match &life.end {
                    Some(end) => return Err(end.clone()),
                    None if life.asked.is_none() => return Ok(()),
                    None => {}
                }
            }
            changed.await;
        }
    }

    /// For how long the PING under way has not been answered.
    pub fn silence(&self) -> Duration {
        let asked = self.life().asked;
        asked.map_or(Duration::ZERO, |asked| asked.elapsed())
    }

    /// Whether there are no new calls.
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

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells at the end of the task, even if that is a panic.
struct Ended<'a>(&'a Driver);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.close();
        let mut life = self.0.life();
        life.end.get_or_insert_with(|| "connection lost".to_owned());
        drop(life);
        self.0.changed.notify_waiters();
    }
}
