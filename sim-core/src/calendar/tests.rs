use proptest::prelude::*;

use super::*;

/// The obvious calendar: a list that is searched for its least (time, sequence).
#[derive(Default)]
struct Naive {
    events: Vec<(u64, u64, u32)>,
    now: u64,
    scheduled: u64,
}

impl Naive {
    fn schedule(&mut self, time: u64, event: u32) -> u64 {
        self.scheduled += 1;
        self.events
            .push((time.max(self.now), self.scheduled, event));
        self.scheduled
    }

    fn cancel(&mut self, sequence: u64) -> Option<u32> {
        let place = self.events.iter().position(|event| event.1 == sequence)?;
        Some(self.events.remove(place).2)
    }

    fn first(&self) -> Option<(u64, u64, u32)> {
        self.events.iter().min().copied()
    }

    fn pop(&mut self) -> Option<(u64, u64, u32)> {
        let first = self.first()?;
        self.events.retain(|event| *event != first);
        self.now = first.0;
        Some(first)
    }

    fn pop_until(&mut self, limit: u64) -> Option<(u64, u64, u32)> {
        match self.first() {
            Some(first) if first.0 <= limit => self.pop(),
            _ => {
                self.now = self.now.max(limit);
                None
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Action {
    /// Delay from the clock.
    Schedule(u64),
    /// Several events at one time.
    Burst(u64, usize),
    /// An absolute time, maybe past.
    ScheduleAt(u64),
    /// Any key given out so far, maybe stale.
    Cancel(prop::sample::Index),
    Pop,
    PopMany(usize),
    PopUntil(u64),
    Peek,
}

fn action() -> impl Strategy<Value = Action> {
    // All scales of delay, so that all levels of the wheel and all its seams occur.
    let delay = || (0..64_u32, any::<u64>()).prop_map(|(bits, word)| word >> bits);
    prop_oneof![
        6 => (0..1000_u64).prop_map(Action::Schedule),
        6 => delay().prop_map(Action::Schedule),
        1 => (delay(), 0..200_usize).prop_map(|(delay, count)| Action::Burst(delay, count)),
        1 => delay().prop_map(Action::ScheduleAt),
        5 => any::<prop::sample::Index>().prop_map(Action::Cancel),
        5 => Just(Action::Pop),
        1 => (0..100_usize).prop_map(Action::PopMany),
        2 => delay().prop_map(|delay| Action::PopUntil(delay >> 8)),
        1 => Just(Action::Peek),
    ]
}

fn triple(due: Due<u32>) -> (u64, u64, u32) {
    (due.time.as_nanos(), due.sequence, due.event)
}

fn check(actions: Vec<Action>) {
    let mut calendar = Calendar::new();
    let mut naive = Naive::default();
    let mut keys = Vec::new();
    let mut serial = 0;
    for action in actions {
        let mut schedule = |calendar: &mut Calendar<u32>, naive: &mut Naive, time: u64| {
            serial += 1;
            let key = calendar.schedule(SimTime::from_nanos(time), serial);
            assert_eq!(key.sequence(), naive.schedule(time, serial));
            keys.push(key);
        };
        match action {
            Action::Schedule(delay) => {
                let time = naive.now.saturating_add(delay);
                schedule(&mut calendar, &mut naive, time);
            }
            Action::Burst(delay, count) => {
                let time = naive.now.saturating_add(delay);
                for _ in 0..count {
                    schedule(&mut calendar, &mut naive, time);
                }
            }
            Action::ScheduleAt(time) => schedule(&mut calendar, &mut naive, time),
            Action::Cancel(index) => {
                if !keys.is_empty() {
                    let key = *index.get(&keys);
                    assert_eq!(calendar.cancel(key), naive.cancel(key.sequence()));
                }
            }
            Action::Pop => assert_eq!(calendar.pop().map(triple), naive.pop()),
            Action::PopMany(count) => {
                for _ in 0..count {
                    assert_eq!(calendar.pop().map(triple), naive.pop());
                }
            }
            Action::PopUntil(delay) => {
                let limit = naive.now.saturating_add(delay);
                let due = calendar.pop_until(SimTime::from_nanos(limit));
                assert_eq!(due.map(triple), naive.pop_until(limit));
            }
            Action::Peek => assert_eq!(
                calendar.peek_time().map(SimTime::as_nanos),
                naive.first().map(|first| first.0)
            ),
        }
        assert_eq!(calendar.len(), naive.events.len());
        assert_eq!(calendar.now().as_nanos(), naive.now);
    }
    while let Some(first) = naive.pop() {
        assert_eq!(calendar.pop().map(triple), Some(first));
    }
    assert!(calendar.pop().is_none() && calendar.is_empty());
    assert_eq!(calendar.tombstones, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn order_and_cancellation_are_those_of_the_naive_calendar(
        actions in prop::collection::vec(action(), 0..400)
    ) {
        check(actions);
    }
}

#[test]
fn tombstones_are_swept_before_they_outnumber_the_events() {
    let mut calendar = Calendar::new();
    for round in 0..100_000_u64 {
        let key = calendar.schedule(SimTime::from_nanos(1 << 40 | round), round);
        assert_eq!(calendar.cancel(key), Some(round));
        assert!(calendar.tombstones <= SPARED_TOMBSTONES);
    }
    assert!(calendar.is_empty() && calendar.pop().is_none());
}

#[test]
fn a_key_of_another_calendar_is_harmless() {
    let mut one = Calendar::new();
    one.schedule(SimTime::ZERO, 1);
    let key = one.schedule(SimTime::ZERO, 2);
    assert_eq!(Calendar::<u32>::new().cancel(key), None);
}
