//! Intervals and comparisons are right as often as they claim: 1 000 experiments on queues whose answer is known.

#![allow(clippy::unwrap_used)]

use analysis::{
    BatchMeans, Difference, Interval, QuantileRule, Ranking, Sorted, WarmUp, cdf_interval,
    order_statistic_interval, proportion_interval, quantile_interval,
};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const EXPERIMENTS: u64 = 1000;
const REPLICATIONS: u64 = 10;

/// Draws of an experiment's replication.
struct Draws(Xoshiro256PlusPlus);

impl Draws {
    fn new(seed: u64, replication: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ replication,
        ))
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.0.random::<f64>()).ln()
    }

    /// Close to the standard normal distribution: twelve uniform numbers.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.0.random::<f64>()).sum::<f64>() - 6.0
    }
}

/// Times in an M/M/1 system with service rate 1, by Lindley's recursion, from an empty system.
fn mm1(draws: &mut Draws, load: f64, customers: usize) -> Vec<f64> {
    let mut waiting = 0.0_f64;
    let mut times = Vec::with_capacity(customers);
    for _ in 0..customers {
        let time = waiting + draws.exponential(1.0);
        times.push(time);
        waiting = (time - draws.exponential(1.0 / load)).max(0.0);
    }
    times
}

/// Times in an M/G/1 system whose server is shared equally, in the order of leaving, from an empty system. Service is
/// hyperexponential with mean 1: nine tenths short, one tenth long.
fn mg1_ps(draws: &mut Draws, load: f64, customers: usize) -> Vec<f64> {
    let mut times = Vec::with_capacity(customers);
    // Arrival, and the service that each of those present will have received when this one leaves.
    let mut present: Vec<(f64, f64)> = Vec::new();
    let (mut now, mut received) = (0.0, 0.0);
    let mut arrival = draws.exponential(1.0 / load);
    while times.len() < customers {
        let first = (0..present.len()).min_by(|&a, &b| present[a].1.total_cmp(&present[b].1));
        let sharing = present.len() as f64;
        let end = first.map(|first| now + (present[first].1 - received) * sharing);
        match (first, end) {
            (Some(first), Some(end)) if end <= arrival => {
                let (since, service) = present.swap_remove(first);
                (now, received) = (end, service);
                times.push(now - since);
            }
            _ => {
                if sharing > 0.0 {
                    received += (arrival - now) / sharing;
                }
                now = arrival;
                let long = draws.0.random::<f64>() < 0.1;
                let service = draws.exponential(if long { 5.5 } else { 0.5 });
                present.push((now, received + service));
                arrival = now + draws.exponential(1.0 / load);
            }
        }
    }
    times
}

fn holds(interval: Option<Interval>, truth: f64) -> bool {
    let interval = interval.unwrap();
    interval.low().unwrap() <= truth && truth <= interval.high().unwrap()
}

fn share(hits: impl Iterator<Item = bool>) -> f64 {
    hits.filter(|hit| *hit).count() as f64 / EXPERIMENTS as f64
}

fn assert_covers(what: &str, coverage: f64) {
    println!("{what}: {coverage}");
    assert!((0.93..=0.97).contains(&coverage), "{what}: {coverage}");
}

#[test]
fn intervals_over_replications_of_m_m_1_cover_mean_quantile_and_proportion() {
    let load = 0.5;
    // The time in the system is exponential with mean 1 / (1 - load).
    let (mean, p95, within_two) = (2.0, 2.0 * 20_f64.ln(), 1.0 - (-1.0_f64).exp());
    let hits: Vec<(bool, bool, bool)> = (1..=EXPERIMENTS)
        .map(|seed| {
            let samples: Vec<Sorted> = (0..REPLICATIONS)
                .map(|replication| {
                    let times = mm1(&mut Draws::new(seed, replication), load, 2200);
                    Sorted::new(times[200..].to_vec())
                })
                .collect();
            let means: Vec<f64> = samples
                .iter()
                .map(|sample| analysis::mean(sample.values()).unwrap())
                .collect();
            let quantile = quantile_interval(&samples, 0.95, QuantileRule::Interpolated);
            (
                holds(Interval::of(&means), mean),
                holds(quantile, p95),
                holds(cdf_interval(&samples, 2.0), within_two),
            )
        })
        .collect();
    assert_covers("mean", share(hits.iter().map(|hit| hit.0)));
    assert_covers("95th percentile", share(hits.iter().map(|hit| hit.1)));
    assert_covers("share within 2", share(hits.iter().map(|hit| hit.2)));
}

#[test]
fn intervals_over_replications_of_m_g_1_ps_cover_the_mean() {
    let load = 0.5;
    // With sharing, the mean depends on the service only through its mean: 1 / (1 - load).
    let coverage = share((1..=EXPERIMENTS).map(|seed| {
        let means: Vec<f64> = (0..REPLICATIONS)
            .map(|replication| {
                let times = mg1_ps(&mut Draws::new(seed, replication), load, 2200);
                analysis::mean(&times[200..]).unwrap()
            })
            .collect();
        holds(Interval::of(&means), 2.0)
    }));
    assert_covers("mean", coverage);
}

#[test]
fn batch_means_of_one_long_run_cover_the_mean() {
    let coverage = share((1..=EXPERIMENTS).map(|seed| {
        let times = mm1(&mut Draws::new(seed, 0), 0.5, 20_000);
        let found = BatchMeans::of(&times[200..]).unwrap();
        holds(Some(found.interval), 2.0)
    }));
    assert_covers("mean", coverage);
}

#[test]
fn a_run_that_is_too_short_for_its_load_is_doubted_far_more_often_than_a_long_one() {
    let doubted = |load, customers| {
        let seeds = 1..=EXPERIMENTS;
        let doubted = seeds.filter(|&seed| {
            let times = mm1(&mut Draws::new(seed, 0), load, customers);
            BatchMeans::of(&times).unwrap().is_doubtful()
        });
        doubted.count() as f64 / EXPERIMENTS as f64
    };
    let (short, long) = (doubted(0.95, 1000), doubted(0.5, 20_000));
    assert!(short >= 0.1 && long <= 0.01, "{short} {long}");
}

#[test]
fn intervals_without_assumptions_cover_a_proportion_and_a_quantile() {
    let proportion = share((1..=EXPERIMENTS).map(|seed| {
        let mut draws = Draws::new(seed, 0);
        let successes = (0..200).filter(|_| draws.0.random::<f64>() < 0.1).count();
        let found = proportion_interval(successes as u64, 200).unwrap();
        found.low <= 0.1 && 0.1 <= found.high
    }));
    assert_covers("proportion", proportion);
    let median = share((1..=EXPERIMENTS).map(|seed| {
        let mut draws = Draws::new(seed, 1);
        let sample: Sorted = (0..200).map(|_| draws.exponential(1.0)).collect();
        let found = order_statistic_interval(&sample, 0.5).unwrap();
        found.low <= 2_f64.ln() && 2_f64.ln() <= found.high
    }));
    assert_covers("median", median);
}

#[test]
fn cutting_the_warm_up_removes_most_of_the_bias_of_a_queue_that_starts_full() {
    // 100 customers are there when the first of these comes: at a load of 0.5 they are gone after about 100 more.
    let (mut before, mut after) = (0.0, 0.0);
    for seed in 1..=200 {
        let mut draws = Draws::new(seed, 0);
        let mut waiting: f64 = (0..100).map(|_| draws.exponential(1.0)).sum();
        let times: Vec<f64> = (0..2000)
            .map(|_| {
                let time = waiting + draws.exponential(1.0);
                waiting = (time - draws.exponential(2.0)).max(0.0);
                time
            })
            .collect();
        let warm_up = WarmUp::of(&times).unwrap();
        assert!(warm_up.settled);
        before += analysis::mean(&times).unwrap() / 200.0;
        after += analysis::mean(&times[warm_up.cut..]).unwrap() / 200.0;
    }
    assert!(
        before > 4.0 && (after - 2.0).abs() < 0.1,
        "{before} {after}"
    );
}

/// How often two alternatives that differ by `shift` are told apart, paired and not, when a deviation of 3 is common to
/// both and their differences have a deviation of 1.
fn detected(shift: f64) -> (f64, f64) {
    let hits: Vec<(bool, bool)> = (1..=EXPERIMENTS)
        .map(|seed| {
            let mut draws = Draws::new(seed, 0);
            let pairs: Vec<(f64, f64)> = (0..10)
                .map(|_| {
                    let common = 3.0 * draws.normal();
                    (common, common + shift + draws.normal())
                })
                .collect();
            let (first, second): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let real = |found: Option<Difference>| found.unwrap().p_value.unwrap() < 0.05;
            let paired = real(Difference::paired(&pairs));
            (paired, real(Difference::independent(&first, &second)))
        })
        .collect();
    let paired = share(hits.iter().map(|hit| hit.0));
    (paired, share(hits.iter().map(|hit| hit.1)))
}

#[test]
fn common_random_numbers_find_a_difference_that_independent_runs_miss() {
    // Power of the paired t test with ten pairs and a shift of one deviation: 0.803 (Cohen, 1988).
    let (paired, independent) = detected(1.0);
    assert!((paired - 0.803).abs() < 0.04, "{paired}");
    assert!(independent < 0.2, "{independent}");
    // Where there is no difference, one in twenty is found.
    let (paired, _) = detected(0.0);
    assert!((paired - 0.05).abs() < 0.02, "{paired}");
}

#[test]
fn several_alternatives_raise_no_more_false_alarms_than_two() {
    let ranked = |seed: u64, shift: f64| {
        let mut draws = Draws::new(seed, 7);
        let common: Vec<f64> = (0..10).map(|_| draws.normal()).collect();
        let mut alternative = |shift: f64| -> Vec<f64> {
            let own = |common: &f64| common + shift + 0.3 * draws.normal();
            common.iter().map(own).collect()
        };
        let alternatives = [0.0, 0.0, 0.0, 0.0, shift].map(&mut alternative);
        Ranking::of(&alternatives, true)
    };
    let alarms = share((1..=EXPERIMENTS).map(|seed| {
        let ranking = ranked(seed, 0.0);
        ranking.pairs.iter().any(|pair| pair.is_real())
    }));
    assert!(alarms <= 0.065, "{alarms}");
    let simultaneous = share((1..=EXPERIMENTS).map(|seed| {
        let mut pairs = ranked(seed, 0.0).pairs.into_iter();
        pairs.all(|pair| holds(Some(pair.difference.interval), 0.0))
    }));
    assert!(simultaneous >= 0.935, "{simultaneous}");
    let found = share((1..=EXPERIMENTS).map(|seed| {
        let ranking = ranked(seed, 1.0);
        ranking.places[4].alternative == 4 && (0..4).all(|other| ranking.differ(4, other))
    }));
    assert!(found >= 0.9, "{found}");
}
