//! `edgeclient` and `edgeippclient`.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use tonic::Status;

use crate::support::{Answer, Computer, executed, fields, nobody, refused, run, stderr, stdout};

#[test]
fn a_call_becomes_a_line_and_statistics_go_to_the_log() {
    let computer = Computer::echo();
    let output = run(
        "edgeclient",
        &["--server", computer.endpoint(), "--max-requests", "3"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let lines = fields(&text);
    assert_eq!(lines.len(), 3);
    let mut last = 0.0;
    for line in &lines {
        let [time, latency, rest @ ..] = line.as_slice() else {
            panic!("{line:?}");
        };
        assert_eq!(rest, ["7", "10.0.0.1:10000", "clambda0", "2"]);
        let (time, latency): (f64, f64) = (time.parse().unwrap(), latency.parse().unwrap());
        assert!(latency > 0.0 && time >= last + latency * 0.99);
        last = time;
    }
    let log = stderr(&output);
    assert!(log.contains("latency ") && log.contains(" +- "), "{log}");
    assert!(log.contains("processing 0.1 +- 0\n"), "{log}");
    // What the README of the original says, not what its code does.
    for request in computer.seen() {
        assert_eq!(request.input.len(), 10_000);
        assert_eq!(
            (request.hops, request.forward, request.dry),
            (0, false, false)
        );
        assert_eq!(request.uuid.len(), 36);
    }
}

#[test]
fn a_dry_run_shows_the_estimate_instead_of_the_latency() {
    let computer = Computer::echo();
    let args = ["--dry", "--max", "1", "--server", computer.endpoint()];
    let output = run("edgeclient", &args);
    assert_eq!(fields(&stdout(&output))[0][1], "0.1");
    assert!(computer.seen()[0].dry);
}

#[test]
fn content_replaces_the_payload_and_functions_have_names() {
    let computer = Computer::echo();
    let args = [
        "--server-endpoints",
        computer.endpoint(),
        "--content",
        "hello",
        "--lambda=f",
        "--max-requests=1",
    ];
    let output = run("edgeclient", &args);
    assert!(stdout(&output).ends_with(" f 2\n"));
    let seen = computer.seen();
    assert_eq!(
        (seen[0].name.as_str(), seen[0].input.as_str()),
        ("f", "hello")
    );
}

#[test]
fn each_thread_makes_its_calls() {
    let computer = Computer::echo();
    let args = [
        "--server",
        computer.endpoint(),
        "--num-threads",
        "4",
        "--max-requests",
        "5",
        "--inter-request-time",
        "0.001",
        "--inter-request-type",
        "poisson",
    ];
    let output = run("edgeclient", &args);
    assert_eq!(stdout(&output).lines().count(), 20);
    assert_eq!(computer.seen().len(), 20);
}

#[test]
fn sizes_follow_the_random_sequences_of_the_original() {
    let computer = Computer::echo();
    let args = [
        "--server",
        computer.endpoint(),
        "--min-size",
        "100",
        "--max-size",
        "500",
        "--period-mean",
        "0.001",
        "--max-sleep",
        "0.001",
        "--max-requests",
        "6",
    ];
    let output = run("edgeippclient", &args);
    assert!(output.status.success(), "{}", stderr(&output));
    let sizes: Vec<_> = computer
        .seen()
        .iter()
        .map(|call| call.input.len())
        .collect();
    assert_eq!(sizes, [433, 425, 331, 333, 192, 437]);
}

#[test]
fn a_list_of_sizes_is_drawn_from() {
    let computer = Computer::echo();
    let args = [
        "--server",
        computer.endpoint(),
        "--sizes",
        "20,30",
        "--max-requests",
        "40",
    ];
    run("edgeclient", &args);
    let sizes: Vec<_> = computer
        .seen()
        .iter()
        .map(|call| call.input.len())
        .collect();
    let small = sizes.iter().filter(|size| **size == 20).count();
    assert!(sizes.iter().all(|size| [20, 30].contains(size)));
    assert!((5..=35).contains(&small), "{small} of {}", sizes.len());
}

#[test]
fn output_is_replaced_or_extended() {
    let computer = Computer::echo();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls");
    let path = path.to_str().unwrap();
    let args = [
        "--server",
        computer.endpoint(),
        "--max-requests",
        "2",
        "--output-file",
        path,
    ];
    let lines = || fs::read_to_string(path).unwrap().lines().count();
    run("edgeclient", &args);
    assert_eq!(lines(), 2);
    run("edgeclient", &[&args[..], &["--append"]].concat());
    assert_eq!(lines(), 4);
    run("edgeclient", &args);
    assert_eq!(lines(), 2);
}

#[test]
fn refusals_and_transport_errors_are_survived_and_reported() {
    let computer = Computer::scripted(|number, request| match number {
        0 => refused("No destinations found for the entry"),
        1 => Answer::Fail(Status::internal("out of order")),
        2 => refused("No destinations found for the entry"),
        _ => Answer::With(executed(request)),
    });
    let args = ["--server", computer.endpoint(), "--max-requests", "5"];
    let output = run("edgeclient", &args);
    assert_eq!(output.status.code(), Some(1));
    // Failed calls count, but leave no line.
    assert_eq!(computer.seen().len(), 5);
    assert_eq!(stdout(&output).lines().count(), 2);
    let log = stderr(&output);
    let last = log.lines().last().unwrap();
    assert_eq!(
        last,
        "edgeclient: 3 errors occurred: No destinations found for the entry (2 times) | \
         RPC failed: out of order"
    );
}

#[test]
fn a_server_that_is_not_there_is_an_error_but_no_reason_to_give_up() {
    let nobody = nobody();
    let args = [
        "--server",
        &nobody,
        "--max-requests",
        "3",
        "--inter-request-time",
        "0.01",
    ];
    let output = run("edgeclient", &args);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let log = stderr(&output);
    let last = log.lines().last().unwrap();
    assert!(
        last.starts_with("edgeclient: 3 errors occurred: RPC failed: "),
        "{last}"
    );
    assert!(last.contains("refused"), "{last}");
}

#[test]
fn no_call_waits_longer_than_its_deadline() {
    let computer = Computer::scripted(|number, request| match number {
        0 => Answer::Never,
        _ => Answer::With(executed(request)),
    });
    let args = [
        "--server",
        computer.endpoint(),
        "--max-requests",
        "2",
        "--timeout",
        "0.2",
    ];
    let output = run("edgeclient", &args);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output).lines().count(), 1);
    let log = stderr(&output);
    assert!(
        log.contains("1 error occurred: RPC failed: no answer within 0.2 s"),
        "{log}"
    );
}

#[test]
fn the_first_good_answer_of_several_destinations_wins_and_is_preferred() {
    let (first, second) = (
        Computer::scripted(|_, _| Answer::Fail(Status::unavailable("down"))),
        Computer::echo(),
    );
    let endpoints = format!("{},{},{0}", first.endpoint(), second.endpoint());
    let args = [
        "--server-endpoints",
        &endpoints,
        "--client-conf",
        "persistence=1",
        "--max-requests",
        "10",
    ];
    let output = run("edgeclient", &args);
    assert!(output.status.success(), "{}", stderr(&output));
    for line in fields(&stdout(&output)) {
        assert_eq!(line[3], second.endpoint());
    }
    // Each destination is asked once per call, however often it was named.
    assert_eq!((first.seen().len(), second.seen().len()), (10, 10));
}

#[test]
fn without_persistence_only_the_preferred_destination_is_asked() {
    let (first, second) = (Computer::echo(), Computer::echo());
    let endpoints = format!("{},{}", first.endpoint(), second.endpoint());
    let args = [
        "--server",
        &endpoints,
        "--client-conf",
        "type=grpc,persistence=0",
        "--max-requests",
        "10",
    ];
    run("edgeclient", &args);
    assert_eq!((first.seen().len(), second.seen().len()), (10, 0));
}

#[test]
fn a_preferred_destination_that_fails_stays_preferred() {
    let first = Computer::scripted(|number, request| match number {
        1 | 2 => refused("not now"),
        _ => Answer::With(executed(request)),
    });
    let second = Computer::echo();
    let endpoints = format!("{},{}", first.endpoint(), second.endpoint());
    let args = [
        "--server",
        &endpoints,
        "--client-conf",
        "persistence=0",
        "--max-requests",
        "5",
    ];
    let output = run("edgeclient", &args);
    assert_eq!(output.status.code(), Some(1));
    for line in fields(&stdout(&output)) {
        assert_eq!(line[3], first.endpoint());
    }
    assert_eq!(stdout(&output).lines().count(), 3);
    assert_eq!((first.seen().len(), second.seen().len()), (5, 0));
    let log = stderr(&output);
    assert!(log.contains("2 errors occurred: not now"), "{log}");
}

#[test]
fn persistence_is_the_probability_to_ask_each_of_the_others() {
    let computers = [Computer::echo(), Computer::echo(), Computer::echo()];
    let endpoints = computers.each_ref().map(Computer::endpoint).join(",");
    let args = [
        "--server",
        &endpoints,
        "--client-conf",
        "persistence=0.25",
        "--max-requests",
        "400",
        "--sizes",
        "20",
    ];
    let output = run("edgeclient", &args);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 400);
    // One request to the preferred one, and a quarter each to the two others: 600
    // requests, with a standard deviation of 12.2. The draws depend on the seed only.
    let seen: usize = computers.iter().map(|each| each.seen().len()).sum();
    assert!((550..650).contains(&seen), "{seen}");
    // Every call ends with one answer, and each of its requests is the same.
    let mut calls = std::collections::BTreeMap::<String, usize>::new();
    for request in computers.iter().flat_map(Computer::seen) {
        *calls.entry(request.uuid).or_default() += 1;
    }
    assert_eq!(calls.len(), 400);
    assert!(calls.values().all(|requests| *requests <= 3));
}

#[test]
fn when_all_destinations_fail_the_last_reply_decides() {
    let (first, second) = (nobody(), nobody());
    let endpoints = format!("{first},{second}");
    let args = ["--server", &endpoints, "--max-requests", "1"];
    let output = run("edgeclient", &args);
    assert_eq!(output.status.code(), Some(1));
    let log = stderr(&output);
    assert!(
        log.contains("none of the destinations responded correctly"),
        "{log}"
    );
}

#[test]
fn active_phases_report_the_calls_that_slow_answers_cost() {
    static SLOW: AtomicBool = AtomicBool::new(false);
    let computer = Computer::scripted(|_, request| match SLOW.load(Ordering::Relaxed) {
        true => Answer::Never,
        false => Answer::With(executed(request)),
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loss");
    let path = path.to_str().unwrap();
    let args = [
        "--server",
        computer.endpoint(),
        "--client-type",
        "ipp",
        "--on-mean",
        "10",
        "--off-mean",
        "0",
        "--min-sleep",
        "0.1",
        "--max-sleep",
        "0.1",
        "--duration",
        "1",
        "--timeout",
        "0.5",
        "--loss-file",
        path,
    ];
    let loss = || -> f64 { fs::read_to_string(path).unwrap().trim().parse().unwrap() };
    let output = run("edgeippclient", &args);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(loss() < 0.5);
    SLOW.store(true, Ordering::Relaxed);
    let output = run("edgeippclient", &args);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(loss(), 1.0);
}
