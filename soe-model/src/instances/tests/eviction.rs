//! The order of evictions, on a trace whose result was computed by two other programs.

use super::*;

/// The trace a b c a d b a c d a b c a d c, one call every 10 s, in 700 MB.
fn trace(policy: &str) -> (String, f64) {
    let spec = |megabytes: u64, start: f64| InstancesSpec {
        memory: Bytes(megabytes * 1_000_000),
        ..function(start)
    };
    let functions = [
        spec(100, 1.0),
        spec(200, 0.5),
        spec(300, 4.0),
        spec(400, 0.8),
    ];
    let pool = pool(policy, &[], Overflow::Queue);
    let mut driver = Driver::new(machine(&pool, 700_000_000, &functions));
    let mut text = Vec::new();
    let mut cost = 0.0;
    let mut alive = Vec::new();
    for (number, name) in "abcadbacdabcadc".chars().enumerate() {
        let function = name as u32 - 'a' as u32;
        driver.run(at(
            10.0 * number as f64 - 1.0 * f64::from(u8::from(number > 0))
        ));
        let call = driver.call(
            at(10.0 * number as f64),
            function,
            SimDuration::from_millis(1),
        );
        let gone = alive
            .iter()
            .filter(|&&it: &&char| driver.machine.alive(it as u32 - 'a' as u32) == (0, 0, 0));
        let gone: String = gone.collect();
        driver.run(at(10.0 * number as f64 + 9.0));
        let warm = driver.warmth(call.unwrap()) == Warmth::Warm;
        alive = ('a'..='d')
            .filter(|&it| driver.machine.alive(it as u32 - 'a' as u32) != (0, 0, 0))
            .collect();
        if !warm {
            cost += [1.0, 0.5, 4.0, 0.8][function as usize];
        }
        text.push(match (warm, gone.is_empty()) {
            (true, _) => format!("{name}h"),
            (false, true) => name.to_string(),
            (false, false) => format!("{name}[-{gone}]"),
        });
    }
    (text.join(" "), cost)
}

/// The names in brackets in alphabetical order: which of several went first at the same
/// time makes no difference.
fn sorted(text: &str) -> String {
    let word = |word: &str| match word.split_once("[-") {
        Some((name, gone)) => {
            let mut gone: Vec<_> = gone.trim_end_matches(']').chars().collect();
            gone.sort_unstable();
            format!("{name}[-{}]", gone.into_iter().collect::<String>())
        }
        None => word.to_owned(),
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_policy_evicts_in_its_own_order() {
    let lru = "a b c ah d[-bc] b ah c[-d] d[-ba] a[-c] b c[-d] ah d[-bc] c[-a]";
    let lfu = "a b c ah d[-bc] b ah c[-d] d[-bc] ah b c[-d] ah d[-bc] c[-d]";
    let size = "a b c ah d[-c] bh ah c[-d] d[-c] ah bh c[-d] ah d[-c] c[-d]";
    let freq = "a b c ah d[-ba] b[-d] a ch d[-ba] a[-d] b ch ah d[-ba] ch";
    for (policy, expected, cost) in [
        ("lru", lru, 21.9),
        ("infinite", lru, 21.9),
        ("fixed", lru, 21.9),
        ("lfu", lfu, 20.9),
        ("size", size, 19.9),
        ("greedy-dual", lfu, 20.9),
        ("freq", freq, 10.9),
        ("landlord", freq, 10.9),
    ] {
        let (found, total) = trace(policy);
        assert_eq!(found, sorted(expected), "{policy}");
        assert!((total - cost).abs() < 1e-9, "{policy}: {total}");
    }
}

#[test]
fn nothing_is_evicted_if_that_does_not_help() {
    let spec = |megabytes: u64| InstancesSpec {
        memory: Bytes(megabytes * 1_000_000),
        ..function(0.0)
    };
    let pool = pool("lru", &[], Overflow::Reject);
    let functions = [spec(400), spec(300), spec(600)];
    let mut driver = Driver::new(machine(&pool, 1_000_000_000, &functions));
    driver.call(at(0.0), 0, SimDuration::from_secs(1));
    driver.call(at(0.0), 1, SimDuration::from_secs(100));
    // 400 idle, 300 busy and 300 free are not enough together for 800.
    assert_eq!(driver.call(at(10.0), 2, SimDuration::from_secs(1)), Some(2));
    assert_eq!(driver.machine.alive(0), (0, 0, 0));
    driver.call(at(20.0), 0, SimDuration::from_secs(1));
    assert_eq!(driver.machine.alive(2), (0, 0, 0));
    driver.call(at(30.0), 1, SimDuration::from_secs(100));
    // Now 600 are busy: 600 more do not fit, and the idle one stays.
    assert_eq!(driver.call(at(40.0), 2, SimDuration::from_secs(1)), None);
    assert_eq!(driver.machine.alive(0), (0, 0, 1));
    assert_eq!(driver.machine.memory_held(), Bytes(1_000_000_000));
}

#[test]
fn those_that_are_always_there_are_neither_evicted_nor_expire() {
    let always = InstancesSpec {
        memory: Bytes(400),
        min: 2,
        ..function(0.0)
    };
    let other = InstancesSpec {
        memory: Bytes(300),
        ..function(0.0)
    };
    let mut driver = Driver::new(machine(&ttl(1.0, Overflow::Reject), 1000, &[always, other]));
    assert_eq!(driver.machine.alive(0), (0, 0, 2));
    driver.run(at(100.0));
    assert_eq!(driver.machine.alive(0), (0, 0, 2));
    assert_eq!(driver.call(at(100.0), 1, SimDuration::from_secs(1)), None);
    let call = driver.call(at(100.0), 0, SimDuration::from_secs(1));
    assert_eq!(driver.warmth(call.unwrap()), Warmth::Warm);
    driver.run(at(200.0));
    assert_eq!(driver.machine.alive(0), (0, 0, 2));
}
