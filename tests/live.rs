//! `soe live` as its users meet it.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const SCENARIO: &str = r#"
    version = 1
    run = { calls = 40 }

    [function.resize]
    operations = "20 Mop"

    [controller.control]

    [computer.one]
    speed = "1 Gop/s"
    functions = ["resize"]
    controller = "control"

    [computer.two]
    speed = "1 Gop/s"
    functions = ["resize"]
    controller = "control"

    [broker.router]
    policy = "random"
    controller = "control"

    [client.near]
    function = "resize"
    destination = "router"
    arrivals = { type = "poisson", rate = 100 }
    size = "1 kB"

    [client.direct]
    function = "resize"
    destination = "one"
    size = "1 kB"
"#;

fn command(folder: &Path, scenario: &str, args: &[&str]) -> Command {
    fs::write(folder.join("scenario.toml"), scenario).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_soe"));
    command.args(["live", "up", "scenario.toml"]).args(args);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

fn up(folder: &Path, scenario: &str, args: &[&str]) -> Output {
    command(folder, scenario, args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The columns of a table by the names in its first line.
fn column<'a>(table: &'a str, name: &str) -> Vec<&'a str> {
    let mut lines = table.lines();
    let header = lines.next().unwrap();
    let at = header.split(',').position(|column| column == name).unwrap();
    lines.map(|line| line.split(',').nth(at).unwrap()).collect()
}

#[test]
fn a_scenario_runs_for_real_and_reports_as_if_it_had_been_simulated() {
    for processes in [&[][..], &["--processes"]] {
        let folder = tempfile::tempdir().unwrap();
        let args = [&["--calls", "--output", "results"], processes].concat();
        let output = up(folder.path(), SCENARIO, &args);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = stdout(&output);
        for part in [
            "2 clients, 1 broker, 2 computers, 1 controller",
            "calls of replication 0",
            "latency",
            "processing time",
            "share of calls",
            "tables of broker router",
            "resize [",
            "one (F)",
        ] {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
        let file =
            |name: &str| fs::read_to_string(folder.path().join("results").join(name)).unwrap();
        let calls = file("calls.csv");
        assert_eq!(column(&calls, "call").len(), 40);
        for outcome in column(&calls, "outcome") {
            assert_eq!(outcome, "ok");
        }
        for (client, hops) in column(&calls, "client").iter().zip(column(&calls, "hops")) {
            assert_eq!(hops, if *client == "direct" { "1" } else { "2" });
        }
        for (latency, processing) in column(&calls, "latency_ns")
            .iter()
            .zip(column(&calls, "processing_ns"))
        {
            let (latency, processing): (u64, u64) =
                (latency.parse().unwrap(), processing.parse().unwrap());
            // 20 Mop at 1 Gop/s, in whole milliseconds.
            assert!(processing >= 20_000_000 && latency >= 20_000_000);
        }
        let metrics = file("metrics.csv");
        for name in ["latency_mean", "share", "utilization", "throughput"] {
            assert!(metrics.contains(name), "{metrics}");
        }
        assert!(file("manifest.json").contains("\"scenario\""));
        assert!(file("tables.txt").contains("Table#1"));
    }
}

#[test]
fn clients_may_call_through_a_front_end() {
    for processes in [&[][..], &["--processes"]] {
        let folder = tempfile::tempdir().unwrap();
        let protocol = ["--set=client.near.protocol=openwhisk"];
        let direct = ["--set=client.direct.protocol=openwhisk"];
        let args = [&["--calls", "--output", "results"], processes].concat();
        let args = [&args[..], &protocol, &direct].concat();
        let output = up(folder.path(), SCENARIO, &args);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(!stderr(&output).contains("WARN"), "{}", stderr(&output));
        let calls = fs::read_to_string(folder.path().join("results/calls.csv")).unwrap();
        assert_eq!(column(&calls, "outcome"), ["ok"; 40]);
        let clients = column(&calls, "client");
        let seen = column(&calls, "hops").into_iter();
        let seen = seen.zip(column(&calls, "computer"));
        for ((client, (hops, computer)), processing) in clients
            .iter()
            .zip(seen)
            .zip(column(&calls, "processing_ns"))
        {
            let direct = *client == "direct";
            assert_eq!(hops, if direct { "1" } else { "2" });
            assert!(computer == "one" || (!direct && computer == "two"));
            assert!(processing.parse::<u64>().unwrap() >= 20_000_000);
        }
    }
}

#[test]
fn the_same_calls_are_made_as_in_a_simulation() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--set", "run.calls=30", "--calls", "--quiet", "--output"];
    let live = up(folder.path(), SCENARIO, &[&args[..], &["live"]].concat());
    assert!(live.status.success(), "{}", stderr(&live));
    let mut command = Command::new(env!("CARGO_BIN_EXE_soe"));
    command.args(["run", "scenario.toml", "--replications", "1"]);
    command.args(args).arg("simulated");
    assert!(command.current_dir(&folder).status().unwrap().success());
    // The first calls of the open client are due at the same times.
    let sent = |name: &str| -> Vec<f64> {
        let calls = fs::read_to_string(folder.path().join(name).join("calls.csv")).unwrap();
        let clients = column(&calls, "client");
        let times = column(&calls, "sent_ns");
        let near = clients
            .iter()
            .zip(times)
            .filter(|(client, _)| **client == "near");
        let mut sent: Vec<f64> = near
            .map(|(_, at)| at.parse::<f64>().unwrap() / 1e9)
            .collect();
        sent.sort_by(f64::total_cmp);
        sent
    };
    let (live, simulated) = (sent("live"), sent("simulated"));
    for (live, simulated) in live.iter().zip(&simulated).take(5) {
        // Never early; how late depends on the machine.
        assert!(*live >= simulated - 1e-6, "{live} {simulated}");
    }
}

#[test]
fn utilization_is_measured_however_short_the_run() {
    for (processes, warm_up) in [(&[][..], "0 s"), (&["--processes"], "100 ms")] {
        let folder = tempfile::tempdir().unwrap();
        let duration = format!("duration = \"600 ms\"\nwarm-up = \"{warm_up}\"");
        let run = "run = { calls = 40 }";
        let scenario = SCENARIO.replace(run, &format!("[run]\n{duration}"));
        let args = [&["--calls", "--output", "results"], processes].concat();
        let output = up(folder.path(), &scenario, &args);
        assert!(output.status.success(), "{}", stderr(&output));
        let file = |name: &str| {
            let path = folder.path().join("results").join(name);
            fs::read_to_string(path).unwrap()
        };
        let metrics = file("metrics.csv");
        let names = column(&metrics, "metric");
        let entities = column(&metrics, "entity");
        let values = column(&metrics, "value");
        let rows = names.iter().zip(entities).zip(values);
        let used: Vec<(&str, f64)> = rows
            .filter(|((name, _), _)| **name == "utilization")
            .map(|((_, entity), value)| (entity, value.parse().unwrap()))
            .collect();
        assert_eq!(used.len(), 2, "{metrics}");
        for (entity, share) in used {
            // A task takes 20 ms of the only core, and `direct` always has one at
            // the first computer; how many there are depends on the machine.
            assert!((0.0..=1.0).contains(&share), "{entity} {share}");
            assert!(share > 0.0 || entity.starts_with("two"), "{entity} {share}");
        }
    }
}

#[test]
fn calls_go_through_two_tiers_of_brokers() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for processes in [&[][..], &["--processes"]] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_soe"));
        command
            .args(["live", "up"])
            .arg(scenarios.join("two-tiers.toml"));
        command.args([
            "--set",
            "run.duration=\"2 s\"",
            "--set",
            "run.warm-up=\"0 s\"",
        ]);
        command
            .args(["--calls", "--output", "results"])
            .args(processes);
        let output = command.current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let file = |name: &str| {
            let path = folder.path().join("results").join(name);
            fs::read_to_string(path).unwrap()
        };
        let calls = file("calls.csv");
        let rows = column(&calls, "client").into_iter();
        let rows = rows
            .zip(column(&calls, "computer"))
            .zip(column(&calls, "hops"));
        let done = column(&calls, "outcome").into_iter().zip(rows);
        let mut seen = [0, 0];
        for (outcome, ((client, computer), hops)) in done {
            if outcome != "ok" {
                continue;
            }
            // `western-3` at `west-1` is at home.
            let at_home = client[..4] == computer[..4];
            assert_eq!(hops, if at_home { "2" } else { "3" }, "{client} {computer}");
            seen[usize::from(at_home)] += 1;
        }
        assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
        let tables = file("tables.txt");
        for entry in ["broker-east\n", "broker-west\n", "west-1 (F)", "east-2 (F)"] {
            assert!(tables.contains(entry), "no {entry:?} in {tables}");
        }
    }
}

#[test]
fn planned_changes_happen() {
    let folder = tempfile::tempdir().unwrap();
    let changes = r#"
        [[event]]
        at = "200 ms"
        leave = "two"

        [[event]]
        at = "300 ms"
        fail = "one"

        [[event]]
        at = "400 ms"
        stop = "direct"

        [[event]]
        at = "600 ms"
        join = "one"
    "#;
    let scenario = SCENARIO.replace("calls = 40", "duration = \"2 s\"") + changes;
    let output = up(
        folder.path(),
        &scenario,
        &["--calls", "--output", "results"],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let file = |name: &str| fs::read_to_string(folder.path().join("results").join(name)).unwrap();
    let tables = file("tables.txt");
    assert!(
        tables.contains("one (F)") && !tables.contains("two"),
        "{tables}"
    );
    let calls = file("calls.csv");
    let sent = column(&calls, "sent_ns");
    let sent = sent.iter().map(|at| at.parse::<u64>().unwrap() / 1_000_000);
    let clients = column(&calls, "client");
    let outcomes = column(&calls, "outcome");
    let calls: Vec<_> = sent.zip(clients).zip(outcomes).collect();
    let direct = calls.iter().filter(|((_, client), _)| *client == "direct");
    assert!(direct.map(|((at, _), _)| *at).max().unwrap() < 1_500);
    let near = |from, to, outcome| {
        calls.iter().any(|((at, client), ended)| {
            *client == "near" && (from..to).contains(at) && *ended == outcome
        })
    };
    // Nobody is there, then one of them again.
    assert!(near(300, 600, "error") || near(300, 600, "lost"));
    assert!(near(600, 2_000, "ok"));
}

#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    for processes in [&[][..], &["--processes"]] {
        let folder = tempfile::tempdir().unwrap();
        let scenario = SCENARIO.replace("calls = 40", "duration = \"10 min\"");
        let args = [&["--output", "results"], processes].concat();
        let mut command = command(folder.path(), &scenario, &args);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        // Its two computers have just as much to do as they can.
        log.read_line(&mut line).unwrap();
        assert!(line.starts_with("soe: warning: overload: "), "{line}");
        line.clear();
        log.read_line(&mut line).unwrap();
        assert_eq!(line, "replication 1 of 1, at most 600 s\n");
        let started = Instant::now();
        let pid = child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(130));
        assert!(started.elapsed() < Duration::from_secs(300));
        assert!(!folder.path().join("results").exists());
    }
}

#[test]
fn what_cannot_be_done_for_real_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = up(folder.path(), "version = 2", &[]);
    assert_eq!(output.status.code(), Some(2));
    let output = Command::new(env!("CARGO_BIN_EXE_soe"))
        .args([
            "live",
            "serve",
            "scenario.toml",
            "--name",
            "x",
            "--places",
            "nowhere",
        ])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}
