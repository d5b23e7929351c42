//! `lambdamusim`, `afdb`, `afdb-convert` and `afdb-cost` as executables.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const PROGRAMS: [(&str, &str); 4] = [
    ("lambdamusim", env!("CARGO_BIN_EXE_lambdamusim")),
    ("afdb", env!("CARGO_BIN_EXE_afdb")),
    ("afdb-convert", env!("CARGO_BIN_EXE_afdb-convert")),
    ("afdb-cost", env!("CARGO_BIN_EXE_afdb-cost")),
];

/// Two applications: reads and writes by turns.
const ROWS: &str = "\
Timestamp,AnonRegion,AnonUserId,AnonAppName,AnonFunctionInvocationId,AnonBlobName,BlobType,AnonBlobETag,BlobBytes,Read,Write
1000,r1,u1,a,i1,b,T,e,10.0,True,False
2000,r1,u1,a,i1,b,T,e,20.0,True,False
2500,r2,u1,b,i2,b,T,e,5.0,False,True
4000,r1,u1,a,i3,b,T,e,30.0,False,True
9000000,r1,u1,a,i4,b,T,e,40.0,True,False
";

fn run(folder: &Path, program: &str, options: &str) -> Output {
    let (_, path) = PROGRAMS.iter().find(|(name, _)| *name == program).unwrap();
    let mut command = Command::new(path);
    command.args(options.split_whitespace()).current_dir(folder);
    command.output().unwrap()
}

fn succeed(folder: &Path, program: &str, options: &str) -> String {
    let output = run(folder, program, options);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {options}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rows.csv"), ROWS).unwrap();
    folder
}

#[test]
fn each_executable_says_what_it_is() {
    let folder = folder();
    for (name, _) in PROGRAMS {
        for option in ["--version", "-v", "-V"] {
            let version = format!("{name} {}\n", env!("CARGO_PKG_VERSION"));
            assert_eq!(succeed(folder.path(), name, option), version);
        }
        let help = succeed(folder.path(), name, "--help");
        assert!(help.contains(&format!("Usage: {name} ")), "{help}");
    }
}

#[test]
fn lambdamusim_writes_the_rows_of_the_command_on_any_number_of_threads() {
    let folder = folder();
    let options = "--avg-lambda 20 --avg-mu 10 --num-replications 5 --out-file";
    for threads in [1, 3] {
        let options = format!("{options} {threads}.csv --num-threads {threads}");
        succeed(folder.path(), "lambdamusim", &options);
    }
    let soe = Command::new(env!("CARGO_BIN_EXE_soe"))
        .arg("lambdamu")
        .args(options.split_whitespace())
        .arg("soe.csv")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(soe.status.success());
    let rows = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(rows("1.csv").lines().count(), 5);
    assert_eq!(rows("1.csv"), rows("3.csv"));
    assert_eq!(rows("1.csv"), rows("soe.csv"));
}

#[test]
fn a_trace_is_counted_converted_simulated_and_converted_back() {
    let folder = folder();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let run = |program, options| succeed(folder.path(), program, options);
    run("afdb", "--input-dataset rows.csv --output-dir .");
    assert_eq!(read("num-invocations.dat"), b"u1,a,4\nu1,b,1\n");
    run(
        "afdb-convert",
        "--input-raw rows.csv --output-timestamp apps",
    );
    // An application that is busy for 40 s, six times, with hours between.
    let rows = (0..240).map(|access| {
        let time = 1000 * (access + 1) + access / 40 * 4 * 3_600_000;
        let kind = if access % 2 == 0 {
            "True,False"
        } else {
            "False,True"
        };
        format!("{time},r1,u1,a,i{access},b,T,e,10.0,{kind}\n")
    });
    let header = ROWS.lines().next().unwrap();
    let phases = format!("{header}\n{}", rows.collect::<String>());
    fs::write(folder.path().join("phases.csv"), phases).unwrap();
    run(
        "afdb-convert",
        "--input-raw phases.csv --output-timestamp phases",
    );
    let simulated = "--type dynamic --apps-path phases --avg-apps 2 --min-periods 1 \
                     --duration 10000000 --epoch 1000000 --out-file dynamic.csv";
    run("lambdamusim", simulated);
    assert_eq!(
        String::from_utf8(read("dynamic.csv"))
            .unwrap()
            .lines()
            .count(),
        1
    );
    // What is read back is the same binary form again.
    run(
        "afdb-convert",
        "--input-timestamp apps --output-raw back.csv",
    );
    run(
        "afdb-convert",
        "--input-raw back.csv --output-timestamp again",
    );
    assert_eq!(read("again"), read("apps"));
    run("afdb-cost", "--input-dataset rows.csv");
    assert!(!read("rows.csv-cost.dat").is_empty());
}

#[test]
fn wrong_input_is_one_line_and_status_2_and_writes_nothing() {
    let folder = folder();
    let before = fs::read_dir(folder.path()).unwrap().count();
    for (program, options, says) in [
        ("lambdamusim", "--alpha 2", "alpha is 2, expected 0 to 1"),
        ("lambdamusim", "--nodes-path none", "cannot read `none`"),
        (
            "afdb",
            "--input-dataset none --output-dir .",
            "cannot read `none`",
        ),
        ("afdb-convert", "", "expected --input-raw"),
        ("afdb-cost", "--input-dataset none", "cannot read `none`"),
    ] {
        let output = run(folder.path(), program, options);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{program} {options}: {text}");
        assert!(
            text.starts_with(&format!("{program}: ")) && text.contains(says),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), before);
    }
}
