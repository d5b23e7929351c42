//! Whatever happens in whatever order: nothing is lost, nothing exceeded.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Arrive,
    Answer(usize),
    Fail(usize, bool),
    Reply(usize, u8),
    Cancel(usize),
    Change(u8, u8),
    Remove(u8),
    Flush,
    Wait(u16),
    /// An attempt or question that is over.
    Repeat(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Arrive),
        4 => any::<usize>().prop_map(Step::Answer),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(i, poison)| Step::Fail(i, poison)),
        6 => (any::<usize>(), any::<u8>()).prop_map(|(i, kind)| Step::Reply(i, kind)),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => (0u8..6, 1u8..50).prop_map(|(name, weight)| Step::Change(name, weight)),
        1 => (0u8..6).prop_map(Step::Remove),
        1 => Just(Step::Flush),
        3 => (0u16..3000).prop_map(Step::Wait),
        1 => any::<usize>().prop_map(Step::Repeat),
    ];
    prop::collection::vec(step, 1..250)
}

/// Every policy with every optimizer, and every estimator.
fn kinds() -> Vec<(String, BrokerKind)> {
    spy::register();
    let mut kinds = cases::routers().unwrap();
    kinds.extend(cases::dispatchers(true).unwrap());
    kinds
}

#[test]
fn a_kind_is_tested_and_measured_as_soon_as_it_is_in_the_catalogue() {
    let kinds = kinds();
    let known = |name: &str| kinds.iter().any(|(kind, _)| kind.starts_with(name));
    assert!(known("type=spy type=none") && known("type=two-choices,choices=2 type=async"));
    assert!(kinds.iter().any(|(kind, _)| kind == "type=spy"));
    let measured = cases::dispatchers(false).unwrap();
    assert!(measured.iter().any(|(kind, _)| kind == "type=spy"));
}

/// A world that knows what is in progress.
struct World {
    bench: Bench,
    limits: Limits,
    /// Whether calls wait for destinations to be asked.
    asks: bool,
    tickets: BTreeMap<u64, Ticket>,
    attempts: Vec<(u64, Attempt, EndpointId)>,
    probes: Vec<ProbeId>,
    over: Vec<Attempt>,
    attempted: u64,
}

impl World {
    fn step(&mut self, step: &Step) {
        let now = self.bench.now;
        let name = |name: u8| format!("d{name}");
        match *step {
            Step::Arrive => {
                let ticket = self.bench.arrive();
                self.tickets.insert(self.bench.calls, ticket);
            }
            Step::Answer(i) if !self.attempts.is_empty() => {
                let (_, attempt, _) = self.attempts.remove(i % self.attempts.len());
                self.bench.answer(attempt);
                self.over.push(attempt);
            }
            Step::Fail(i, poison) if !self.attempts.is_empty() => {
                let (_, attempt, _) = self.attempts.remove(i % self.attempts.len());
                let failure = match poison {
                    true => Failure::Application,
                    false => Failure::Transport,
                };
                self.bench.fail(attempt, failure);
                self.over.push(attempt);
            }
            Step::Reply(i, kind) if !self.probes.is_empty() => {
                let probe = self.probes.remove(i % self.probes.len());
                let reply = match kind {
                    0..20 => ProbeReply::Failed(Failure::Transport),
                    20..40 => ProbeReply::Failed(Failure::Application),
                    40..60 => ProbeReply::TimedOut,
                    _ => ProbeReply::Answered(SimDuration::from_millis(kind.into()).into()),
                };
                self.bench.broker.probe_replied(now, probe, reply);
                self.bench.broker.probe_replied(now, probe, reply);
            }
            Step::Cancel(i) if !self.tickets.is_empty() => {
                let call = *self.tickets.keys().nth(i % self.tickets.len()).unwrap();
                let ticket = self.tickets.remove(&call).unwrap();
                self.attempts.retain(|(sent, _, _)| *sent != call);
                self.bench.broker.cancel(now, ticket);
            }
            Step::Change(destination, weight) => {
                let weight = f32::from(weight) / 100.0;
                self.bench
                    .change(&name(destination), weight, destination % 2 == 0)
                    .unwrap();
            }
            Step::Remove(destination) => self.bench.remove(&name(destination)),
            Step::Flush => {
                self.bench.configure(&Command::Flush).unwrap();
            }
            Step::Wait(millis) => {
                self.bench.wait(millis.into());
                while let Some(due) = self.bench.broker.next_wake() {
                    if due > self.bench.now {
                        break;
                    }
                    self.bench.broker.wake(due);
                }
            }
            Step::Repeat(i) if !self.over.is_empty() => {
                let attempt = self.over[i % self.over.len()];
                self.bench.answer(attempt);
                self.bench.fail(attempt, Failure::Transport);
            }
            _ => {}
        }
        self.obey();
        self.check();
    }

    fn obey(&mut self) {
        while let Some(action) = self.bench.broker.poll() {
            match action {
                Action::Forward {
                    call,
                    attempt,
                    destination,
                    ..
                } => {
                    assert!(self.tickets.contains_key(&call.0), "who is call {call:?}?");
                    let twice = self.attempts.iter().any(|(sent, _, _)| *sent == call.0);
                    assert!(!twice, "call {call:?} runs twice");
                    let table = self.bench.broker.tables().next().unwrap();
                    assert!(table.find(FunctionId(0), destination).is_some());
                    self.attempts.push((call.0, attempt, destination));
                    self.attempted += 1;
                }
                Action::Probe { probe, .. } => self.probes.push(probe),
                Action::Respond { call, .. } => {
                    assert!(self.tickets.remove(&call.0).is_some(), "{call:?} again");
                }
                Action::ReportFailure { .. } => {}
            }
        }
    }

    /// Calls that the broker counts as pending at any destination.
    fn pending(&self) -> u32 {
        let peers = self.bench.broker.peers();
        let destinations = self.bench.endpoints.iter();
        destinations.map(|(name, _)| peers.get(name).pending).sum()
    }

    fn check(&self) {
        let broker = &self.bench.broker;
        // Every call in progress is somewhere, unless it waits for answers first.
        let pending = self.pending();
        assert!(pending <= broker.calls_in_progress());
        assert!(self.asks || pending == broker.calls_in_progress());
        let (sent, done) = spy::counts();
        assert!(sent - done <= u64::from(pending));
        let inside = broker.calls_in_progress() as usize + broker.calls_queued();
        assert_eq!(inside, self.tickets.len());
        if let Some(limit) = self.limits.calls_in_progress {
            assert!(broker.calls_in_progress() <= limit);
            assert!(broker.calls_queued() == 0 || broker.calls_in_progress() == limit);
        }
        for (destination, _) in self.bench.endpoints.iter() {
            let sent = self.attempts.iter().filter(|sent| sent.2 == destination);
            let (pending, waiting) = broker.pending(destination);
            assert!(pending + waiting <= broker.peers().get(destination).pending);
            assert_eq!(sent.count(), pending as usize);
            if let Some(limit) = self.limits.pending_per_destination {
                assert!(pending <= limit && (waiting == 0 || pending == limit));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_call_gets_exactly_one_response_and_limits_hold(
        steps in steps(),
        calls in prop::option::of(1u32..4),
        pending in prop::option::of(1u32..3),
        forwarding in 0u64..3,
        original in any::<bool>(),
    ) {
        for (name, kind) in kinds() {
            let asks = match &kind {
                BrokerKind::Dispatcher { estimator } => {
                    (estimator.kind.build)(&estimator.arguments).asks().is_some()
                }
                BrokerKind::Router { .. } => false,
            };
            spy::forget();
            let mut broker = spec(kind, &["d0", "d1", "d2"]);
            broker.limits = Limits {
                calls_in_progress: calls,
                pending_per_destination: pending,
            };
            broker.forwarding_time.max = SimDuration::from_millis(forwarding);
            if original {
                broker.compatibility = Compatibility::Original;
            }
            let mut world = World {
                bench: Bench::new(&broker),
                limits: broker.limits,
                asks,
                tickets: BTreeMap::new(),
                attempts: Vec::new(),
                probes: Vec::new(),
                over: Vec::new(),
                attempted: 0,
            };
            steps.iter().for_each(|step| world.step(step));
            // When everything in progress ends, nothing is left.
            for _ in 0..10_000 {
                world.step(&Step::Wait(10));
                world.step(&Step::Reply(0, 255));
                world.step(&Step::Answer(0));
                if world.tickets.is_empty() {
                    break;
                }
            }
            prop_assert!(world.tickets.is_empty());
            prop_assert_eq!(world.pending(), 0);
            let (sent, done) = spy::counts();
            prop_assert_eq!(sent, done);
            prop_assert!(!name.starts_with("type=spy") || sent > 0 || world.attempted == 0);
        }
    }
}
