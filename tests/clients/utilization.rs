//! `edgecomputerclient`.

use std::io::{BufRead, BufReader};

use crate::support::{busy, command, nobody, run, stderr};

#[test]
fn each_processor_of_each_message_becomes_a_line() {
    // The computer closes the stream after three messages, and the client asks
    // again.
    let computer = busy(3);
    let mut child = command("edgecomputerclient", &["--server", &computer.endpoint])
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let lines: Vec<_> = lines.take(8).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut last = 0.0;
    for (number, line) in lines.iter().enumerate() {
        let (time, rest) = line.split_once(' ').unwrap();
        let time: f64 = time.parse().unwrap();
        assert!(time >= last);
        last = time;
        let expected = match number % 6 {
            0 => "arm 0.000000",
            2 => "arm 0.250000",
            4 => "arm 0.500000",
            _ => "bm2837 0.000000",
        };
        assert_eq!(rest, expected);
    }
}

#[test]
fn a_computer_that_is_not_there_is_a_failure() {
    let output = run("edgecomputerclient", &["--server", &nobody()]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.starts_with("edgecomputerclient: RPC failed: "),
        "{text}"
    );
}
