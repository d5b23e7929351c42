//! The commands on the trace Azure Functions Blob 2020.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use clap::Parser;
use lambdamu::command::CommandError;
use lambdamu::command::blob::{ConvertArgs, CostArgs, InspectArgs, convert, cost, inspect};

#[derive(Parser)]
enum Cli {
    Inspect(InspectArgs),
    Convert(ConvertArgs),
    Cost(CostArgs),
}

/// Runs a command with options separated by spaces; `@` stands for the folder.
fn run(folder: &Path, options: &str) -> Result<(), String> {
    let options = options.replace('@', &folder.display().to_string());
    let words = std::iter::once("blob").chain(options.split_whitespace());
    let done: Result<(), CommandError> =
        match Cli::try_parse_from(words).map_err(|error| error.to_string())? {
            Cli::Inspect(args) => inspect(&args),
            Cli::Convert(args) => convert(&args),
            Cli::Cost(args) => cost(&args),
        };
    done.map_err(|error| {
        assert!(error.is_input(), "{error}");
        let text = error.to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
        text
    })
}

/// Two applications in two regions: reads and writes by turns.
const ROWS: &str = "\
Timestamp,AnonRegion,AnonUserId,AnonAppName,AnonFunctionInvocationId,AnonBlobName,BlobType,AnonBlobETag,BlobBytes,Read,Write
1000,r1,u1,a,i1,b,T,e,10.0,True,False
2000,r1,u1,a,i1,b,T,e,20.0,True,False
2500,r2,u1,b,i2,b,T,e,5.0,False,True
4000,r1,u1,a,i3,b,T,e,30.0,False,True
9000000,r1,u1,a,i4,b,T,e,40.0,True,False
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rows.csv"), ROWS).unwrap();
    folder
}

#[test]
fn accesses_are_counted() {
    let folder = folder();
    let folder = folder.path();
    run(folder, "inspect --input-dataset @/rows.csv --output-dir @").unwrap();
    let text = fs::read_to_string(folder.join("num-invocations.dat")).unwrap();
    assert_eq!(text, "u1,a,4\nu1,b,1\n");
}

#[test]
fn life_cycles_have_sizes_and_sessions() {
    let folder = folder();
    let folder = folder.path();
    let options = "inspect --input-dataset @/rows.csv --output-dir @ --analysis lifecycles";
    run(folder, options).unwrap();
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    // Sessions end an hour after the last access.
    assert_eq!(read("r1.dat"), "u1,a,0,8999000,30,70,4,3603000\n");
    assert_eq!(read("r2.dat"), "");
    assert_eq!(read("concurrent.dat"), "0 1\n1500 2\n1500 1\n8999000 0\n");
    run(
        folder,
        &format!("{options} --singletons --session-duration 1"),
    )
    .unwrap();
    assert_eq!(read("r1.dat"), "u1,a,0,8999000,30,70,4,63000\n");
    assert_eq!(read("r2.dat"), "u1,b,1500,1500,5,0,1,0\n");
}

#[test]
fn periods_of_reads_and_writes_are_told_apart() {
    let folder = folder();
    let folder = folder.path();
    run(
        folder,
        "inspect --input-dataset @/rows.csv --output-dir @ --analysis read-write-periods",
    )
    .unwrap();
    let read = |name: &str| fs::read_to_string(folder.join(format!("{name}-1.dat"))).unwrap();
    assert_eq!(read("read-durations"), "3000\n");
    assert_eq!(read("read-events"), "2\n");
    assert_eq!(read("write-durations"), "8.996e+06\n");
    assert_eq!(read("write-events"), "1\n");
}

#[test]
fn accesses_go_to_the_binary_form_and_back() {
    let folder = folder();
    let folder = folder.path();
    run(
        folder,
        "convert --input-raw @/rows.csv --output-timestamp @/apps",
    )
    .unwrap();
    let bytes = fs::read(folder.join("apps")).unwrap();
    assert_eq!(bytes.len(), 8 + (8 + 4 + 8 + 4 * 9) + (8 + 4 + 8 + 9));
    run(
        folder,
        "convert --input-timestamp @/apps --output-raw @/back.csv",
    )
    .unwrap();
    let back = fs::read_to_string(folder.join("back.csv")).unwrap();
    assert_eq!(back.lines().nth(3), Some("2500,,u1,b,,,,,0,False,True"));
    run(
        folder,
        "convert --input-raw @/back.csv --output-timestamp @/again",
    )
    .unwrap();
    assert_eq!(fs::read(folder.join("again")).unwrap(), bytes);

    // Rows in another order give the same.
    let mut lines: Vec<&str> = ROWS.lines().skip(1).collect();
    lines.reverse();
    fs::write(folder.join("mixed.csv"), lines.join("\n")).unwrap();
    run(
        folder,
        "convert --input-raw @/mixed.csv --output-timestamp @/mixed",
    )
    .unwrap();
    assert_eq!(fs::read(folder.join("mixed")).unwrap(), bytes);
}

#[test]
fn costs_are_one_line_per_application() {
    let folder = folder();
    let folder = folder.path();
    let options = "cost --input-dataset @/rows.csv --output-dir @";
    run(folder, options).unwrap();
    let text = fs::read_to_string(folder.join("rows.csv-cost.dat")).unwrap();
    let model = "1,10,1,5,0.00015,0,50,50";
    assert_eq!(
        text,
        format!(
            "u1,a,{model},8.999e+06,3,1352.85,37,37,0,3,0,8.999e+06\n\
             u1,b,{model},0,0,0,0,0,0,0,0,0\n"
        )
    );
    run(folder, &format!("{options} --append")).unwrap();
    let twice = fs::read_to_string(folder.join("rows.csv-cost.dat")).unwrap();
    assert_eq!(twice, text.repeat(2));
}

#[test]
fn wrong_input_is_one_line_and_writes_nothing() {
    let folder = folder();
    let folder = folder.path();
    let wrong = ROWS.replace("4000,r1", "soon,r1");
    fs::write(folder.join("wrong.csv"), wrong).unwrap();
    let mut late: Vec<&str> = ROWS.lines().collect();
    late.swap(1, 4);
    fs::write(folder.join("late.csv"), late.join("\n")).unwrap();
    fs::write(folder.join("region.csv"), ROWS.replace("r2,", "../r2,")).unwrap();
    let before = fs::read_dir(folder).unwrap().count();
    let life = "inspect --analysis lifecycles --output-dir @ --input-dataset";
    for (options, expected) in [
        (
            "inspect --input-dataset @/none --output-dir @".into(),
            "cannot read",
        ),
        (
            "inspect --input-dataset @/rows.csv --output-dir @/none".into(),
            "does not exist",
        ),
        (
            format!("{life} @/wrong.csv"),
            "wrong.csv:5:1: Timestamp is `soon`",
        ),
        (
            format!("{life} @/late.csv"),
            "late.csv: access 2: time is 2000 ms, 2000 ms before",
        ),
        (
            format!("{life} @/region.csv"),
            "access 3: region is `../r2`",
        ),
        (
            format!("{life} @/rows.csv --session-duration -1"),
            "--session-duration is -1",
        ),
        (
            "convert".into(),
            "expected --input-raw with --output-timestamp",
        ),
        (
            "convert --input-raw @/wrong.csv --output-timestamp @/x".into(),
            "wrong.csv:5:1",
        ),
        (
            "convert --dump-timestamp @/rows.csv".into(),
            "byte 0: version is",
        ),
        (
            "convert --input-timestamp @/rows.csv --output-raw @/x".into(),
            "byte 0: version is",
        ),
        (
            "cost --input-dataset @/wrong.csv --output-dir @".into(),
            "wrong.csv:5:1",
        ),
        (
            "cost --input-dataset @/rows.csv --cost-warm-mu -1".into(),
            "--cost-warm-mu is -1",
        ),
        ("cost".into(), "--input-dataset"),
    ] {
        let options: String = options;
        let message = run(folder, &options).unwrap_err();
        assert!(message.contains(expected), "{options}: {message}");
        assert_eq!(fs::read_dir(folder).unwrap().count(), before, "{options}");
    }
    let skipping = "convert --skip-bad-rows --input-raw @/wrong.csv --output-timestamp @/apps";
    run(folder, skipping).unwrap();
    assert!(folder.join("apps").exists());
}
