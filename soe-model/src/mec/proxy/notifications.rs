//! The notifications of the proxy: which are due, and what follows from their outcome.

use sim_core::{SimDuration, SimTime};

use super::Proxy;
use crate::mec::contexts::Serial;
use crate::mec::delivery::{Flight, Notification, Outcome, Settled, Step, Trying, Verdict};

impl Proxy {
    /// When [`poll`](Self::poll) has something, if nothing else happens.
    pub fn next_wake(&self) -> Option<SimTime> {
        self.delivery.next_due()
    }

    /// The next notification to send. It counts as in progress until
    /// [`settled`](Self::settled) is told about it. Ask until there is none.
    pub fn poll(&mut self, now: SimTime) -> Option<Notification> {
        let serial = self.delivery.next_serial(now)?;
        let context = self.contexts.get_mut(serial)?;
        let callback = context.request.callback.clone()?;
        let trying = context.trying.as_mut()?;
        let client = &context.request.client;
        if let Step::Due(at) = trying.step {
            self.delivery.dequeue(client, at, serial);
        }
        let number = self.delivery.start(Flight {
            serial,
            client: client.clone(),
            callback: callback.clone(),
            reference: context.reference.clone(),
        });
        trying.step = Step::Flight(number);
        let notification = Notification {
            number,
            context: context.id,
            version: context.request.version,
            callback,
            reference: context.reference.clone(),
        };
        if context.told.take().is_some() {
            self.record(serial);
        }
        Some(notification)
    }

    /// A notification was answered, or failed.
    pub fn settled(&mut self, now: SimTime, number: u64, outcome: Outcome) -> Settled {
        let Some(flight) = self.delivery.finish(number) else {
            return Settled::Unknown;
        };
        let serial = flight.serial;
        let Some(context) = self.contexts.get_mut(serial) else {
            return Settled::Unknown;
        };
        let same_callback = context.request.callback.as_ref() == Some(&flight.callback);
        let unchanged = same_callback && context.reference == flight.reference;
        match outcome.verdict(context.request.version) {
            Verdict::Delivered => {
                // Without an end-point, the next association is notified, whatever it is.
                let served = !context.reference.is_empty();
                context.told = served.then_some(flight.reference);
                context.trying = None;
                self.record(serial);
                self.review(now, serial);
                Settled::Delivered
            }
            Verdict::Refused if same_callback => {
                self.remove_context(serial);
                Settled::Dropped
            }
            Verdict::Failed if unchanged => self.repeat(now, serial),
            Verdict::Refused | Verdict::Failed => {
                context.trying = None;
                self.review(now, serial);
                Settled::Again
            }
        }
    }

    /// Notifications in progress.
    pub fn under_way(&self) -> usize {
        self.delivery.under_way()
    }

    /// The reference or the callback of a context has changed: is there anything to tell?
    pub(super) fn review(&mut self, now: SimTime, serial: Serial) {
        let Some(context) = self.contexts.get_mut(serial) else {
            return;
        };
        let client = &context.request.client;
        match context.trying.as_ref().map(|trying| trying.step) {
            // When that is settled it is reviewed again.
            Some(Step::Flight(_)) => return,
            Some(Step::Due(at)) => self.delivery.dequeue(client, at, serial),
            None => {}
        }
        context.trying = context.is_behind().then(|| {
            self.delivery.enqueue(client, now, serial);
            Trying {
                since: now,
                pause: self.patience.first,
                step: Step::Due(now),
            }
        });
    }

    /// A notification has failed and is repeated, unless it is too old.
    fn repeat(&mut self, now: SimTime, serial: Serial) -> Settled {
        let Some(context) = self.contexts.get_mut(serial) else {
            return Settled::Unknown;
        };
        let Some(trying) = context.trying.as_mut() else {
            return Settled::Unknown;
        };
        let at = now + trying.pause;
        if at.since(trying.since) > self.patience.age {
            context.trying = None;
            return Settled::GivenUp;
        }
        let doubled = SimDuration::from_nanos(trying.pause.as_nanos().saturating_mul(2));
        trying.pause = doubled.min(self.patience.longest);
        trying.step = Step::Due(at);
        self.delivery.enqueue(&context.request.client, at, serial);
        Settled::Again
    }
}
