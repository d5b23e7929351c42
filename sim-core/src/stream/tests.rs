use rand::RngExt;

use super::*;
use crate::monitor::Tally;

fn native() -> Stream {
    Streams::new(1, 0).stream("entity", "purpose")
}

fn tally(mut draw: impl FnMut() -> f64) -> Tally {
    let mut tally = Tally::new();
    for _ in 0..50_000 {
        tally.record(draw());
    }
    tally
}

/// Mean and variance within about five standard errors.
fn assert_moments(tally: &Tally, mean: f64, variance: f64, what: &str) {
    let n = tally.count() as f64;
    let (m, v) = (tally.mean().unwrap(), tally.variance().unwrap());
    assert!(
        (m - mean).abs() < 5.0 * (variance / n).sqrt(),
        "{what}: mean {m}"
    );
    // The variance of the variance of the distributions used is at most 8 variance^2.
    assert!(
        (v - variance).abs() < 5.0 * variance * (8.0 / n).sqrt(),
        "{what}: variance {v}"
    );
}

#[test]
fn the_derivation_of_a_stream_is_fixed() {
    let mut stream = Streams::new(42, 7).stream("client-1", "arrivals");
    assert_eq!(
        [(); 2].map(|()| word_of(&mut stream)),
        [8359124055846774546, 8634667415716901328],
        "streams changed: results of earlier versions cannot be repeated"
    );
}

fn word_of(stream: &mut Stream) -> u64 {
    let Ok(word) = stream.try_next_u64();
    word
}

#[test]
fn every_part_of_the_name_matters_and_parts_do_not_run_together() {
    let first = |seed, replication, entity: &str, purpose: &str| {
        word_of(&mut Streams::new(seed, replication).stream(entity, purpose))
    };
    let words = [
        first(1, 0, "ab", "c"),
        first(0, 1, "ab", "c"),
        first(1, 1, "ab", "c"),
        first(1, 0, "a", "bc"),
        first(1, 0, "", "abc"),
        first(1, 0, "abc", ""),
    ];
    for (place, word) in words.iter().enumerate() {
        assert!(!words[..place].contains(word));
    }
}

#[test]
fn draws_have_the_moments_of_their_distribution() {
    for (name, mut stream) in [
        ("native", native()),
        ("original", Stream::original(1, 2, 3)),
    ] {
        let stream = &mut stream;
        assert_moments(&tally(|| stream.uniform()), 0.5, 1.0 / 12.0, name);
        assert_moments(
            &tally(|| stream.uniform_in(-1.0, 3.0)),
            1.0,
            16.0 / 12.0,
            name,
        );
        assert_moments(&tally(|| stream.exponential(2.0)), 2.0, 4.0, name);
        assert_moments(&tally(|| stream.exponential_with_rate(0.5)), 2.0, 4.0, name);
        assert_moments(
            &tally(|| stream.integer(10..=19) as f64),
            14.5,
            99.0 / 12.0,
            name,
        );
        for mean in [0.1, 5.0, 9.9, 10.0, 12.0, 13.7, 100.0, 1e6] {
            let counts = tally(|| stream.poisson(mean) as f64);
            assert_moments(&counts, mean, mean, &format!("{name}, Poisson({mean})"));
        }
    }
}

#[test]
fn poisson_counts_have_the_right_probabilities() {
    for mut stream in [native(), Stream::original(5, 0, 0)] {
        for mean in [3.0_f64, 15.0] {
            let n = 200_000;
            let mut seen = [0_u32; 64];
            for _ in 0..n {
                seen[(stream.poisson(mean) as usize).min(63)] += 1;
            }
            let mut probability = (-mean).exp();
            for (count, &times) in seen.iter().enumerate().take(40) {
                let expected = probability * f64::from(n);
                let slack = 5.0 * expected.sqrt() + 3.0;
                assert!(
                    (f64::from(times) - expected).abs() < slack,
                    "{count} of {mean}: {times}"
                );
                probability *= mean / (count + 1) as f64;
            }
        }
    }
}

#[test]
fn odd_parameters_give_defined_draws() {
    for mut stream in [native(), Stream::original(0, 0, 0)] {
        assert_eq!(stream.poisson(0.0), 0);
        assert_eq!(stream.poisson(-1.0), 0);
        assert_eq!(stream.poisson(f64::NAN), 0);
        assert_eq!(stream.index(0), 0);
        assert_eq!(stream.integer(RangeInclusive::new(5, 4)), 5);
        assert_eq!(stream.integer(u64::MAX..=u64::MAX), u64::MAX);
        stream.integer(0..=u64::MAX);
        assert!(!stream.chance(0.0) && stream.chance(1.0));
    }
}

#[test]
fn the_original_gives_the_draws_of_its_binaries() {
    let integers = |mut stream: Stream| [(); 6].map(|()| stream.integer(100..=500));
    let counts = |mut stream: Stream| [(); 6].map(|()| stream.poisson(5.0));
    let uniforms = |mut stream: Stream| [(); 2].map(|()| stream.uniform());
    let exponentials = |mut stream: Stream| [(); 2].map(|()| stream.exponential(1.0));

    let stream = Stream::original(0, 0, 0);
    assert_eq!(
        exponentials(stream.clone()),
        [1.6744607029882281, 0.8704861681594178]
    );
    assert_eq!(
        uniforms(stream.clone()),
        [0.8125907785331966, 0.5812520821523817]
    );
    assert_eq!(integers(stream.clone()), [433, 425, 331, 333, 192, 437]);
    assert_eq!(counts(stream), [11, 7, 4, 5, 5, 6]);

    let stream = Stream::original(0, 0, 1);
    assert_eq!(
        exponentials(stream.clone()),
        [0.719484080569626, 3.9111415904845552]
    );
    assert_eq!(
        uniforms(stream.clone()),
        [0.5129965543021386, 0.9799823639299221]
    );
    assert_eq!(integers(stream.clone()), [376, 305, 395, 492, 332, 468]);
    assert_eq!(counts(stream), [11, 3, 7, 6, 1, 3]);

    // Numbers count modulo 2^32.
    let stream = Stream::original(42 + (1 << 32), 3, 2);
    assert_eq!(
        exponentials(stream.clone()),
        [0.13126205984847897, 0.17480774011324404]
    );
    assert_eq!(
        uniforms(stream.clone()),
        [0.12301207904700244, 0.16038156980326115]
    );
    assert_eq!(integers(stream.clone()), [308, 149, 174, 164, 294, 300]);
    assert_eq!(counts(stream), [4, 7, 2, 7, 4, 7]);
}

/// `clienttracegen` with its defaults: 5 clients, rate 1/s, 10 s, sizes from 100 to 500.
#[test]
fn the_traces_of_the_original_are_reproduced() {
    let trace = |seed| {
        let mut stream = Stream::original_from_seed(seed);
        let mut events = Vec::new();
        for _client in 0..5 {
            let mut time = stream.exponential_with_rate(1.0);
            while time < 10.0 {
                events.push((time, stream.integer(100..=500)));
                time += stream.exponential_with_rate(1.0);
            }
        }
        events.sort_by(|one, other| one.0.total_cmp(&other.0));
        events
    };
    let digits = |(time, size): (f64, u64)| (format!("{time:.5e}"), size);
    let first = |seed| trace(seed).into_iter().next().map(digits);
    assert_eq!(trace(0).len(), 62);
    assert_eq!(
        [0, 1, 2].map(|place| digits(trace(0)[place])),
        [
            ("4.60887e-2", 401),
            ("3.86835e-1", 101),
            ("4.66352e-1", 194)
        ]
        .map(|(time, size)| (time.to_owned(), size))
    );
    assert_eq!(trace(1).len(), 58);
    assert_eq!(first(1), Some(("8.06707e-2".to_owned(), 205)));
}

#[test]
fn both_generators_serve_the_rand_family() {
    for mut stream in [native(), Stream::original(0, 0, 0)] {
        let die: u8 = stream.random_range(1..=6);
        assert!((1..=6).contains(&die));
        let mut bytes = [0; 7];
        stream.fill(&mut bytes);
        assert_ne!(bytes, [0; 7]);
    }
}
