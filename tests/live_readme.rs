//! The example of the original's documentation, its commands as they are typed
//! there but for the ports, each in a process of its own.

#![allow(clippy::unwrap_used)]

#[path = "shared/executables.rs"]
mod executables;
#[path = "../soe-live/tests/shared/ports.rs"]
mod ports;
#[path = "shared/processes.rs"]
mod processes;

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use ports::port;
use processes::{Running, run, stdout, until_tables_have};

struct System {
    _controller: Running,
    computers: [Running; 2],
    broker: Running,
    endpoints: [String; 2],
    utilization: String,
    server: String,
    tables: String,
}

/// The controller, both computers and a broker.
fn start(broker: &str) -> System {
    let [
        controller,
        one,
        two,
        utilization_one,
        utilization_two,
        server,
        tables,
    ] = [(); 7].map(|()| port());
    let computer = |server: &str, utilization: &str| {
        Running::start(
            "edgecomputer",
            &[
                "--server",
                server,
                "--utilization",
                utilization,
                "--controller",
                &controller,
            ],
        )
    };
    System {
        _controller: Running::start("edgecontroller", &["--server", &controller]),
        computers: [
            computer(&one, &utilization_one),
            computer(&two, &utilization_two),
        ],
        broker: Running::start(
            broker,
            &[
                "--server",
                &server,
                "--configuration",
                &tables,
                "--controller",
                &controller,
            ],
        ),
        endpoints: [one, two],
        utilization: utilization_one,
        server,
        tables,
    }
}

/// Calls through the broker as the example does, only more often.
fn call(system: &System) -> Vec<Vec<String>> {
    let args = [
        "--lambda",
        "clambda0",
        "--server",
        &system.server,
        "--inter-request-time",
        "0.15",
        "--max-requests",
        "8",
    ];
    let text = stdout(&run("edgeclient", &args));
    let fields = |line: &str| line.split(' ').map(str::to_owned).collect();
    text.lines().map(fields).collect()
}

#[test]
fn five_processes_and_two_that_watch_them() {
    let system = start("edgerouter");
    let [one, two] = &system.endpoints;
    let (first, second) = if one < two { (one, two) } else { (two, one) };
    let expected = |number: u32| {
        format!(
            "Table#{number}\n\
             clambda0 [1] {first} (F)\n         [1] {second} (F)\n\
             glambda0 [1] {first} (F)\n         [1] {second} (F)\n"
        )
    };
    let tables = until_tables_have(10, &system.tables);
    assert_eq!(tables, expected(0) + &expected(1));

    let watch = ["--server", &system.utilization];
    let mut watch = Running::start("edgecomputerclient", &watch);
    let lines = call(&system);
    assert_eq!(lines.len(), 8);
    for line in &lines {
        let [_, latency, load, responder, function, hops] = line.as_slice() else {
            panic!("{line:?}");
        };
        // 10.004 Gop on a core of 100 Gop/s.
        assert!(latency.parse::<f64>().unwrap() >= 0.100, "{line:?}");
        assert!(load.parse::<u32>().unwrap() <= 100);
        assert!([one, two].contains(&responder), "{line:?}");
        assert_eq!((function.as_str(), hops.as_str()), ("clambda0", "2"));
    }
    let mut names: Vec<String> = Vec::new();
    let lines = BufReader::new(watch.0.stdout.take().unwrap()).lines();
    for line in lines.take(2) {
        let line = line.unwrap();
        let [_, processor, used] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        assert!((0.0..=1.0).contains(&used.parse::<f64>().unwrap()));
        assert_eq!(used.len(), "0.000000".len());
        names.push(processor.to_owned());
    }
    names.sort();
    assert_eq!(names, ["arm", "bm2837"]);
    assert!(watch.interrupt());

    // A computer that leaves disappears from the tables, one that is killed too,
    // as soon as somebody calls it.
    let [leaves, dies] = system.computers;
    assert!(leaves.interrupt());
    let output = run("forwardingtableclient", &["--server", &system.tables]);
    assert!(!stdout(&output).contains(one.as_str()));
    let mut dies = dies;
    dies.0.kill().unwrap();
    dies.0.wait().unwrap();
    let call = ["--server", &system.server, "--max-requests", "1"];
    let output = run("edgeclient", &call);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let output = run("forwardingtableclient", &["--server", &system.tables]);
    assert!(!stdout(&output).contains("clambda0"));
    assert!(system.broker.interrupt());
}

#[test]
fn the_same_with_a_dispatcher() {
    let system = start("edgedispatcher");
    let tables = until_tables_have(5, &system.tables);
    assert!(tables.starts_with("Table#0\nclambda0 [1] "), "{tables}");
    assert!(!tables.contains("Table#1"), "{tables}");
    let lines = call(&system);
    assert_eq!(lines.len(), 8);
    let by = |endpoint: &String| lines.iter().filter(|line| line[3] == *endpoint).count();
    // Both computers are tried.
    assert!(system.endpoints.iter().all(|endpoint| by(endpoint) > 0));
    assert!(lines.iter().all(|line| line[5] == "2"));
    // Estimates pass through a broker without being executed: the answer is there
    // long before an execution could have ended.
    let dry = ["--server", &system.server, "--dry", "--max-requests", "1"];
    let started = Instant::now();
    let text = stdout(&run(
        "edgeclient",
        &[&dry[..], &["--sizes", "4000000"]].concat(),
    ));
    let estimate: f64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    assert!((40.0..40.1).contains(&estimate), "{text}");
    assert!(started.elapsed() < Duration::from_secs(40));
    assert!(system.broker.interrupt());
}
