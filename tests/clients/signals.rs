//! How executables end when they are asked to.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};

use crate::support::{Answer, Computer, busy, command, executed};

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn a_client_ends_well_when_interrupted_or_terminated() {
    for signal in ["-INT", "-TERM"] {
        let computer = Computer::echo();
        let args = [
            "--server",
            computer.endpoint(),
            "--inter-request-time",
            "0.01",
        ];
        let mut child = command("edgeclient", &args).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().ends_with("clambda0 2"));
        send(signal, &child);
        // The rest of the lines, all whole.
        for line in lines {
            assert!(line.unwrap().ends_with("clambda0 2"));
        }
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let log = String::from_utf8(output.stderr).unwrap();
        assert!(
            log.contains("latency ") && log.contains("processing "),
            "{log}"
        );
    }
}

#[test]
fn a_second_signal_ends_a_client_that_still_waits() {
    let computer = Computer::scripted(|number, request| match number {
        0 => Answer::With(executed(request)),
        _ => Answer::Never,
    });
    let args = ["--server", computer.endpoint()];
    let mut child = command("edgeclient", &args).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    send("-INT", &child);
    let mut told = String::new();
    log.read_line(&mut told).unwrap();
    assert!(told.contains("SIGINT: stopping"), "{told}");
    send("-INT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn a_client_ends_well_when_nobody_reads_any_more() {
    let computer = Computer::echo();
    let args = [
        "--server",
        computer.endpoint(),
        "--inter-request-time",
        "0.001",
    ];
    let mut child = command("edgeclient", &args).spawn().unwrap();
    let mut some = [0; 10];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut some).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{:?}", output);
}

#[test]
fn whoever_watches_a_computer_stops_watching_when_asked() {
    let computer = busy(usize::MAX);
    let mut child = command("edgecomputerclient", &["--server", &computer.endpoint])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    send("-TERM", &child);
    assert!(child.wait().unwrap().success());
}
