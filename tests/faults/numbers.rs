//! Numbers that were silently wrong.

use std::fs;

use super::*;

#[test]
fn what_happens_in_the_warm_up_only_has_no_statistics_after_it() {
    let (_folder, path) = folder_with(SMALL);
    let args = [
        "run",
        "a.toml",
        "--output",
        "r",
        "--set",
        "run.calls=2",
        "--set",
        "run.warm-up=30 s",
        "--set",
        "run.duration=unlimited",
    ];
    let output = succeed(&path, &args);
    let results = path.join("r");
    assert_eq!(metric(&results, "calls_sent", "all").unwrap(), "0.0");
    for (name, entity) in [
        ("calls_under_way", "all"),
        ("throughput", "all"),
        ("latency_mean", "all"),
        ("utilization", "c/cpu"),
    ] {
        assert_eq!(metric(&results, name, entity).unwrap(), "", "{name}");
    }
    let note = "2 of 2 replications ended before the warm-up of 30 s was over";
    assert!(stderr(&output).contains(note), "{}", stderr(&output));
    assert!(!stdout(&output).contains("0.00 %"), "{}", stdout(&output));
}

#[test]
fn the_run_and_the_analysis_of_its_calls_agree_on_quantiles() {
    let (_folder, path) = folder_with(SMALL);
    for duration in ["10 s", "200 s"] {
        let duration = format!("run.duration={duration}");
        let args = [
            "run", "a.toml", "--output", "r", "--force", "--calls", "--set", &duration,
        ];
        succeed(&path, &args);
        let summary = stdout(&succeed(&path, &["analyze", "r", "--format", "csv"]));
        let calls = stdout(&succeed(
            &path,
            &[
                "analyze",
                "r",
                "--format",
                "csv",
                "--quantiles",
                "0.5,0.9,0.95,0.99",
            ],
        ));
        for quantile in ["latency_p50", "latency_p90", "latency_p95", "latency_p99"] {
            let of = |text: &str| mean(text, quantile);
            let (run, calls) = (of(&summary), of(&calls));
            assert!(
                (run - calls).abs() <= calls / 256.0,
                "{quantile}: {run} {calls}"
            );
            if duration.ends_with("=10 s") {
                assert!(
                    (run - calls).abs() <= calls * 1e-12,
                    "{quantile}: {run} {calls}"
                );
            }
        }
    }
}

/// The mean of a metric of all calls in a table of statistics.
fn mean(table: &str, metric: &str) -> f64 {
    let mut lines = table.lines();
    let header: Vec<_> = lines.next().unwrap().split(',').collect();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let (name, entity, mean) = (at("metric"), at("entity"), at("mean"));
    let mut rows = lines.map(|line| line.split(',').collect::<Vec<_>>());
    let row = rows.find(|row| row[name] == metric && row[entity] == "all");
    row.unwrap_or_else(|| panic!("{metric}: {table}"))[mean]
        .parse()
        .unwrap()
}

#[test]
fn a_trace_sorted_otherwise_is_not_read_as_other_jobs() {
    let (_folder, path) = folder_with("");
    let args = [
        "workload", "generate", "--jobs", "30", "--seed", "1", "--output", "g.csv",
    ];
    succeed(&path, &args);
    let trace = fs::read_to_string(path.join("g.csv")).unwrap();
    let mut rows: Vec<_> = trace.lines().collect();
    rows.sort_by_key(|row| row.split(',').nth(2).map(str::to_owned));
    fs::write(path.join("sorted.csv"), rows.join("\n")).unwrap();
    let output = soe(&path, &["workload", "inspect", "sorted.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(
        text.contains("sorted.csv:") && text.contains("after rows of other jobs"),
        "{text}"
    );
    // The command that the message advises.
    rows.sort_by_key(|row| row.split(',').nth(1).map(str::to_owned));
    fs::write(path.join("grouped.csv"), rows.join("\n")).unwrap();
    succeed(&path, &["workload", "inspect", "grouped.csv"]);
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_no_result() {
    let (_folder, path) = folder_with(SMALL);
    succeed(
        &path,
        &[
            "workload", "generate", "--jobs", "30", "--seed", "1", "--output", "tasks",
        ],
    );
    succeed(&path, &["topology", "generate", "iiot", "--output", "made"]);
    for kind in ["nodes", "links", "edges"] {
        fs::rename(path.join(format!("made.{kind}")), path.join(kind)).unwrap();
    }
    let evaluate = || stdout(&succeed(&path, &["statesim", "--num-replications", "1"]));
    let before = evaluate();
    let run = || stdout(&succeed(&path, &["run", "a.toml", "--no-output"]));
    let simulated = run();
    for file in ["tasks", "nodes", "links", "edges", "a.toml"] {
        let text = fs::read_to_string(path.join(file)).unwrap();
        let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        fs::write(path.join(file), windows).unwrap();
        assert_eq!(evaluate(), before, "{file}");
        assert_eq!(run(), simulated, "{file}");
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(path.join(file), [&[0xff, 0xfe], &utf16[..]].concat()).unwrap();
        let args: &[&str] = match file {
            "a.toml" => &["run", "a.toml", "--no-output"],
            _ => &["statesim", "--num-replications", "1"],
        };
        let output = soe(&path, args);
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(
            message.contains(file)
                && message.contains("it is UTF-16, little endian, expected UTF-8"),
            "{message}"
        );
        fs::write(path.join(file), text).unwrap();
    }
}
