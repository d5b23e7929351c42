//! Calls that must meet others.

use soe_model::workflow::Meeting;

use super::*;

const UUID: &str = "24f79f9d-3e30-4a37-8b43-bd5f5c1a6d12";

impl Bench {
    fn arrive_to_meet(&mut self, uuid: &str) {
        self.calls += 1;
        let (call, header) = (CallId(self.calls), self.header());
        let meeting = Meeting::new(uuid, 3);
        self.broker
            .arrive_to_meet(self.now, call, &header, meeting, &self.endpoints);
    }
}

#[test]
fn brokers_agree_on_the_place_whatever_they_prefer() {
    let names = ["a", "b", "c", "d", "e"];
    let mut other = names;
    other.reverse();
    let benches = [
        Bench::new(&spec(router("type=random", "type=none"), &names)),
        Bench::new(&spec(
            router("type=round-robin", "type=async,alpha=0"),
            &other,
        )),
        Bench::new(&spec(dispatcher("type=rtt"), &names)),
        Bench::new(&spec(dispatcher("type=probe"), &other)),
    ];
    let place = |mut bench: Bench, uuid: &str| {
        bench.arrive_to_meet(uuid);
        let (attempt, destination) = bench.forward();
        bench.answer(attempt);
        assert!(matches!(bench.response(), (_, Outcome::Answered { .. })));
        (destination, bench)
    };
    let mut benches = Vec::from(benches);
    let mut seen = std::collections::BTreeSet::new();
    for request in 0..20 {
        let uuid = format!("{UUID}{request}");
        let mut places = Vec::new();
        let mut next = Vec::new();
        for bench in benches {
            let (place, bench) = place(bench, &uuid);
            places.push(place);
            next.push(bench);
        }
        benches = next;
        assert!(places.iter().all(|place| *place == places[0]), "{places:?}");
        seen.insert(places[0].clone());
    }
    assert!(seen.len() >= 4, "{seen:?}");
}

#[test]
fn when_the_place_is_gone_the_next_one_is_taken() {
    let mut bench = Bench::new(&spec(router("type=random", "type=none"), &["a", "b", "c"]));
    bench.arrive_to_meet(UUID);
    let (attempt, first) = bench.forward();
    bench.fail(attempt, Failure::Transport);
    assert!(matches!(
        bench.broker.poll(),
        Some(Action::ReportFailure { .. })
    ));
    let (attempt, second) = bench.forward();
    assert_ne!(first, second);
    bench.answer(attempt);
    bench.response();
    // Later branches of the same request follow.
    bench.arrive_to_meet(UUID);
    assert_eq!(bench.forward().1, second);
}
