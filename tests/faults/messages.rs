//! What is said: causes that nobody was told, and messages that named the wrong thing.

use std::fs;

use super::*;

/// Runs the command, which must refuse its input with one line that contains `expected`.
fn refused(folder: &Path, args: &[&str], expected: &str) {
    let output = soe(folder, args);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
    assert!(text.contains(expected), "{args:?}: {text}");
    assert_eq!(text.lines().count(), 1, "{args:?}: {text}");
}

#[test]
fn calls_that_no_computer_executed_are_not_told_as_no_calls() {
    // No call ends before the run.
    let (_folder, path) = folder_with(&SMALL.replace("10 Mop", "1000 Gop"));
    succeed(&path, &["run", "a.toml", "--output", "r", "--calls"]);
    refused(
        &path,
        &["analyze", "r", "--by", "computer"],
        "calls after the warm-up, but none was executed, so they belong to no computer",
    );
}

#[test]
fn metrics_that_cannot_be_read_are_named_by_their_column() {
    let (_folder, path) = folder_with(SMALL);
    succeed(&path, &["run", "a.toml", "--output", "r"]);
    let file = path.join("r/metrics.csv");
    let good = fs::read_to_string(&file).unwrap();
    let mut lines = good.lines();
    let (header, first) = (lines.next().unwrap(), lines.next().unwrap());
    let with_value = |value: &str| {
        let (rest, _) = first.rsplit_once(',').unwrap();
        format!("{header}\n{rest},{value}\n")
    };
    for (text, expected) in [
        (with_value("#NUM!"), "metrics.csv:2: value: found `#NUM!`: "),
        (
            with_value("inf"),
            "metrics.csv:2: value: found an infinite number",
        ),
        (good.replace(',', ";"), "cells must be separated by commas"),
        (format!("{header}\n"), "metrics.csv has no rows"),
    ] {
        fs::write(&file, text).unwrap();
        refused(&path, &["analyze", "r"], expected);
    }
    refused(&path, &["plot", "r"], "metrics.csv has no rows");
    // A mark and other line ends are no mistake.
    let windows = format!("\u{feff}{}", good.replace('\n', "\r\n"));
    fs::write(&file, windows).unwrap();
    succeed(&path, &["analyze", "r"]);
}

#[test]
fn a_folder_is_checked_against_its_manifest() {
    let (_folder, path) = folder_with(SMALL);
    succeed(&path, &["run", "a.toml", "--output", "r"]);
    let text = stdout(&succeed(&path, &["check", "r"]));
    assert_eq!(text, "r: all files match the manifest\n");
    let file = path.join("r/summary.csv");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace('1', "2")).unwrap();
    fs::remove_file(path.join("r/metrics.jsonl")).unwrap();
    fs::write(path.join("r/notes.txt"), "mine").unwrap();
    let output = soe(&path, &["check", "r"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "soe: r: metrics.jsonl: is missing\nsoe: r: summary.csv: has changed\n\
         soe: r: notes.txt: is not in the manifest\n"
    );
}

#[test]
fn text_that_png_figures_cannot_show_is_named() {
    let scenario = SMALL
        .replace("\"c\"", "\"東\"")
        .replace("computer.c", "computer.\"東\"");
    let (_folder, path) = folder_with(&scenario);
    succeed(&path, &["run", "a.toml", "--output", "r", "--calls"]);
    let plot = |format| {
        let args = ["plot", "r", "--format", format, "--kind", "timeline"];
        stderr(&succeed(&path, &args))
    };
    assert!(
        plot("png").contains("has no glyphs for `東`"),
        "{}",
        plot("png")
    );
    assert_eq!(plot("svg"), "");
}

#[test]
fn a_value_written_in_two_ways_is_there_twice() {
    let (_folder, path) = folder_with(SMALL);
    let study = r#"
        version = 1
        kind = "scenario"
        base = "a.toml"
        replications = 1
        [[axis]]
        key = "client.u.arrivals.rate"
        values = [1, 1.0]
    "#;
    fs::write(path.join("s.toml"), study).unwrap();
    refused(&path, &["sweep", "s.toml", "--check"], "appears twice");
}

#[test]
fn statesim_says_which_rows_it_skipped_and_that_a_network_has_no_links() {
    let (_folder, path) = folder_with("");
    let node = "0;a;1000000000;4000;arm32;sbc;rpi3b+\n";
    fs::write(path.join("nodes"), node).unwrap();
    fs::write(path.join("links"), "").unwrap();
    fs::write(path.join("edges"), "a a\n").unwrap();
    let rows = "x\n0,j_1,task_z,5,100,0.1,1\n0,j_1,M1,5,100,0.1,1\n0,j_1,M2,5,100,0.4,1\n\
                0,j_1,J3_1_2,5,100,0.2,1\n";
    fs::write(path.join("tasks"), rows).unwrap();
    let output = soe(
        &path,
        &["statesim", "--num-replications", "1", "--outdir", ""],
    );
    let text = stderr(&output);
    assert!(text.contains("the network has no links"), "{text}");
    assert!(
        text.contains(
            "2 of 5 rows of the trace were skipped: 1 not of the layout or without a job, 1 of tasks whose name does not list dependencies"
        ),
        "{text}"
    );
}

#[test]
fn the_layout_of_a_trace_has_one_option() {
    let (_folder, path) = folder_with("");
    let trace = "M1,1,j_1,1,Terminated,100,107,100.0,0.1\n";
    fs::write(path.join("t.csv"), trace).unwrap();
    let inspect = |option: &[&str]| {
        stdout(&succeed(
            &path,
            &[&["workload", "inspect", "t.csv"], option].concat(),
        ))
    };
    assert_eq!(
        inspect(&["--row-layout", "alibaba"]),
        inspect(&["--alibaba"])
    );
}

/// 10 functions whose outputs are of 10 MB, on each of 100 computers: 10 GB, were they kept.
#[test]
#[cfg(target_os = "linux")]
fn outputs_are_sizes_and_take_no_memory() {
    let names: Vec<_> = (0..10).map(|number| format!("f{number}")).collect();
    let functions = names
        .iter()
        .map(|name| format!("[function.{name}]\noutput = \"10 MB\"\n"));
    let scenario = SMALL
        .replace("[computer.c]", "[computer.c]\ncount = 100")
        .replace("[\"f\"]", &format!("{names:?}"))
        .replace(
            "[function.f]\n    operations = \"10 Mop\"",
            &functions.collect::<String>(),
        )
        .replace("function = \"f\"", "function = \"f0\"")
        .replace("destination = \"c\"", "destination = \"c-1\"")
        .replace("poisson\"", "periodic\"");
    let (_folder, path) = folder_with(&scenario);
    // 500 MB are enough for anything but the outputs themselves.
    let limited = format!(
        "ulimit -v 500000; exec '{}' run a.toml --no-output --format csv --threads 1",
        env!("CARGO_BIN_EXE_soe")
    );
    let output = Command::new("sh")
        .args(["-c", &limited])
        .current_dir(&path)
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("calls_completed,all,"),
        "{}",
        stdout(&output)
    );
}
