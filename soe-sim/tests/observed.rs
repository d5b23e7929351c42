//! Replications that took place elsewhere report the metrics of a simulated run.

use analysis::Outcome;
use scenarios::format::Scenario;
use sim_core::{SimDuration, SimTime};
use soe_model::units::Bytes;
use soe_sim::{ALL, ComputerUsage, ObservedCall, ObservedEnd, ObservedRun, Recording, Results};

const SCENARIO: &str = r#"
    version = 1
    run = { duration = "10 s", warm-up = "1 s" }
    [function.f]
    operations = "1 Mop"
    [computer.edge]
    speed = "1 Gop/s"
    functions = ["f"]
    [client.user]
    function = "f"
    destination = "edge"
    arrivals = { type = "poisson", rate = 1 }
"#;

fn at(millis: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(millis)
}

fn completed(sent: u64, ended: u64) -> ObservedCall {
    let end = ObservedEnd::Completed {
        computer: 0,
        processing: SimDuration::from_millis(20),
        load1: 5,
        output: Bytes(100),
        hops: 1,
    };
    ObservedCall {
        client: 0,
        sent: at(sent),
        input: Bytes(100),
        ended: Some((at(ended), end)),
    }
}

#[test]
fn observations_become_the_metrics_of_a_run() {
    let deployment = Scenario::parse(SCENARIO, "s").unwrap().resolve().unwrap();
    let refused = ObservedEnd::Refused("no".to_owned());
    let other = |sent, ended| ObservedCall {
        ended,
        ..completed(sent, 0)
    };
    let run = ObservedRun {
        calls: vec![
            completed(4_000, 4_300),
            // Sent before the warm-up ended: leaves no trace but in what is
            // in progress.
            completed(500, 3_000),
            completed(3_000, 3_100),
            other(5_000, Some((at(5_500), refused))),
            other(6_000, Some((at(7_000), ObservedEnd::Lost))),
            other(9_000, None),
        ],
        usage: vec![ComputerUsage {
            computer: "edge".to_owned(),
            processors: vec![("cpu".to_owned(), 0.25)],
        }],
        end: at(10_000),
        ..ObservedRun::default()
    };
    let recording = Recording {
        calls: true,
        parts: false,
        samples: None,
    };
    let results = Results::of_observed(&deployment, recording, vec![run]).unwrap();
    let value = |metric: &str, entity: &str| {
        let metrics = results.replications[0].metrics.iter();
        let mut found = metrics.filter(|m| m.metric.name == metric && m.entity == entity);
        found.next().unwrap().value
    };
    for (metric, expected) in [
        ("calls_sent", 5.0),
        ("calls_completed", 2.0),
        ("calls_lost", 2.0),
        ("calls_in_progress", 1.0),
        ("latency_mean", 200e6),
        ("processing_mean", 20e6),
        ("throughput", 2.0 / 9.0),
        // 2 s, 0.3 s, 0.1 s, 0.5 s, 1 s and 1 s in 9 s.
        ("calls_under_way", 4.9 / 9.0),
    ] {
        let found = value(metric, ALL);
        assert!(
            (found - expected).abs() < 1e-9 * expected,
            "{metric}: {found}"
        );
    }
    assert_eq!(value("share", "edge"), 1.0);
    assert_eq!(value("utilization", "edge/cpu"), 0.25);
    let (calls, names) = &results.first_calls;
    assert_eq!(calls.len(), 6);
    assert_eq!(calls[0].latency_ns, Some(2_500_000_000));
    assert!(matches!(calls[3].outcome, Outcome::Error(text) if names.resolve(text) == "no"));
}
