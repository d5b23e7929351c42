//! Keeping the states of applications.

use std::sync::{Arc, Mutex, PoisonError};

use sim_core::SimDuration;
use soe_model::workflow::{StateReply, StateRequest, StateStore};
use uuid::Uuid;

use crate::clock::Clock;
use crate::workflow::Keeper;

/// How long a state server remembers where a state has gone.
pub(crate) const RETENTION: SimDuration = SimDuration::from_secs(24 * 3600);

/// States by name, in memory. Behind a
/// [`StateService`](crate::workflow::StateService) they are a state server.
#[derive(Debug)]
pub struct States {
    store: Mutex<StateStore<Arc<[u8]>>>,
    clock: Clock,
}

impl States {
    /// A new state, in place of one of the same name.
    pub fn create(&self, name: &str, content: Arc<[u8]>) {
        self.with(|store| store.create(name, content, origin()));
    }

    fn with<T>(&self, work: impl FnOnce(&mut StateStore<Arc<[u8]>>) -> T) -> T {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut store)
    }
}

impl Default for States {
    fn default() -> Self {
        Self {
            store: Mutex::new(StateStore::new(RETENTION)),
            clock: Clock::start(),
        }
    }
}

impl Keeper for States {
    fn answer(&self, question: StateRequest<Arc<[u8]>>) -> StateReply<Arc<[u8]>> {
        let now = self.clock.now();
        self.with(|store| {
            store.wake(now);
            store.answer(now, question)
        })
    }
}

/// What tells a new state from all others of its name.
pub(crate) fn origin() -> u64 {
    Uuid::new_v4().as_u64_pair().0
}
