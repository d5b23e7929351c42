//! Dry runs that ask destinations for their processing time: questions of a call that
//! waits for the replies, and probes of a policy or an estimator.

use sim_core::SimTime;

use super::call::{Action, CallHeader, ProbeId, ProbeReply, Ticket};
use super::ledger::{Asking, Probe, State};
use super::table::EntryKey;
use super::{Broker, Kind, MOST_PROBES};
use crate::names::EndpointId;

impl Broker {
    /// Sends the probes that the policy or the estimator wants, on behalf of a call
    /// that does not wait for them.
    pub(super) fn probe(&mut self, now: SimTime, ticket: Ticket, header: &CallHeader) {
        let mut wanted = std::mem::take(&mut self.wanted);
        let (peers, chance) = (&self.peers, &mut self.probe_chance);
        match &mut self.kind {
            Kind::Router { router, .. } => {
                router.wants_probes(now, header, peers, chance, &mut wanted);
            }
            Kind::Dispatcher(dispatcher) => {
                dispatcher.wants_probes(now, header, peers, chance, &mut wanted);
            }
        }
        for position in wanted.drain(..).take(MOST_PROBES) {
            let row = self.table(header.forward).row(header.function);
            if let Some(&entry) = row.get(position) {
                self.question(ticket, header, entry, false);
            }
        }
        self.wanted = wanted;
        self.send_asked();
    }

    /// Asks all destinations of a function.
    pub(super) fn ask(&mut self, ticket: Ticket, header: &CallHeader) {
        let (mut outstanding, mut position) = (0, 0);
        while let Some(&entry) = {
            let row = self.table(header.forward).row(header.function);
            row.get(position)
        } {
            position += 1;
            outstanding += u32::from(self.question(ticket, header, entry, true));
        }
        if let Some(call) = self.calls.get_mut(ticket.0) {
            call.state = State::Asking(Asking {
                outstanding,
                best: None,
            });
        }
        self.send_asked();
    }

    /// Prepares a question to a destination; `false` if the entry was removed.
    fn question(
        &mut self,
        ticket: Ticket,
        header: &CallHeader,
        entry: EntryKey,
        awaited: bool,
    ) -> bool {
        let Some(&found) = self.table(header.forward).entry(entry) else {
            return false;
        };
        let probe = ProbeId(self.probes.insert(Probe {
            ticket,
            awaited,
            header: *header,
            entry,
            destination: found.destination,
            position: found.position,
        }));
        self.asked.push((found.destination, probe));
        true
    }

    /// Sends the questions that were prepared, or queues them.
    fn send_asked(&mut self) {
        let mut asked = std::mem::take(&mut self.asked);
        for (destination, probe) in asked.drain(..) {
            if self.pending_probes.enter(destination, probe) {
                self.send_probe(probe);
            }
        }
        self.asked = asked;
    }

    /// Sends a question; `false` if the call or the entry no longer exists.
    fn send_probe(&mut self, probe: ProbeId) -> bool {
        let Some(&mut asked) = self.probes.get_mut(probe.0) else {
            return false;
        };
        if !self.is_current(asked.ticket, asked.entry) {
            return false;
        }
        let Some(call) = self.calls.get_mut(asked.ticket.0) else {
            return false;
        };
        self.actions.push_back(Action::Probe {
            call: call.id,
            probe,
            destination: asked.destination,
            header: CallHeader {
                dry: true,
                ..asked.header.forwarded()
            },
        });
        true
    }

    /// A question to `destination` has ended: sends the next one in the queue.
    pub(super) fn next_probe(&mut self, now: SimTime, destination: EndpointId) {
        while let Some(probe) = self.pending_probes.leave(destination) {
            if self.send_probe(probe) {
                break;
            }
            if let Some(asked) = self.probes.remove(probe.0) {
                self.probed(now, &asked, &ProbeReply::TimedOut);
                self.count_reply(now, &asked, ProbeReply::TimedOut);
            }
        }
    }

    /// Reports the reply of a destination, or its absence, to the policy or the estimator.
    pub(super) fn probed(&mut self, now: SimTime, probe: &Probe, reply: &ProbeReply) {
        let (forward, entry) = (probe.header.forward, probe.entry);
        if !self.hears {
            return;
        }
        match &mut self.kind {
            Kind::Router { router, .. } => router.probed(now, forward, entry, reply),
            Kind::Dispatcher(dispatcher) => dispatcher.probed(now, entry, reply),
        }
        if let ProbeReply::Answered(answer) = reply
            && let Some(percent) = answer.load1
        {
            self.peers.loaded(now, probe.destination, percent);
        }
    }

    /// Counts a reply that a call waits for; after the last one, sends the call to the
    /// best destination.
    pub(super) fn count_reply(&mut self, now: SimTime, probe: &Probe, reply: ProbeReply) {
        let ticket = probe.ticket;
        if !probe.awaited {
            return;
        }
        let Some(call) = self.calls.get_mut(ticket.0) else {
            return;
        };
        let State::Asking(asking) = &mut call.state else {
            return;
        };
        if !asking.count(probe, reply) {
            return;
        }
        let best = asking.best;
        if best.is_none() {
            call.failed = Some(probe.destination);
        }
        match best {
            Some(best) if self.is_current(ticket, best.chosen.entry) => {
                self.forward(now, ticket, best.chosen);
            }
            // The best was removed meanwhile.
            Some(_) => self.undecided.push_back(ticket),
            None => self.reject(ticket),
        }
    }
}
