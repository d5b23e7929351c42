//! A program with kinds of its own has the whole command, and finds them everywhere.
//!
//! This is no test harness but such a program: it starts itself as `soe`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Output, Stdio};

use clap::CommandFactory;
use soe::prelude::*;
use soe_live::broker::{EdgeDispatcher, EdgeRouter};

const POLICY: Kind<PolicyBuilder> = Kind {
    name: "dummy-policy",
    help: "Takes turns by a stride.",
    parameters: &[Parameter {
        name: "dummy-stride",
        quantity: Quantity::Count { min: 1 },
        default: Some("1"),
        help: "How many positions to go on.",
    }],
    version: 3,
    build: |arguments| {
        Box::new(Dummy {
            stride: arguments.count("dummy-stride") as usize,
            last: 0,
        })
    },
};

const ESTIMATOR: Kind<EstimatorBuilder> =
    Kind::new("dummy-estimator", "Counts pending calls.", |_| {
        Box::new(Pending)
    });

#[derive(Debug)]
struct Dummy {
    stride: usize,
    last: usize,
}

impl Policy for Dummy {
    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, _: &mut Stream) -> usize {
        self.last = (self.last + self.stride) % candidates.len();
        self.last
    }
}

#[derive(Debug)]
struct Pending;

impl Estimator for Pending {
    fn predict(
        &mut self,
        _: SimTime,
        at: Target,
        candidates: &Candidates<'_>,
    ) -> Option<Prediction> {
        Some(Prediction {
            processing: f64::from(candidates.pending(at.position)),
            ..Prediction::default()
        })
    }
}

const SCENARIO: &str = r#"
version = 1
run = { calls = 20, replications = 1, seed = 1 }
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
policy = "dummy-policy"
controller = "control"
[client.near]
function = "resize"
destination = "router"
arrivals = { type = "poisson", rate = 100 }
size = "1 kB"
"#;

const STUDY: &str = r#"
version = 1
kind = "scenario"
base = "scenario.toml"
replications = 2
metrics = ["latency_mean@all"]
[[axis]]
name = "policy"
key = "broker.router.policy"
values = ["dummy-policy", "random"]
"#;

/// Says to the copy of this program that it is the command.
const AS_COMMAND: &str = "OWN_KIND_AS_COMMAND";

/// The version of the policy, if it is not that of its declaration.
const VERSION: &str = "OWN_KIND_VERSION";

fn main() -> ExitCode {
    let program = program();
    if std::env::var_os(AS_COMMAND).is_some() {
        return program.main();
    }
    program.register().unwrap();
    help_of_the_executables_knows_them();
    schema_reference_and_list_know_them();
    they_work_simulated_and_live();
    policies_by_pending_calls_work_live();
    studies_run_them();
    an_edited_policy_never_reuses_results();
    a_program_with_two_kinds_of_one_name_says_so();
    println!("test own_kind ... ok");
    ExitCode::SUCCESS
}

/// The program with its policy in the version that the environment names.
fn program() -> soe::Program {
    let version = std::env::var(VERSION).ok();
    let version = version.and_then(|version| version.parse().ok());
    let policy = Kind {
        version: version.unwrap_or(POLICY.version),
        ..POLICY
    };
    soe::Program::new().policy(policy).estimator(ESTIMATOR)
}

fn command(executable: &Path, folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(executable);
    command.args(args).env(AS_COMMAND, "1");
    command.current_dir(folder).stdin(Stdio::null());
    command
}

fn soe(folder: &Path, args: &[&str]) -> Output {
    let executable = std::env::current_exe().unwrap();
    command(&executable, folder, args).output().unwrap()
}

fn stdout(folder: &Path, args: &[&str]) -> String {
    let output = soe(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("scenario.toml"), SCENARIO).unwrap();
    fs::write(folder.path().join("study.toml"), STUDY).unwrap();
    folder
}

fn help_of_the_executables_knows_them() {
    let router = EdgeRouter::command().render_long_help().to_string();
    assert!(
        router.contains("dummy-policy") && router.contains("dummy-stride"),
        "{router}"
    );
    let router = EdgeRouter::command().render_help().to_string();
    assert!(router.contains("dummy-policy"), "{router}");
    // Those that are part of the project come from the same declarations.
    assert!(router.contains("two-choices") && router.contains("least-connections"));
    let dispatcher = EdgeDispatcher::command().render_long_help().to_string();
    assert!(dispatcher.contains("dummy-estimator"), "{dispatcher}");
}

fn schema_reference_and_list_know_them() {
    let folder = folder();
    let schema = stdout(folder.path(), &["scenario", "schema"]);
    let reference = stdout(folder.path(), &["scenario", "reference"]);
    for name in ["dummy-policy", "dummy-estimator"] {
        assert!(schema.contains(&format!("\"const\": \"{name}\"")), "{name}");
        assert!(reference.contains(&format!("#### `{name}`")), "{name}");
    }
    assert!(reference.contains("| `dummy-stride` |"));
    let list = stdout(folder.path(), &["list", "policies"]);
    assert!(
        list.contains("dummy-policy") && list.contains("dummy-stride"),
        "{list}"
    );
    assert!(!list.contains("dummy-estimator"));
    let all = stdout(folder.path(), &["list"]);
    assert!(all.contains("dummy-policy") && all.contains("dummy-estimator"));
    for what in [
        "optimizers",
        "arrivals",
        "sizes",
        "platforms",
        "executions",
        "metrics",
        "studies",
    ] {
        let list = stdout(folder.path(), &["list", what]);
        assert!(list.lines().count() > 1, "{what}: {list}");
    }
    let unknown = soe(folder.path(), &["list", "wishes"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("policies, optimizers"));
}

fn they_work_simulated_and_live() {
    let folder = folder();
    let scenario = "scenario.toml";
    let set = "broker.router.policy.dummy-stride=2";
    let wrong = soe(
        folder.path(),
        &["run", scenario, "--set", "broker.router.policy=dumy-policy"],
    );
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("dummy-policy"));
    let text = stdout(folder.path(), &["scenario", "check", scenario]);
    assert!(text.contains("dummy-stride = 1"), "{text}");
    stdout(
        folder.path(),
        &[
            "run",
            scenario,
            "--calls",
            "--output",
            "simulated",
            "--quiet",
        ],
    );
    // Two computers take turns.
    let calls = fs::read_to_string(folder.path().join("simulated/calls.csv")).unwrap();
    for computer in ["one", "two"] {
        assert_eq!(
            calls.matches(&format!(",{computer},")).count(),
            10,
            "{calls}"
        );
    }
    stdout(
        folder.path(),
        &["run", scenario, "--set", set, "--no-output", "--quiet"],
    );
    for processes in [&[][..], &["--processes"]] {
        let options = [
            "live", "up", scenario, "--calls", "--force", "--output", "live", "--quiet",
        ];
        stdout(folder.path(), &[&options[..], processes].concat());
        let calls = fs::read_to_string(folder.path().join("live/calls.csv")).unwrap();
        for computer in ["one", "two"] {
            assert_eq!(
                calls.matches(&format!(",{computer},")).count(),
                10,
                "{calls}"
            );
        }
    }
}

/// Calls come faster than one computer can take them, so that whoever counts them
/// must use both.
fn policies_by_pending_calls_work_live() {
    let folder = folder();
    for policy in ["two-choices", "least-connections"] {
        let set = format!("broker.router.policy={policy}");
        let output = ["--calls", "--force", "--output", "live", "--quiet"];
        let args = [&["live", "up", "scenario.toml", "--set", &set], &output[..]].concat();
        stdout(folder.path(), &args);
        let calls = fs::read_to_string(folder.path().join("live/calls.csv")).unwrap();
        let count = |computer: &str| calls.matches(&format!(",{computer},")).count();
        assert_eq!(count("one") + count("two"), 20, "{policy}: {calls}");
        assert!(count("one") > 0 && count("two") > 0, "{policy}: {calls}");
    }
}

fn studies_run_them() {
    let folder = folder();
    let plan = stdout(folder.path(), &["sweep", "study.toml", "--dry-run"]);
    assert!(plan.contains("4 remain"), "{plan}");
    stdout(
        folder.path(),
        &["sweep", "study.toml", "--output", "results", "--quiet"],
    );
    let metrics = fs::read_to_string(folder.path().join("results/metrics.csv")).unwrap();
    assert_eq!(metrics.lines().count(), 1 + 4, "{metrics}");
}

/// Half of a study is in the journal. The same executable continues there; another
/// version of the policy, or another executable, finds nothing to reuse.
fn an_edited_policy_never_reuses_results() {
    let folder = folder();
    let study = ["sweep", "study.toml", "--output", "results"];
    stdout(
        folder.path(),
        &[&study[..], &["--quiet", "--shard", "1/2"]].concat(),
    );
    let executable = std::env::current_exe().unwrap();
    let remaining = |executable: &Path, version: u32| {
        let args = [&study[..], &["--dry-run"]].concat();
        let mut command = command(executable, folder.path(), &args);
        let output = command.env(VERSION, version.to_string()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let same = remaining(&executable, POLICY.version);
    assert!(same.contains("2 replications are finished"), "{same}");
    let edited = remaining(&executable, POLICY.version + 1);
    assert!(edited.contains("4 remain"), "{edited}");
    // An executable stays what it is with a byte appended, at least here.
    if cfg!(target_os = "linux") {
        let copy = folder.path().join("copy");
        fs::copy(&executable, &copy).unwrap();
        let moved = remaining(&copy, POLICY.version);
        assert!(moved.contains("2 replications are finished"), "{moved}");
        let mut file = fs::OpenOptions::new().append(true).open(&copy).unwrap();
        file.write_all(b"\n").unwrap();
        drop(file);
        let rebuilt = remaining(&copy, POLICY.version);
        assert!(rebuilt.contains("4 remain"), "{rebuilt}");
    }
    // The sweep itself recomputes all points.
    let run = |version: u32| {
        let args = [&study[..], &["--force"]].concat();
        let mut command = command(&executable, folder.path(), &args);
        let output = command.env(VERSION, version.to_string()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap()
    };
    let recomputed = run(POLICY.version + 1);
    assert!(
        recomputed.contains("4 replications run, 0 taken"),
        "{recomputed}"
    );
}

fn a_program_with_two_kinds_of_one_name_says_so() {
    let twice = soe::Program::new().policy(Kind {
        name: "random",
        ..POLICY
    });
    let refused = twice.register().unwrap_err().to_string();
    assert!(
        refused.contains("two kinds of policy called `random`"),
        "{refused}"
    );
    let late = soe::Program::new().policy(POLICY).register();
    assert!(late.unwrap_err().to_string().contains("once"));
}
