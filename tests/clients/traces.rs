//! `clienttracegen` and `edgemulticlient`.

use std::fs;

use crate::support::{Computer, command, fields, nobody, run, stderr, stdout};

#[test]
fn traces_are_those_of_the_original() {
    for (seed, lines, first) in [
        (
            "0",
            62,
            &[
                "0.0460887 clambda0 localhost:6473 401",
                "0.386835 clambda0 localhost:6473 101",
                "0.466352 clambda0 localhost:6473 194",
            ][..],
        ),
        ("1", 58, &["0.0806707 clambda0 localhost:6473 205"]),
    ] {
        let text = stdout(&run("clienttracegen", &["--seed", seed]));
        assert_eq!(text.lines().count(), lines);
        assert_eq!(text.lines().take(first.len()).collect::<Vec<_>>(), first);
    }
}

#[test]
fn every_option_of_the_generator_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace");
    let path = path.to_str().unwrap();
    let args = [
        "--server=h:1",
        "--lambda=f",
        "--min-size=7",
        "--max-size=7",
        "--rate=10",
        "--num-clients=3",
        "--starting-time=100",
        "--duration=2",
        "--output-file",
        path,
    ];
    run("clienttracegen", &args);
    let text = fs::read_to_string(path).unwrap();
    let lines = fields(&text);
    assert!((20..=120).contains(&lines.len()), "{}", lines.len());
    for line in &lines {
        let time: f64 = line[0].parse().unwrap();
        assert!((100.0..102.0).contains(&time));
        assert_eq!(line[1..], ["f", "h:1", "7"]);
    }
    run("clienttracegen", &[&args[..], &["--append"]].concat());
    assert_eq!(fs::read_to_string(path).unwrap(), text.repeat(2));
}

#[test]
fn every_line_of_a_trace_is_played_the_last_one_too() {
    let computer = Computer::echo();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (trace, calls) = (file("trace"), file("calls"));
    let endpoint = computer.endpoint();
    let text = format!("0.02 g {endpoint} 30\n0.001 f {endpoint} 20\n0.03 h {endpoint} 40");
    fs::write(&trace, text).unwrap();
    let args = ["--input-file", &trace, "--output-file", &calls];
    let output = run("edgemulticlient", &args);
    assert!(output.status.success(), "{}", stderr(&output));
    let seen = computer.seen();
    let seen: Vec<_> = seen
        .iter()
        .map(|call| (call.name.as_str(), call.input.len()))
        .collect();
    assert_eq!(seen, [("f", 20), ("g", 30), ("h", 40)]);
    let text = fs::read_to_string(&calls).unwrap();
    let lines = fields(&text);
    assert_eq!(lines.len(), 3);
    for line in lines {
        assert_eq!(line[2..], ["7", "10.0.0.1:10000", "0"]);
    }
    let log = stderr(&output);
    assert!(log.contains("dispatched 3 / 3, deadline misses "), "{log}");
}

#[test]
fn a_generator_can_be_piped_into_the_player() {
    let computer = Computer::echo();
    let args = [
        "--server",
        computer.endpoint(),
        "--duration",
        "0.2",
        "--rate",
        "20",
    ];
    let mut generator = command("clienttracegen", &args).spawn().unwrap();
    let trace = generator.stdout.take().unwrap();
    let mut player = command("edgemulticlient", &[]);
    let output = player.stdin(trace).output().unwrap();
    assert!(generator.wait().unwrap().success());
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!computer.seen().is_empty());
}

#[test]
fn a_dead_endpoint_does_not_end_the_replay() {
    let (computer, nobody) = (Computer::echo(), nobody());
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let endpoint = computer.endpoint();
    let text = format!(
        "0 f {nobody} 20\n0.01 f {endpoint} 20\n0.02 f {nobody} 20\n0.03 f {endpoint} 20\n"
    );
    fs::write(&trace, text).unwrap();
    let output = run(
        "edgemulticlient",
        &["--input-file", trace.to_str().unwrap()],
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(computer.seen().len(), 2);
    let log = stderr(&output);
    assert!(log.contains("dispatched 4 / 4"), "{log}");
    assert!(
        log.contains("edgemulticlient: 2 errors occurred: RPC failed: "),
        "{log}"
    );
}

#[test]
fn a_wrong_trace_names_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let path = trace.to_str().unwrap();
    for (text, message) in [
        (
            "0 f h:1 20\n1 f h:1",
            ":2: found 3 fields, expected 4: time function endpoint size",
        ),
        (
            "soon f h:1 20",
            ":1: found time `soon`, expected a number of seconds, at least 0",
        ),
        (
            "0 f h 20",
            ": found endpoint `h`, expected host:port such as 127.0.0.1:6473 (no port)",
        ),
    ] {
        fs::write(&trace, text).unwrap();
        let output = run("edgemulticlient", &["--input-file", path]);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            stderr(&output),
            format!("edgemulticlient: {path}{message}\n")
        );
    }
}
