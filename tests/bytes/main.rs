//! Results of all shipped scenarios and studies, byte for byte, as an older revision wrote
//! them.
//!
//! `expected.txt` was written by revision 1fda7e3: for each result file the digests of its
//! parts. A part is a column of a table or, in tables of metrics, the values of one metric,
//! so that a difference names what has changed. `accepted.txt` lists the parts that a later
//! revision changed on purpose, each group under a line that says why; what differs must be
//! listed, and what is listed must differ.
//!
//! * `SOE_BINARY=/path/to/soe` compares what another executable writes.
//! * `UPDATE_BYTES=why` appends the differences to `accepted.txt`, with this reason.
//! * `UPDATE_BYTES=record` writes `expected.txt` anew.

#![allow(clippy::unwrap_used)]

mod parts;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use parts::Parts;

/// Digests by file and part, `readme/summary.csv` and `latency_mean`.
type Digests = BTreeMap<(String, String), String>;

#[test]
fn results_of_shipped_scenarios_and_studies_are_those_of_the_recorded_revision() {
    let results = tempfile::tempdir().unwrap();
    run_everything(results.path());
    let found = digests(results.path());
    let reason = std::env::var("UPDATE_BYTES").unwrap_or_default();
    if reason == "record" {
        fs::write(file("expected.txt"), table(&found)).unwrap();
        fs::write(file("accepted.txt"), "").unwrap();
        return;
    }
    let mut expected = read_table(&fs::read_to_string(file("expected.txt")).unwrap());
    let accepted = fs::read_to_string(file("accepted.txt")).unwrap();
    let useless = accept(&mut expected, &accepted);
    let differences = difference(&expected, &found);
    if !reason.is_empty() {
        let text = format!("{accepted}# {reason}\n{}", table(&differences));
        fs::write(file("accepted.txt"), text).unwrap();
        return;
    }
    assert!(
        differences.is_empty(),
        "results changed (file, part=digest):\n{}",
        table(&differences)
    );
    assert!(
        useless.is_empty(),
        "accepted, but as they were: {useless:?}"
    );
}

/// A scenario or study of the house, as small as it has to be for every run of the tests.
fn run_everything(results: &Path) {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for scenario in toml_files(&scenarios) {
        let path = scenarios.join(format!("{scenario}.toml"));
        let mut args = vec!["run", path.to_str().unwrap(), "--calls"];
        args.extend(["--replications", "2", "--samples", "1 s"]);
        if scenario == "large" {
            args.extend(["--set", "run.duration=0.5 s", "--set", "run.warm-up=0.1 s"]);
        }
        soe(&args, &results.join(&scenario));
    }
    for study in toml_files(&scenarios.join("studies")) {
        let args = ["study", &study, "--replications", "1"];
        soe(&args, &results.join("studies").join(&study));
    }
}

fn soe(args: &[&str], folder: &Path) {
    let own = PathBuf::from(env!("CARGO_BIN_EXE_soe"));
    let binary = std::env::var_os("SOE_BINARY").map_or(own, PathBuf::from);
    let output = Command::new(binary)
        .args(args)
        .args(["--quiet", "--output"])
        .arg(folder)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "soe {args:?}: {error}");
}

/// The names of the TOML files in a folder that are scenarios or studies.
fn toml_files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "Cargo")
        .collect();
    names.sort();
    names
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/bytes")
        .join(name)
}

/// The digests of all result files below a folder, apart from manifests, which hold the
/// date, and from journals.
fn digests(results: &Path) -> Digests {
    let mut digests = Digests::new();
    let mut folders = vec![results.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                if !name.ends_with(".work") {
                    folders.push(path);
                }
            } else if name != "manifest.json" {
                let inside = path.strip_prefix(results).unwrap();
                let inside = inside.to_str().unwrap().to_owned();
                for (part, digest) in Parts::of(&name, &fs::read(&path).unwrap()) {
                    digests.insert((inside.clone(), part), digest);
                }
            }
        }
    }
    digests
}

/// A line for each file: its path and `part=digest` for each part.
fn table(digests: &Digests) -> String {
    let mut text = String::new();
    let mut previous = "";
    for ((file, part), digest) in digests {
        if file != previous {
            let end = if text.is_empty() { "" } else { "\n" };
            write!(text, "{end}{file}").unwrap();
            previous = file;
        }
        write!(text, " {part}={digest}").unwrap();
    }
    text + "\n"
}

fn read_table(text: &str) -> Digests {
    let mut digests = Digests::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        let Some(file) = words.next() else { continue };
        for word in words {
            let (part, digest) = word.split_once('=').expect("part=digest");
            digests.insert((file.to_owned(), part.to_owned()), digest.to_owned());
        }
    }
    digests
}

/// Takes over what a later revision changed on purpose; returns what changes nothing.
fn accept(expected: &mut Digests, accepted: &str) -> Vec<(String, String)> {
    let mut useless = Vec::new();
    // A later group may change again what an earlier one has changed.
    for (key, digest) in accepted.lines().flat_map(read_table) {
        let before = if digest == GONE {
            expected.remove(&key)
        } else {
            expected.insert(key.clone(), digest.clone())
        };
        if before.as_ref() == Some(&digest) {
            useless.push(key);
        }
    }
    useless
}

/// What `accepted.txt` says of a part that is no longer written.
const GONE: &str = "gone";

fn difference(expected: &Digests, found: &Digests) -> Digests {
    let mut differences = Digests::new();
    for (key, digest) in found {
        if expected.get(key) != Some(digest) {
            differences.insert(key.clone(), digest.clone());
        }
    }
    for key in expected.keys().filter(|key| !found.contains_key(*key)) {
        differences.insert(key.clone(), GONE.to_owned());
    }
    differences
}

#[test]
fn a_changed_value_is_found_in_its_column_and_nowhere_else() {
    let table = |text: &str| Parts::of("calls.csv", text.as_bytes());
    let before = table("call,latency_ns\n0,5\n1,6\n");
    let after = table("call,latency_ns\n0,5\n1,7\n");
    assert_eq!(before["call"], after["call"]);
    assert_ne!(before["latency_ns"], after["latency_ns"]);
}

#[test]
fn a_changed_value_is_found_in_its_metric_and_nowhere_else() {
    let table = |text: &str| Parts::of("metrics.csv", text.as_bytes());
    let before = table("point,metric,value\n0,load,5\n0,share,6\n");
    let after = table("point,metric,value\n0,load,5\n0,share,7\n");
    assert_eq!(before["load"], after["load"]);
    assert_ne!(before["share"], after["share"]);
}

#[test]
fn a_part_that_was_accepted_twice_has_its_last_digest_and_a_part_as_it_was_is_told() {
    let mut expected = read_table("a.csv x=1 y=2\nb.csv *=3");
    let useless = accept(
        &mut expected,
        "# first\na.csv x=5\n# then\na.csv x=6 y=2\nb.csv *=gone\n",
    );
    assert_eq!(expected, read_table("a.csv x=6 y=2"));
    assert_eq!(useless, [("a.csv".to_owned(), "y".to_owned())]);
}
