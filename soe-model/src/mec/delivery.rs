//! Notifications: which are due, which are in progress, and when they are repeated.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::{SimDuration, SimTime};

use super::context::{ApiVersion, ContextId};
use super::contexts::Serial;
use super::limits::Limits;

/// A notification that the driver must send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// By which its outcome is reported.
    pub number: u64,
    /// The context whose reference has changed.
    pub context: ContextId,
    /// The version of the interface, which decides the format.
    pub version: ApiVersion,
    /// Where to send it.
    pub callback: String,
    /// The new reference.
    pub reference: String,
}

/// What happened to a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The device application answered with this status of HTTP.
    Answered {
        /// The status, 100 to 599.
        status: u16,
    },
    /// There was no answer: it may or may not have arrived.
    Unreachable,
}

/// What follows from the outcome of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The device application has it.
    Delivered,
    /// The device application refused it; its context is deleted.
    Dropped,
    /// It will be sent again.
    Again,
    /// It was repeated for long enough. The context stays, and the next change of its
    /// reference is notified.
    GivenUp,
    /// The context is deleted already, or the number is unknown.
    Unknown,
}

/// How long notifications are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The pause before the first repetition (500 ms). It doubles each time.
    pub first: SimDuration,
    /// The longest pause (30 s).
    pub longest: SimDuration,
    /// No repetition starts later than this after the first attempt (10 min).
    pub age: SimDuration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: SimDuration::from_millis(500),
            longest: SimDuration::from_secs(30),
            age: SimDuration::from_secs(600),
        }
    }
}

/// What the rules of a version say about an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Delivered,
    Refused,
    Failed,
}

impl Outcome {
    pub(super) fn verdict(self, version: ApiVersion) -> Verdict {
        match (version, self) {
            (_, Self::Unreachable) => Verdict::Failed,
            (ApiVersion::V1, Self::Answered { status: 204 }) => Verdict::Delivered,
            (ApiVersion::V1, Self::Answered { .. }) => Verdict::Refused,
            (ApiVersion::V2, Self::Answered { status }) => match status {
                200..=299 => Verdict::Delivered,
                400..=499 => Verdict::Refused,
                _ => Verdict::Failed,
            },
        }
    }
}

/// The state of what a device application must be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trying {
    /// When it became due for the first time.
    pub since: SimTime,
    /// The pause after the next failure.
    pub pause: SimDuration,
    pub step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Due(SimTime),
    Flight(u64),
}

/// A notification in progress.
#[derive(Clone, Debug)]
pub struct Flight {
    pub serial: Serial,
    pub client: String,
    pub callback: String,
    pub reference: String,
}

/// Contexts with notifications that are due, by client address, and notifications
/// in progress.
#[derive(Debug)]
pub struct Delivery {
    queues: BTreeMap<String, Queue>,
    /// Clients that may be sent something: when the first is due, and the address.
    ready: BTreeSet<(SimTime, String)>,
    flights: BTreeMap<u64, Flight>,
    next: u64,
    most: usize,
    most_of_client: usize,
}

#[derive(Debug, Default)]
struct Queue {
    due: BTreeSet<(SimTime, Serial)>,
    flights: usize,
}

impl Delivery {
    pub fn new(limits: &Limits) -> Self {
        Self {
            queues: BTreeMap::new(),
            ready: BTreeSet::new(),
            flights: BTreeMap::new(),
            next: 0,
            most: limits.flights,
            most_of_client: limits.flights_of_client,
        }
    }

    pub fn under_way(&self) -> usize {
        self.flights.len()
    }

    /// When something may be sent.
    pub fn next_due(&self) -> Option<SimTime> {
        let (at, _) = self.ready.first()?;
        (self.flights.len() < self.most).then_some(*at)
    }

    /// The context that is to be notified first, if one is due by `now`.
    pub fn next_serial(&self, now: SimTime) -> Option<Serial> {
        if self.next_due()? > now {
            return None;
        }
        let (_, client) = self.ready.first()?;
        let (_, serial) = self.queues.get(client)?.due.first()?;
        Some(*serial)
    }

    pub fn enqueue(&mut self, client: &str, at: SimTime, serial: Serial) {
        self.change(client, |queue| {
            queue.due.insert((at, serial));
        });
    }

    pub fn dequeue(&mut self, client: &str, at: SimTime, serial: Serial) {
        self.change(client, |queue| {
            queue.due.remove(&(at, serial));
        });
    }

    pub fn start(&mut self, flight: Flight) -> u64 {
        let number = self.next;
        self.next += 1;
        self.change(&flight.client, |queue| queue.flights += 1);
        self.flights.insert(number, flight);
        number
    }

    pub fn finish(&mut self, number: u64) -> Option<Flight> {
        let flight = self.flights.remove(&number)?;
        self.change(&flight.client, |queue| queue.flights -= 1);
        Some(flight)
    }

    /// Changes the queue of a client, and keeps `ready` in step.
    fn change(&mut self, client: &str, change: impl FnOnce(&mut Queue)) {
        let most = self.most_of_client;
        let queue = self.queues.entry(client.to_owned()).or_default();
        let before = queue.ready_at(most);
        change(queue);
        let after = queue.ready_at(most);
        if queue.due.is_empty() && queue.flights == 0 {
            self.queues.remove(client);
        }
        if before != after {
            if let Some(at) = before {
                self.ready.remove(&(at, client.to_owned()));
            }
            if let Some(at) = after {
                self.ready.insert((at, client.to_owned()));
            }
        }
    }
}

impl Queue {
    fn ready_at(&self, most: usize) -> Option<SimTime> {
        let (at, _) = self.due.first()?;
        (self.flights < most).then_some(*at)
    }
}
