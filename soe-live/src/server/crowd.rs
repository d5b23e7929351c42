//! The connections of a server, with a bound on their number.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::command::Stop;

/// The connections that are open.
#[derive(Debug)]
pub struct Crowd {
    most: usize,
    start: Instant,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    next: u64,
    open: BTreeMap<u64, Arc<Member>>,
}

/// One connection, as the others see it.
#[derive(Debug)]
pub struct Member {
    /// Since when it has no calls, in nanoseconds from the start of the server; 0 if it
    /// has some.
    idle_since: AtomicU64,
    /// Tells it to make room for another.
    pub leave: Stop,
}

/// The place of a connection; free again when it is dropped.
#[derive(Debug)]
pub struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    member: Arc<Member>,
}

impl Crowd {
    /// No connections, at most `most`.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most: most.max(1),
            start: Instant::now(),
            members: Mutex::default(),
        })
    }

    /// A place for a new connection; if all are taken, that of the connection
    /// that has been without calls for longest, which is told to leave. `None` if all
    /// have calls.
    pub fn enter(self: &Arc<Self>) -> Option<Place> {
        let mut members = self.members();
        if members.open.len() >= self.most {
            let idle = members.open.iter().filter_map(|(number, member)| {
                let since = member.idle_since.load(Ordering::Relaxed);
                (since > 0).then_some((since, *number))
            });
            let (_, longest) = idle.min()?;
            let member = members.open.remove(&longest)?;
            member.leave.stop();
        }
        let member = Arc::new(Member {
            idle_since: AtomicU64::new(self.now()),
            leave: Stop::new(),
        });
        let number = members.next;
        members.next += 1;
        members.open.insert(number, member.clone());
        Some(Place {
            crowd: self.clone(),
            number,
            member,
        })
    }

    fn now(&self) -> u64 {
        let nanos = self.start.elapsed().as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX).max(1)
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Tells it to make room for another.
    pub fn leave(&self) -> &Stop {
        &self.member.leave
    }

    /// Notes whether the connection has calls.
    pub fn has_calls(&self, calls: bool) {
        let idle_since = &self.member.idle_since;
        let was_busy = idle_since.load(Ordering::Relaxed) == 0;
        if calls != was_busy {
            let since = if calls { 0 } else { self.crowd.now() };
            idle_since.store(since, Ordering::Relaxed);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.members().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_that_is_idle_for_longest_makes_room() {
        let crowd = Crowd::new(3);
        let places: Vec<_> = (0..3).map(|_| crowd.enter().unwrap()).collect();
        places[0].has_calls(true);
        let fourth = crowd.enter().unwrap();
        assert!(places[1].leave().is_stopped() && !places[2].leave().is_stopped());
        fourth.has_calls(true);
        places[2].has_calls(true);
        assert!(crowd.enter().is_none());
        places[2].has_calls(false);
        assert!(crowd.enter().is_some());
        drop(places);
        drop(fourth);
        assert!(crowd.members().open.is_empty());
    }
}
