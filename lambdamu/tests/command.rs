//! The command, as people and scripts use it.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use clap::Parser;
use lambdamu::command::{self, Args, CommandError};
use lambdamu::output;
use lambdamu::timestamps::{AppAccesses, write_app, write_header};

#[derive(Debug, Parser)]
#[command(infer_long_args = true)]
struct Cli {
    #[command(flatten)]
    args: Args,
}

/// Runs the command with options separated by spaces; `@` stands for the folder.
fn run(folder: &Path, options: &str) -> Result<(), String> {
    let folder = folder.display().to_string();
    let options = options.replace('@', &folder);
    let words = std::iter::once("lambdamusim").chain(options.split_whitespace());
    let cli = Cli::try_parse_from(words).map_err(|error| error.to_string())?;
    command::run(&cli.args).map_err(|error: CommandError| {
        assert!(error.is_input(), "{error}");
        let text = error.to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
        text
    })
}

fn rows(folder: &Path, options: &str) -> String {
    run(folder, &format!("--out-file @/out.csv {options}")).unwrap();
    fs::read_to_string(folder.join("out.csv")).unwrap()
}

/// A file of accesses: 20 accesses a second apart every hour, for two days.
fn write_apps(path: &Path) {
    let mut accesses = Vec::new();
    for hour in 0..48 {
        let start = f64::from(hour) * 3.6e6;
        accesses.extend((0..20).map(|second| (start + f64::from(second) * 1e3, second % 2 == 0)));
    }
    let mut bytes = Vec::new();
    write_header(&mut bytes).unwrap();
    for key in ["u,a", "u,b"] {
        let app = AppAccesses {
            key: key.into(),
            accesses: accesses.clone(),
        };
        write_app(&mut bytes, &app).unwrap();
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn rows_are_those_of_the_seeds_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let one = rows(folder, "--num-repl 300 --num-threads 1");
    assert_eq!(one.lines().count(), 300);
    let columns = output::header().split(',').count();
    for (line, seed) in one.lines().zip(1..) {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(fields.len(), columns);
        assert_eq!(fields[0], seed.to_string());
    }
    assert_eq!(rows(folder, "--num-repl 300 --num-threads 3"), one);
    let late = rows(folder, "--seed-starting 299 --num-replications 2");
    assert!(one.ends_with(&late));
}

#[test]
fn rows_are_replaced_or_added() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = rows(folder, "--append --num-replications 2");
    let second = rows(folder, "--seed-starting 3 --append");
    assert_eq!(second.lines().count(), 3);
    assert!(second.starts_with(&first));
    assert_eq!(rows(folder, "").lines().count(), 1);
}

#[test]
fn dynamic_simulations_take_their_periods_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_apps(&folder.join("apps"));
    let options = "--type dynamic --apps-path @/apps --duration 86400000 --epoch 1800000";
    let all = rows(folder, options);
    let fields: Vec<&str> = all.trim_end().split(',').collect();
    assert_eq!(fields[5], "50");
    let num = |at: usize| -> f64 { fields[at].parse().unwrap() };
    // The applications of seed 1, as the generator draws them, in either phase.
    assert!((num(16) + num(17) - 11.0).abs() < 1e-5, "{all}");
    assert!(num(17) > 0.0);
    assert!(num(24) >= 40.0);

    let longer = format!("{options} --min-periods 96");
    let message = run(folder, &longer).unwrap_err();
    assert!(
        message.ends_with("/apps: no application has 96 or more periods"),
        "{message}"
    );
}

#[test]
fn wrong_input_is_one_line_and_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("out.csv"), "before\n").unwrap();
    fs::write(folder.join("csv"), "1606092900000,reg2,7000\n").unwrap();
    let node = |name: &str, speed: &str, model: &str| {
        format!("0;{name};1000;{speed};x86;server;{model}\n")
    };
    let sensor = node("s", "4000", "rpi3b+");
    for (name, nodes) in [
        ("no-broker", node("server_0", "8000", "server")),
        ("no-edge", sensor.clone()),
        ("slow", sensor.clone() + &node("server_0", "400", "server")),
        ("unnamed", sensor.clone() + &node("rack", "8000", "server")),
        (
            "apart",
            sensor.clone() + &node("server_0", "8000", "server"),
        ),
    ] {
        fs::write(folder.join(name), nodes).unwrap();
    }
    for kind in ["links", "edges"] {
        fs::write(folder.join(kind), "").unwrap();
    }
    let network =
        |name: &str| format!("--nodes-path @/{name} --links-path @/links --edges-path @/edges");
    for (options, expected) in [
        ("--alpha -0.1".into(), "alpha is -0.1, expected 0 to 1"),
        ("--alpha 1.5".into(), "alpha is 1.5, expected 0 to 1"),
        ("--beta 0".into(), "beta is 0, expected more than 0"),
        ("--beta nan".into(), "beta is NaN, expected more than 0"),
        (
            "--cloud-distance-factor 0".into(),
            "cloud distance factor is 0",
        ),
        ("--cloud-storage-cost-local -1".into(), "cost local is -1"),
        (
            "--avg-mu 100001".into(),
            "--avg-mu is 100001, expected at most",
        ),
        ("--num-replications 0".into(), "--num-replications is 0"),
        ("--num-threads 0".into(), "--num-threads is 0"),
        (
            "--app-model constant,1".into(),
            "application model is `constant,1`",
        ),
        (
            "--mu-algorithm best".into(),
            "expected one of random, greedy, hungarian",
        ),
        (
            "--lambda-algorithm best".into(),
            "expected one of random, greedy, mcfp",
        ),
        ("--type static".into(), "snapshot, dynamic"),
        ("--poisson old".into(), "expected corrected or published"),
        (
            "--print-header --explain-output".into(),
            "cannot be used with",
        ),
        ("--nodes-path @/none".into(), "cannot read"),
        (network("no-broker"), "there is no broker"),
        (network("no-edge"), "there is no edge node"),
        (
            network("slow"),
            "edge node `server_0` has 400000000 operations/s",
        ),
        (
            network("unnamed"),
            "edge node `rack` is of unknown capacity",
        ),
        (
            network("apart"),
            "no way from broker `s` to edge node `server_0`",
        ),
        ("--type dynamic --apps-path @/none".into(), "cannot read"),
        (
            "--type dynamic --apps-path @/csv".into(),
            "byte 0: version is ",
        ),
        ("--type dynamic --epoch 0".into(), "epoch is 0 ms"),
        (
            "--type dynamic --min-periods 0".into(),
            "minimum number of periods is 0",
        ),
        ("--out-file @/none/out.csv".into(), "cannot write"),
        ("--out-file @".into(), "cannot write"),
    ] {
        let options: String = options;
        let place = match options.contains("--out-file") {
            true => "",
            false => "--out-file @/out.csv ",
        };
        let message = run(folder, &format!("{place}{options}")).unwrap_err();
        assert!(message.contains(expected), "{options}: {message}");
    }
    assert_eq!(
        fs::read_to_string(folder.join("out.csv")).unwrap(),
        "before\n"
    );
    let left = fs::read_dir(folder).unwrap().count();
    assert_eq!(left, 9, "something is left behind");
}

#[test]
fn a_replication_without_applications_is_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_apps(&folder.join("apps"));
    let options = "--type dynamic --apps-path @/apps --avg-apps 0 --out-file @/out.csv";
    let message = run(folder, options).unwrap_err();
    assert!(message.contains("seed 1: no application"), "{message}");
    assert!(!folder.join("out.csv").exists());
}

#[test]
fn columns_are_explained_and_printed_without_a_simulation() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for option in ["--print-header", "--explain-output"] {
        run(folder, &format!("{option} --out-file @/out.csv")).unwrap();
    }
    assert!(!folder.join("out.csv").exists());
}
