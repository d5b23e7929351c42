//! A single-server queue on the public interface, against theory and against itself.

use std::collections::VecDeque;

use sim_core::monitor::{QuantileSketch, Tally, TimeWeighted};
use sim_core::{
    Context, EventKey, Model, SimDuration, SimTime, Simulation, StopReason, Stream, Streams,
};

#[derive(Clone, Debug)]
enum Event {
    Arrival(usize),
    Departure,
    Timeout,
}

/// Sources that share one server; it serves in the order of arrival.
#[derive(Clone, Debug)]
struct Station {
    sources: Vec<Stream>,
    services: Stream,
    mean_gap: f64,
    present: VecDeque<SimTime>,
    arrivals_of_first: Vec<SimTime>,
    stay: Tally,
    stays: QuantileSketch,
    number: TimeWeighted,
    timeout: Option<EventKey>,
    timeouts: u32,
    stop_after: Option<u64>,
}

impl Station {
    /// Every source sends 0.8 / `shares` customers per second.
    fn new(seed: u64, replication: u64, sources: usize, shares: usize) -> Simulation<Self> {
        let streams = Streams::new(seed, replication);
        let stream = |source| streams.stream(&format!("source-{source}"), "arrivals");
        let mut simulation = Simulation::new(Self {
            sources: (0..sources).map(stream).collect(),
            services: streams.stream("server", "service times"),
            mean_gap: shares as f64 / 0.8,
            present: VecDeque::new(),
            arrivals_of_first: Vec::new(),
            stay: Tally::new(),
            stays: QuantileSketch::new(),
            number: TimeWeighted::new(SimTime::ZERO, 0.0),
            timeout: None,
            timeouts: 0,
            stop_after: None,
        });
        for source in 0..sources {
            simulation.schedule_at(SimTime::ZERO, Event::Arrival(source));
        }
        simulation
    }

    fn serve(&mut self, cx: &mut Context<'_, Event>) {
        let service = SimDuration::from_secs_f64(self.services.exponential(1.0));
        cx.schedule_in(service, Event::Departure);
    }
}

impl Model for Station {
    type Event = Event;

    fn handle(&mut self, event: Event, cx: &mut Context<'_, Event>) {
        match event {
            Event::Arrival(source) => {
                let gap = self.sources[source].exponential(self.mean_gap);
                cx.schedule_in(SimDuration::from_secs_f64(gap), Event::Arrival(source));
                if source == 0 {
                    self.arrivals_of_first.push(cx.now());
                }
                self.present.push_back(cx.now());
                self.number.add(cx.now(), 1.0);
                if self.present.len() == 1 {
                    self.serve(cx);
                }
                // Nobody comes for 5 s: the timeout is set anew by each arrival.
                if let Some(timeout) = self.timeout.take() {
                    cx.cancel(timeout);
                }
                self.timeout = Some(cx.schedule_in(SimDuration::from_secs(5), Event::Timeout));
            }
            Event::Departure => {
                self.number.add(cx.now(), -1.0);
                if let Some(came) = self.present.pop_front() {
                    self.stay.record(cx.now().since(came).as_secs_f64());
                    self.stays.record(cx.now().since(came));
                }
                if !self.present.is_empty() {
                    self.serve(cx);
                }
                if self
                    .stop_after
                    .is_some_and(|count| self.stay.count() >= count)
                {
                    cx.stop();
                }
            }
            Event::Timeout => {
                self.timeout = None;
                self.timeouts += 1;
            }
        }
    }
}

fn at(secs: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(secs)
}

#[test]
fn the_stay_and_the_number_present_are_those_of_theory() {
    let (mut stay, mut number, mut median, mut timeouts) =
        (Tally::new(), Tally::new(), Tally::new(), Tally::new());
    for replication in 0..20 {
        let mut simulation = Station::new(1, replication, 1, 1);
        simulation.run_until(at(2_000));
        let model = simulation.model_mut();
        model.stay.reset();
        model.stays.reset();
        model.number.reset(at(2_000));
        model.timeouts = 0;
        simulation.run_until(at(52_000));
        let model = simulation.model();
        stay.record(model.stay.mean().unwrap());
        number.record(model.number.average(simulation.now()).unwrap());
        median.record(model.stays.quantile(0.5).unwrap().as_secs_f64());
        timeouts.record(f64::from(model.timeouts));
    }
    // M/M/1: the stay is exponential with mean 5 s, 4 are present on average, and a
    // gap is longer than 5 s with probability e^-4. Interval: 99.9 % of Student's t with
    // 19 degrees of freedom.
    for (what, tally, theory) in [
        ("stay", stay, 5.0),
        ("number", number, 4.0),
        ("median", median, 5.0 * 2_f64.ln()),
        ("timeouts", timeouts, 40_000.0 * (-4_f64).exp()),
    ] {
        let mean = tally.mean().unwrap();
        let half = 3.883 * tally.standard_deviation().unwrap() / 20_f64.sqrt();
        assert!(
            (mean - theory).abs() < half,
            "{what}: {mean} +- {half}, theory {theory}"
        );
        assert!(half < 0.2 * theory, "{what}: {mean} +- {half} says nothing");
    }
}

#[test]
fn the_same_seed_gives_the_same_events_however_the_run_is_cut() {
    let mut whole = Station::new(7, 3, 2, 2);
    assert_eq!(whole.run_until(at(5_000)), StopReason::TimeReached);

    let mut parts = Station::new(7, 3, 2, 2);
    assert_eq!(parts.run_events(1_000), StopReason::CountReached);
    for _ in 0..100 {
        assert_eq!(parts.step(), StopReason::CountReached);
    }
    assert_eq!(parts.executed(), 1_100);
    parts.model_mut().stop_after = Some(2_000);
    assert_eq!(parts.run_until(at(5_000)), StopReason::Stopped);
    assert_eq!(parts.model().stay.count(), 2_000);
    parts.model_mut().stop_after = None;
    let mut copy = parts.clone();
    for second in 0..=5_000 {
        parts.run_until(at(second));
    }
    copy.run_until(at(5_000));

    for other in [&parts, &copy] {
        assert_eq!(whole.fingerprint(), other.fingerprint());
        assert_eq!(whole.executed(), other.executed());
        assert_eq!(whole.model().stay, other.model().stay);
        assert_eq!(whole.now(), other.now());
    }
}

#[test]
fn another_seed_or_replication_gives_other_events() {
    let fingerprint = |seed, replication| {
        let mut simulation = Station::new(seed, replication, 1, 1);
        simulation.run_events(1_000);
        simulation.fingerprint()
    };
    assert_eq!(fingerprint(1, 0), fingerprint(1, 0));
    assert_ne!(fingerprint(1, 0), fingerprint(2, 0));
    assert_ne!(fingerprint(1, 0), fingerprint(1, 1));
}

/// Guards the derivation of streams, the conversions of draws and the order of events:
/// a change of this number means that old results cannot be repeated.
#[test]
fn the_fingerprint_of_a_known_run_is_the_same_on_every_platform() {
    let mut simulation = Station::new(42, 0, 3, 3);
    simulation.run_events(100_000);
    assert_eq!(simulation.fingerprint(), 17917816285085683706);
}

#[test]
fn adding_a_source_changes_the_arrivals_of_no_other() {
    let arrivals = |sources| {
        let mut simulation = Station::new(5, 0, sources, 10);
        simulation.run_until(at(10_000));
        simulation.into_model().arrivals_of_first
    };
    assert!(arrivals(1).len() > 500);
    assert_eq!(arrivals(1), arrivals(4));
}

#[test]
fn a_run_until_some_time_includes_that_time_and_leaves_the_clock_there() {
    struct Record(Vec<(SimTime, u32)>);
    impl Model for Record {
        type Event = u32;
        fn handle(&mut self, event: u32, cx: &mut Context<'_, u32>) {
            self.0.push((cx.now(), event));
            if event == 1 {
                // In the past is now, after what is there already.
                cx.schedule_at(SimTime::ZERO, 3);
                cx.schedule_in(SimDuration::ZERO, 4);
            }
        }
    }
    let mut simulation = Simulation::new(Record(Vec::new()));
    simulation.schedule_at(at(5), 1);
    simulation.schedule_at(at(5), 2);
    let late = simulation.schedule_at(at(9), 9);
    assert_eq!(simulation.run_until(at(4)), StopReason::TimeReached);
    assert_eq!(
        (simulation.now(), simulation.next_time()),
        (at(4), Some(at(5)))
    );
    assert_eq!(simulation.run_until(at(5)), StopReason::TimeReached);
    assert_eq!(simulation.pending(), 1);
    assert_eq!(simulation.cancel(late), Some(9));
    assert_eq!(simulation.run_until(at(7)), StopReason::Empty);
    assert_eq!(simulation.now(), at(7));
    assert_eq!(simulation.run_to_end(), StopReason::Empty);
    assert_eq!(
        simulation.into_model().0,
        [(at(5), 1), (at(5), 2), (at(5), 3), (at(5), 4)]
    );
}
