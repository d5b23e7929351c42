//! Troubles that people had with other programs of this kind, tried with the real command.

#![allow(clippy::unwrap_used)]

mod ends;
#[cfg(target_os = "linux")]
mod kept;
mod messages;
mod numbers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A scenario of one client that calls one computer, to which tests add.
const SMALL: &str = r#"
    version = 1
    run = { duration = "10 s", replications = 2 }
    [function.f]
    operations = "10 Mop"
    [computer.c]
    speed = "1 Gop/s"
    functions = ["f"]
    [client.u]
    function = "f"
    destination = "c"
    arrivals = { type = "poisson", rate = 5 }
"#;

/// The command in `folder`.
fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soe"));
    command.args(args).current_dir(folder);
    command
}

/// Runs the command in `folder`.
fn soe(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().expect("the command starts")
}

/// Runs the command, which must succeed.
fn succeed(folder: &Path, args: &[&str]) -> Output {
    let output = soe(folder, args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with a scenario `a.toml`.
fn folder_with(scenario: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.toml"), scenario).unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

/// The value of a metric of an entity in replication 0, as metrics.csv of a folder has it.
fn metric(folder: &Path, metric: &str, entity: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join("metrics.csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<_> = lines.next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let columns = ["replication", "metric", "entity", "value"].map(at);
    lines.find_map(|line| {
        let cells: Vec<_> = line.split(',').collect();
        let [replication, name, whose, value] = columns.map(|column| cells[column]);
        let found = replication == "0" && name == metric && whose == entity;
        found.then(|| value.to_owned())
    })
}
