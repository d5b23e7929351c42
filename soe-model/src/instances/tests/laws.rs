//! Exact laws: long runs of Poisson calls against the closed forms of [`theory`].

use super::*;

fn relative(found: f64, expected: f64, tolerance: f64, what: &str) {
    let error = found / expected - 1.0;
    assert!(
        error.abs() <= tolerance,
        "{what}: {found} instead of {expected}"
    );
}

/// Runs for `horizon` seconds; `cold` is the mean service of calls that cause a start.
fn run(
    spec: &InstancesSpec,
    pool: &PoolSpec,
    (rate, warm, cold): (f64, f64, f64),
    horizon: f64,
    seed: u64,
) -> Tally {
    let mut driver = Driver::new(machine(pool, u64::MAX, std::slice::from_ref(spec)));
    driver.cold_service = (cold != warm).then(Vec::new);
    let mut traffic = Traffic::new(seed);
    loop {
        let now = traffic.next(rate);
        if now > at(horizon) {
            break;
        }
        let service = traffic.service(warm);
        if let Some(services) = &mut driver.cold_service {
            let cold = service.as_secs_f64() * cold / warm;
            services.push(SimDuration::from_secs_f64(cold));
        }
        driver.call(now, 0, service);
    }
    driver.run(at(horizon));
    driver.tally()
}

fn instances(tally: &Tally, horizon: f64) -> f64 {
    (tally.starting + tally.busy + tally.idle) as f64 / 1e9 / horizon
}

fn cold(tally: &Tally) -> f64 {
    tally.cold_caused as f64 / tally.served() as f64
}

#[test]
fn the_most_recently_used_choice_follows_its_exact_law() {
    for (rate, service, window, calls) in [
        (1.0, 1.0, 2.0, 400_000.0),
        (2.0, 1.0, 1.0, 400_000.0),
        (1.0, 1.0, 10.0, 400_000.0),
        (5.0, 1.0, 5.0, 400_000.0),
        (0.01, 2.0, 100.0, 200_000.0),
    ] {
        let exact = theory::most_recently_used(rate, service, window);
        let horizon = calls / rate;
        let traffic = (rate, service, service);
        let tally = run(
            &function(0.0),
            &ttl(window, Overflow::Queue),
            traffic,
            horizon,
            7,
        );
        relative(cold(&tally), exact.cold, 0.02, "P(cold)");
        relative(
            instances(&tally, horizon),
            exact.instances,
            0.01,
            "instances",
        );
        relative(
            tally.busy as f64 / 1e9 / horizon,
            rate * service,
            0.01,
            "busy",
        );
    }
}

/// SimFaaS's own example: 10 replications of 10^6 s.
#[test]
fn the_scenario_of_simfaas_has_its_exact_values() {
    let exact = theory::most_recently_used(0.9, 1.991, 600.0);
    let (mut sum, mut alive, mut lives, mut removed) = (Tally::default(), 0.0, 0.0, 0);
    for seed in 0..10 {
        let traffic = (0.9, 1.991, 2.244);
        let tally = run(
            &function(0.0),
            &ttl(600.0, Overflow::Reject),
            traffic,
            1e6,
            seed,
        );
        sum.warm += tally.warm;
        sum.cold_caused += tally.cold_caused;
        alive += instances(&tally, 1e6) / 10.0;
        lives += tally.lives as f64 / 1e9;
        removed += tally.expired;
        assert_eq!(tally.rejected, 0);
    }
    relative(cold(&sum), exact.cold, 0.03, "P(cold)");
    relative(alive, exact.instances, 0.005, "instances");
    relative(lives / removed as f64, exact.life(0.9), 0.03, "life");
}

/// Simulated values of another program, 100 000 calls each; the order of the choices, and
/// the values within its noise.
#[test]
fn other_choices_keep_more_instances_and_cause_fewer_starts() {
    for (rate, service, window, table) in [
        (
            1.0,
            1.0,
            2.0,
            [
                (0.313, 2.124),
                (0.314, 2.124),
                (0.305, 2.153),
                (0.285, 2.227),
            ],
        ),
        (
            2.0,
            1.0,
            1.0,
            [
                (0.335, 3.160),
                (0.335, 3.159),
                (0.327, 3.194),
                (0.305, 3.266),
            ],
        ),
        (
            1.0,
            1.0,
            10.0,
            [
                (0.0739, 3.306),
                (0.0738, 3.306),
                (0.0367, 3.774),
                (0.0105, 4.739),
            ],
        ),
    ] {
        let choices = [
            WarmChoice::Newest,
            WarmChoice::Oldest,
            WarmChoice::Random,
            WarmChoice::Lru,
        ];
        for (choice, (expected, alive)) in choices.into_iter().zip(table) {
            let spec = InstancesSpec {
                warm_choice: choice,
                ..function(0.0)
            };
            let horizon = 200_000.0 / rate;
            let traffic = (rate, service, service);
            let tally = run(&spec, &ttl(window, Overflow::Queue), traffic, horizon, 7);
            let what = format!("{choice:?} {rate} {window}");
            relative(cold(&tally), expected, 0.04, &what);
            relative(instances(&tally, horizon), alive, 0.01, &what);
        }
    }
}

#[test]
fn a_limit_with_rejection_is_erlang_b_whatever_the_window_and_the_choice() {
    for (max, rate, service, window, choice) in [
        (3, 2.0, 1.0, 0.0, WarmChoice::Mru),
        (3, 2.0, 1.0, 5.0, WarmChoice::Lru),
        (10, 8.0, 1.0, 0.5, WarmChoice::Random),
        (1, 1.0, 1.0, 3.0, WarmChoice::Newest),
    ] {
        let spec = InstancesSpec {
            max,
            warm_choice: choice,
            ..function(0.0)
        };
        let traffic = (rate, service, service);
        let tally = run(
            &spec,
            &ttl(window, Overflow::Reject),
            traffic,
            2e5 / rate,
            3,
        );
        let rejected = tally.rejected as f64 / (tally.rejected + tally.served()) as f64;
        relative(
            rejected,
            theory::erlang_b(max, rate * service),
            0.02,
            "P(rejected)",
        );
        if window == 0.0 {
            assert_eq!(tally.warm, 0);
        }
    }
}

#[test]
fn a_single_instance_with_rejection_is_exact_for_any_service() {
    for (rate, warm, slow, window) in [(0.5, 1.0, 3.0, 2.0), (0.1, 1.0, 2.0, 10.0)] {
        let (expired, rejected) = theory::single_instance_loss(rate, warm, slow, window);
        let spec = InstancesSpec {
            max: 1,
            ..function(0.0)
        };
        let traffic = (rate, warm, slow);
        let tally = run(
            &spec,
            &ttl(window, Overflow::Reject),
            traffic,
            4e5 / rate,
            3,
        );
        relative(cold(&tally), expired, 0.01, "P(cold)");
        let all = (tally.rejected + tally.served()) as f64;
        relative(tally.rejected as f64 / all, rejected, 0.01, "P(rejected)");
    }
}

#[test]
fn a_single_instance_with_a_queue_delays_calls_as_in_theory() {
    for (rate, service, start, window) in [
        (0.5, 1.0, 2.0, 1.0),
        (0.5, 1.0, 2.0, 4.0),
        (0.8, 1.0, 5.0, 2.0),
    ] {
        let exact = theory::single_instance_queue(rate, service, start, window);
        let spec = InstancesSpec {
            max: 1,
            scaling: Scaling::Join,
            ..function(start)
        };
        let pool = ttl(window, Overflow::Queue);
        let mut driver = Driver::new(machine(&pool, u64::MAX, &[spec]));
        let mut traffic = Traffic::new(5);
        let mut responses = 0.0;
        let calls = 600_000;
        let mut arrivals = Vec::new();
        for _ in 0..calls {
            let now = traffic.next(rate);
            let service = traffic.service(service);
            arrivals.push((now, service));
            driver.call(now, 0, service);
        }
        driver.run(SimTime::MAX);
        for (&(arrived, service), fate) in arrivals.iter().zip(&driver.fates) {
            responses += (fate.unwrap().begun + service).since(arrived).as_secs_f64();
        }
        let tally = driver.tally();
        let share = |count: u64| count as f64 / f64::from(calls);
        relative(share(tally.cold_caused), exact.cause, 0.02, "cause");
        relative(share(tally.cold()), exact.direct, 0.02, "direct");
        relative(
            share(tally.delayed_by_cold()),
            exact.delayed,
            0.02,
            "delayed",
        );
        relative(
            responses / f64::from(calls),
            exact.response,
            0.02,
            "response",
        );
        assert_eq!(tally.created, tally.cold_caused);
    }
}

/// Little's law between creation and removal holds exactly once all instances have gone.
#[test]
fn the_time_of_instances_is_the_sum_of_their_lives() {
    for policy in ["fixed", "none"] {
        let mut driver = Driver::new(machine(
            &pool(policy, &[], Overflow::Queue),
            u64::MAX,
            &[function(0.7)],
        ));
        let mut traffic = Traffic::new(9);
        for _ in 0..20_000 {
            let now = traffic.next(0.5);
            let service = traffic.service(2.0);
            driver.call(now, 0, service);
        }
        let end = driver.now + SimDuration::from_secs(10_000);
        driver.run(end);
        let tally = driver.tally();
        assert_eq!(tally.starting + tally.busy + tally.idle, tally.lives);
        assert_eq!(tally.created, tally.expired);
        assert_eq!(tally.created, tally.cold_caused);
        assert_eq!(tally.served(), 20_000);
        assert_eq!(tally.starting, 700_000_000 * u128::from(tally.created));
    }
}

/// 20 measurements of AWS Lambda, published with SimFaaS: the rate of calls, the mean times
/// of warm and cold ones, P(cold) and the mean number of instances. `None` where
/// `SOE_DATA` does not name a folder that has them.
fn measurements() -> Option<Vec<[f64; 5]>> {
    let folder = std::env::var_os("SOE_DATA")?;
    let file = std::path::Path::new(&folder).join("data/aws-lambda-coldstarts.csv");
    let text = std::fs::read_to_string(file).ok()?;
    let row = |line: &str| {
        let values: Vec<f64> = line
            .split(',')
            .skip(1)
            .map(|it| it.parse().unwrap())
            .collect();
        [
            values[0],
            values[1] / 1e3,
            values[2] / 1e3,
            values[6],
            values[4],
        ]
    };
    Some(text.lines().skip(1).map(row).collect())
}

#[test]
fn measurements_of_aws_lambda_are_predicted_by_formula_and_simulation() {
    let Some(rows) = measurements() else {
        eprintln!("skipped: SOE_DATA has no data/aws-lambda-coldstarts.csv");
        return;
    };
    assert_eq!(rows.len(), 20);
    let count = rows.len() as f64;
    let service = rows.iter().map(|row| row[1]).sum::<f64>() / count;
    let (mut formula, mut simulated) = ([0.0; 2], [0.0; 2]);
    for [rate, _, _, measured, alive] in rows {
        let exact = theory::most_recently_used(rate, service, 600.0);
        let off = |found: f64, expected: f64| (found / expected - 1.0).abs() * 100.0 / count;
        formula[0] += off(exact.cold, measured);
        formula[1] += off(exact.instances, alive);
        // About as many starts at each rate.
        let horizon = 1000.0 / (rate * exact.cold);
        let results = (0..5).map(|seed| {
            let pool = ttl(600.0, Overflow::Queue);
            let tally = run(
                &function(0.0),
                &pool,
                (rate, service, service),
                horizon,
                seed,
            );
            [cold(&tally), instances(&tally, horizon)]
        });
        let results: Vec<_> = results.collect();
        for (metric, (expected, measured)) in [(exact.cold, measured), (exact.instances, alive)]
            .into_iter()
            .enumerate()
        {
            let values: Vec<_> = results.iter().map(|result| result[metric]).collect();
            let mean = values.iter().sum::<f64>() / 5.0;
            let squares = values.iter().map(|value| (value - mean) * (value - mean));
            let deviation = (squares.sum::<f64>() / 4.0).sqrt();
            // Student's t of 99.9 % with 4 degrees of freedom.
            let half = 8.610 * deviation / 5f64.sqrt();
            assert!(
                (mean - expected).abs() <= half,
                "{rate}: {mean} {expected} {half}"
            );
            simulated[metric] += off(mean, measured);
        }
    }
    assert!((formula[0] - 12.88).abs() < 0.005, "{formula:?}");
    assert!((formula[1] - 3.28).abs() < 0.005, "{formula:?}");
    assert!(simulated[0] <= 13.5 && simulated[1] <= 3.6, "{simulated:?}");
}
