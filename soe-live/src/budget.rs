//! Counting the bytes of messages that a server holds for its callers.
//!
//! Before a server reads more of a message than one flow-control window, it reserves
//! memory for the whole message. The memory comes first from the allowance of the
//! connection, where the message waits for its turn, then from the server, which
//! refuses connections that hold more than an equal share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::limits::{CONNECTION, STREAM_WINDOW};

/// What a server holds for all connections.
#[derive(Debug)]
pub struct Memory {
    most: usize,
    held: AtomicUsize,
    /// The connections that hold something.
    holders: AtomicUsize,
}

/// What one connection holds.
#[derive(Debug)]
pub struct Account {
    memory: Arc<Memory>,
    held: AtomicUsize,
    requests: Semaphore,
    responses: Semaphore,
    /// The size of each of the semaphores.
    allowance: u32,
}

/// Which allowance of a connection a message counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Requests, until their call ends.
    Requests,
    /// Responses, until they are sent.
    Responses,
}

/// The server holds too much, and this connection more than an equal share of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this connection has used up its share of the memory for messages")]
pub struct Full;

/// Memory for one message. Given back when it is dropped.
#[derive(Debug)]
pub struct Charge {
    account: Arc<Account>,
    side: Side,
    permits: u32,
    bytes: usize,
}

impl Memory {
    /// Room for `most` bytes, none of them held.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            held: AtomicUsize::new(0),
            holders: AtomicUsize::new(0),
        })
    }

    /// The bytes held now.
    #[cfg(test)]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// An account for a new connection whose messages have at most `message` bytes.
    pub fn open(self: &Arc<Self>, message: usize) -> Arc<Account> {
        let allowance = CONNECTION.max(message);
        Arc::new(Account {
            memory: self.clone(),
            held: AtomicUsize::new(0),
            requests: Semaphore::new(allowance),
            responses: Semaphore::new(allowance),
            allowance: u32::try_from(allowance).unwrap_or(u32::MAX),
        })
    }
}

impl Account {
    /// Reserves memory for a message. Waits until the messages of the same side that
    /// came before leave enough.
    ///
    /// # Errors
    /// If the server is full and this connection has more than its share.
    pub async fn reserve(self: &Arc<Self>, side: Side, bytes: usize) -> Result<Charge, Full> {
        // What the peer can send without being granted more.
        let ahead = bytes.min(STREAM_WINDOW as usize);
        self.take(ahead)?;
        let mut charge = Charge {
            account: self.clone(),
            side,
            permits: 0,
            bytes: ahead,
        };
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.allowance);
        let semaphore = self.semaphore(side);
        let permit = match semaphore.try_acquire_many(permits) {
            Ok(permit) => permit,
            Err(_) => semaphore.acquire_many(permits).await.map_err(|_| Full)?,
        };
        permit.forget();
        charge.permits = permits;
        if bytes > ahead {
            self.take(bytes - ahead)?;
            charge.bytes = bytes;
        }
        Ok(charge)
    }

    fn semaphore(&self, side: Side) -> &Semaphore {
        match side {
            Side::Requests => &self.requests,
            Side::Responses => &self.responses,
        }
    }

    fn take(&self, bytes: usize) -> Result<(), Full> {
        if bytes == 0 {
            return Ok(());
        }
        let memory = &self.memory;
        let mine = self.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if mine == bytes {
            memory.holders.fetch_add(1, Ordering::Relaxed);
        }
        let all = memory.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let share = memory.most / memory.holders.load(Ordering::Relaxed).max(1);
        if all > memory.most && mine > share {
            self.give_back(bytes);
            return Err(Full);
        }
        Ok(())
    }

    fn give_back(&self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        if self.held.fetch_sub(bytes, Ordering::Relaxed) == bytes {
            self.memory.holders.fetch_sub(1, Ordering::Relaxed);
        }
        self.memory.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.give_back(self.bytes);
        if self.permits > 0 {
            let semaphore = self.account.semaphore(self.side);
            semaphore.add_permits(self.permits as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn now(account: &Arc<Account>, side: Side, bytes: usize) -> Option<Result<Charge, Full>> {
        account.reserve(side, bytes).now_or_never()
    }

    #[test]
    fn a_connection_waits_for_its_own_messages_and_no_other_does() {
        let memory = Memory::new(1 << 40);
        let (greedy, other) = (memory.open(1 << 20), memory.open(1 << 20));
        let whole = now(&greedy, Side::Requests, CONNECTION).unwrap().unwrap();
        assert!(now(&greedy, Side::Requests, 1).is_none());
        assert!(now(&greedy, Side::Responses, 1).is_some());
        assert!(now(&other, Side::Requests, 1).is_some());
        assert_eq!(memory.held(), CONNECTION);
        drop(whole);
        assert!(now(&greedy, Side::Requests, 1).is_some());
        assert_eq!(memory.held(), 0);
    }

    #[test]
    fn a_full_server_refuses_those_with_more_than_their_share_only() {
        let memory = Memory::new(1000);
        let (greedy, modest) = (memory.open(100), memory.open(100));
        let charge = |account| now(account, Side::Requests, 100).unwrap();
        // Alone it may have all.
        let mut held: Vec<_> = (0..10).map(|_| charge(&greedy).unwrap()).collect();
        assert_eq!(charge(&greedy).err(), Some(Full));
        // 500 bytes are the share of each from now on.
        held.extend((0..5).map(|_| charge(&modest).unwrap()));
        assert_eq!(charge(&modest).err(), Some(Full));
        assert!(memory.held() <= 2000);
        drop(held);
        assert_eq!(memory.held(), 0);
        assert!(charge(&greedy).is_ok());
    }

    #[test]
    fn messages_larger_than_the_allowance_pass_one_at_a_time() {
        let memory = Memory::new(1 << 40);
        let account = memory.open(CONNECTION * 2);
        let whole = now(&account, Side::Requests, CONNECTION * 2).unwrap();
        assert!(now(&account, Side::Requests, 1).is_none());
        drop(whole);
        assert!(now(&account, Side::Requests, 1).is_some());
    }
}
