//! The internal steps of a broker between two events.

use std::cmp::Reverse;

use sim_core::{SimDuration, SimTime};

use super::call::{Action, Attempt, CallHeader, Outcome, Rejection, Ticket};
use super::dispatcher::Choice;
use super::events::{AttemptOutcome, Failure};
use super::ledger::{Chosen, State};
use super::spec::{Compatibility, Failover};
use super::table::{EntryKey, Table};
use super::{Broker, Kind};
use crate::names::{EndpointId, FunctionId};

impl Broker {
    /// Chooses destinations until every call waits for something from outside.
    pub(super) fn settle(&mut self, now: SimTime) {
        while let Some(ticket) = self.undecided.pop_front() {
            self.decide(now, ticket);
        }
    }

    fn decide(&mut self, now: SimTime, ticket: Ticket) {
        let Some(call) = self.calls.get_mut(ticket.0) else {
            return;
        };
        call.state = State::Undecided;
        let header = call.header;
        if !self.meetings.is_empty()
            && let Some(chosen) = self.meeting_place(ticket, &header)
        {
            return self.forward(now, ticket, chosen);
        }
        let choice = match &mut self.kind {
            Kind::Router { router, chance } => router
                .pick(now, &header, &self.peers, chance)
                .map_or(Choice::None, |entry| Choice::Entry(entry, None)),
            Kind::Dispatcher(dispatcher) => dispatcher.choose(now, &header, &self.peers),
        };
        match choice {
            Choice::Entry(entry, prediction) => {
                let found = self.table(header.forward).entry(entry);
                match found.map(|found| found.destination) {
                    Some(destination) => {
                        let chosen = Chosen {
                            entry,
                            destination,
                            prediction,
                        };
                        self.forward(now, ticket, chosen);
                    }
                    None => self.reject(ticket),
                }
            }
            Choice::Ask => self.ask(ticket, &header),
            Choice::None => self.reject(ticket),
        }
    }

    /// The best of the places where a call meets others that is still there.
    fn meeting_place(&self, ticket: Ticket, header: &CallHeader) -> Option<Chosen> {
        let ranked = self.meetings.get(&ticket)?;
        let table = self.table(header.forward);
        let chosen = |&destination: &EndpointId| {
            let entry = table.find(header.function, destination)?;
            Some(Chosen {
                entry,
                destination,
                prediction: None,
            })
        };
        ranked.iter().find_map(chosen)
    }

    /// Assigns a call to a destination: spends the forwarding time on it, then
    /// queues it for its turn.
    pub(super) fn forward(&mut self, now: SimTime, ticket: Ticket, chosen: Chosen) {
        let Some(chosen) = self.unless_received(ticket, chosen) else {
            return self.reject(ticket);
        };
        self.peers.sent(chosen.destination);
        let told = self.hears.then(|| self.tell_sent(now, ticket, &chosen));
        let after = self.forwarding_time.draw(&mut self.forwarding_chance);
        if after.is_zero() || !self.pending.is_limited() {
            // No call can overtake it, so that the driver may wait as well.
            self.enter(now, ticket, chosen, after);
        } else if let Some(call) = self.calls.get_mut(ticket.0) {
            call.state = State::Delayed(chosen);
            self.delays += 1;
            self.delayed
                .push(Reverse((now + after, self.delays, ticket)));
        }
        if let Some(Some(header)) = told {
            self.probe(now, ticket, &header);
        }
    }

    /// Tells the policy or the estimator of a call that is assigned to a destination,
    /// and returns the header of the call.
    fn tell_sent(&mut self, now: SimTime, ticket: Ticket, chosen: &Chosen) -> Option<CallHeader> {
        let header = self.calls.get(ticket.0)?.header;
        match &mut self.kind {
            Kind::Router { router, .. } => router.sent(now, header.forward, chosen.entry),
            Kind::Dispatcher(dispatcher) => dispatcher.sent(now, chosen.entry),
        }
        Some(header)
    }

    /// A call that was assigned to a destination has ended there, or leaves it.
    pub(super) fn done(
        &mut self,
        now: SimTime,
        forwarded: bool,
        chosen: &Chosen,
        outcome: &AttemptOutcome,
    ) {
        self.peers.done(chosen.destination);
        if !self.hears {
            return;
        }
        match &mut self.kind {
            Kind::Router { router, .. } => router.done(now, forwarded, chosen.entry, outcome),
            Kind::Dispatcher(dispatcher) => dispatcher.done(now, chosen.entry, outcome),
        }
    }

    /// A call through `entry` has succeeded or failed: its destination may be ejected or
    /// return, and calls that wait for one that was ejected choose again.
    pub(super) fn judge(&mut self, now: SimTime, forwarded: bool, entry: EntryKey, success: bool) {
        if let Kind::Router { router, .. } = &mut self.kind
            && router.judge(now, forwarded, entry, success)
        {
            self.redirect();
        }
    }

    /// Lets the optimizer learn from a failure whose destination stays.
    pub(super) fn learn_failure(
        &mut self,
        now: SimTime,
        forwarded: bool,
        entry: EntryKey,
        latency: SimDuration,
    ) {
        if let Kind::Router { router, .. } = &mut self.kind
            && !self.failure_penalty.is_zero()
        {
            let latency = latency.max(self.failure_penalty);
            router.measured(now, forwarded, entry, latency);
        }
    }

    /// The forwarding time of a call is over.
    pub(super) fn end_delay(&mut self, now: SimTime, ticket: Ticket) {
        let Some(call) = self.calls.get_mut(ticket.0) else {
            return;
        };
        let State::Delayed(chosen) = call.state else {
            return;
        };
        let forwarded = call.header.forward;
        if self.table(forwarded).entry(chosen.entry).is_some() {
            self.enter(now, ticket, chosen, SimDuration::ZERO);
        } else {
            if let Some(call) = self.calls.get_mut(ticket.0) {
                call.state = State::Undecided;
            }
            self.peers.done(chosen.destination);
            self.undecided.push_back(ticket);
        }
    }

    fn enter(&mut self, now: SimTime, ticket: Ticket, chosen: Chosen, after: SimDuration) {
        let since = now + after;
        if self.pending.enter(chosen.destination, ticket) {
            self.send(ticket, chosen, since, after);
        } else if let Some(call) = self.calls.get_mut(ticket.0) {
            call.state = State::Waiting(chosen, since);
        }
    }

    fn send(&mut self, ticket: Ticket, chosen: Chosen, since: SimTime, after: SimDuration) {
        let Some(call) = self.calls.get_mut(ticket.0) else {
            return;
        };
        call.state = State::Sent(chosen, since);
        call.attempts += 1;
        let attempt = Attempt {
            ticket,
            number: call.attempts,
        };
        self.actions.push_back(Action::Forward {
            call: call.id,
            attempt,
            destination: chosen.destination,
            after,
            header: call.header.forwarded(),
        });
    }

    /// A call has left `destination`: lets in the next one that waits for it.
    pub(super) fn send_next(&mut self, destination: EndpointId) {
        while let Some(ticket) = self.pending.leave(destination) {
            let Some(call) = self.calls.get_mut(ticket.0) else {
                continue;
            };
            if let State::Waiting(chosen, since) = call.state {
                self.send(ticket, chosen, since, SimDuration::ZERO);
                break;
            }
        }
    }

    /// Takes an attempt off its destination; `None` if it is not in progress.
    pub(super) fn conclude(&mut self, attempt: Attempt) -> Option<(Chosen, CallHeader, SimTime)> {
        let call = self.calls.get_mut(attempt.ticket.0)?;
        match call.state {
            State::Sent(chosen, since) if call.attempts == attempt.number => {
                call.state = State::Undecided;
                Some((chosen, call.header, since))
            }
            _ => None,
        }
    }

    /// Whether a failure removes the destination from the table.
    pub(super) fn condemns(&self, failure: Failure) -> bool {
        matches!(failure, Failure::Transport | Failure::Unreachable)
            || self.compatibility == Compatibility::Original
    }

    /// Whether the call goes to another destination after a failure.
    pub(super) fn fails_over(&self, failure: Failure, header: &CallHeader) -> bool {
        let lost = failure == Failure::Lost || self.condemns(failure);
        lost && match self.failover {
            Failover::Always => true,
            Failover::Idempotent => header.dry || failure == Failure::Unreachable,
            Failover::Never => false,
        }
    }

    /// Remembers that a destination may have received a call, so that it does not
    /// get it again.
    pub(super) fn may_have_received(&mut self, ticket: Ticket, destination: EndpointId) {
        self.received.entry(ticket).or_default().push(destination);
    }

    /// The destination chosen for a call, or the one with the lowest weight among
    /// the others if the chosen one may have received the call already.
    fn unless_received(&self, ticket: Ticket, chosen: Chosen) -> Option<Chosen> {
        let Some(received) = self.received.get(&ticket) else {
            return Some(chosen);
        };
        if !received.contains(&chosen.destination) {
            return Some(chosen);
        }
        let header = self.calls.get(ticket.0)?.header;
        let table = self.table(header.forward);
        let others = table.row(header.function).iter().filter_map(|&entry| {
            let found = table.entry(entry)?;
            (!received.contains(&found.destination)).then_some((entry, found))
        });
        let (entry, found) = others.min_by(|(_, a), (_, b)| {
            let places = a.position.cmp(&b.position);
            a.weight.total_cmp(&b.weight).then(places)
        })?;
        Some(Chosen {
            entry,
            destination: found.destination,
            prediction: None,
        })
    }

    /// Removes a destination that has failed, unless it was replaced meanwhile.
    pub(super) fn drop_destination(
        &mut self,
        now: SimTime,
        header: &CallHeader,
        entry: EntryKey,
        destination: EndpointId,
    ) {
        if self.table(header.forward).entry(entry).is_none() {
            return;
        }
        self.remove(now, header.function, destination);
        if self.reports_failures {
            self.actions
                .push_back(Action::ReportFailure { destination });
        }
        self.redirect();
    }

    fn remove(&mut self, now: SimTime, function: FunctionId, destination: EndpointId) {
        match &mut self.kind {
            Kind::Router { router, .. } => router.remove(now, function, destination),
            Kind::Dispatcher(dispatcher) => dispatcher.remove(now, function, destination),
        }
    }

    /// Lets calls choose again that wait for a destination which has gone.
    pub(super) fn redirect(&mut self) {
        let (kind, calls) = (&self.kind, &self.calls);
        let gone = |ticket: Ticket| match calls.get(ticket.0) {
            Some(call) => match call.state {
                State::Waiting(chosen, _) => {
                    let table = kind.table(call.header.forward);
                    table.entry(chosen.entry).is_none()
                }
                _ => false,
            },
            None => true,
        };
        let before = self.undecided.len();
        self.pending.send_away(gone, &mut self.undecided);
        for &ticket in self.undecided.range(before..) {
            if let Some(call) = self.calls.get_mut(ticket.0)
                && let State::Waiting(chosen, _) = call.state
            {
                // The policy was told when the entry was removed.
                call.state = State::Undecided;
                self.peers.done(chosen.destination);
            }
        }
    }

    pub(super) fn is_current(&mut self, ticket: Ticket, entry: EntryKey) -> bool {
        let forward = self.calls.get(ticket.0).map(|call| call.header.forward);
        forward.is_some_and(|forward| self.table(forward).entry(entry).is_some())
    }

    pub(super) fn table(&self, forward: bool) -> &Table {
        self.kind.table(forward)
    }

    pub(super) fn reject(&mut self, ticket: Ticket) {
        let failed = self.calls.get(ticket.0).and_then(|call| call.failed);
        let rejection = match failed {
            Some(last) if self.compatibility == Compatibility::Corrected => {
                Rejection::AllFailed { last }
            }
            _ => Rejection::NoDestination,
        };
        self.respond(ticket, Outcome::Rejected(rejection));
    }

    /// Responds to a call that was admitted, and admits the next one.
    pub(super) fn respond(&mut self, ticket: Ticket, outcome: Outcome) {
        if let Some(call) = self.calls.remove(ticket.0) {
            self.forget_places(ticket);
            let call = call.id;
            self.actions.push_back(Action::Respond { call, outcome });
            self.admit();
        }
    }

    /// Drops what is kept about the destinations of a call that has ended.
    pub(super) fn forget_places(&mut self, ticket: Ticket) {
        if !self.meetings.is_empty() {
            self.meetings.remove(&ticket);
        }
        if !self.received.is_empty() {
            self.received.remove(&ticket);
        }
    }

    /// A call that was admitted has gone: the one that waits longest takes its
    /// place.
    pub(super) fn admit(&mut self) {
        match self.queue.pop_front() {
            Some(next) => self.undecided.push_back(next),
            None => self.active = self.active.saturating_sub(1),
        }
    }
}

impl Kind {
    pub(super) fn next_wake(&self) -> Option<SimTime> {
        match self {
            Self::Router { router, .. } => router.next_wake(),
            Self::Dispatcher(dispatcher) => dispatcher.next_wake(),
        }
    }

    pub(super) fn table(&self, forward: bool) -> &Table {
        match self {
            Self::Router { router, .. } => router.table(forward),
            Self::Dispatcher(dispatcher) => dispatcher.table(),
        }
    }
}
