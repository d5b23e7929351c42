//! Waking a model at the time that it requests.

use std::time::Instant;

use sim_core::SimTime;
use tokio::sync::Notify;

/// When a model will be woken next; protected by its lock.
#[derive(Debug, Default)]
pub struct Expected(Option<SimTime>);

impl Expected {
    /// Whether the model wants to be woken earlier than it would be. Then the timer
    /// has to be told.
    pub fn is_too_late_for(&mut self, next: Option<SimTime>) -> bool {
        let sooner = next.is_some_and(|next| self.0.is_none_or(|known| next < known));
        if sooner {
            self.0 = next;
        }
        sooner
    }

    /// The timer will wake the model then.
    pub fn set(&mut self, next: Option<SimTime>) {
        self.0 = next;
    }
}

/// Calls `wake` now, whenever it has said, and whenever it is told that something
/// is due `earlier`; for ever.
pub async fn keep(earlier: &Notify, mut wake: impl FnMut() -> Option<Instant>) {
    loop {
        let due = wake();
        tokio::select! {
            () = earlier.notified() => {}
            () = until(due) => {}
        }
    }
}

/// Waits until an instant, if there is one; otherwise for ever.
pub async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}
