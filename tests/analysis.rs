//! `soe analyze`, `compare`, `plot`, `report` and `export` as their users meet them.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::TempDir;

/// Runs the command in `folder`.
fn soe(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soe"));
    command.args(args).current_dir(folder);
    command.output().expect("the command starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder with the results of three policies on the same arrivals; the first recorded calls and
/// samples.
fn results() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/policy-random.toml");
        let scenario = scenario.display().to_string();
        for policy in ["random", "round-robin", "least-impedance"] {
            let set = format!("broker.router.policy={policy}");
            let mut args = vec![
                "run", &scenario, "--quiet", "--output", policy, "--set", &set,
            ];
            args.extend(["--set", "run.duration=2 min", "--set", "run.warm-up=20 s"]);
            if policy == "random" {
                args.extend(["--calls", "--samples", "1 s"]);
            }
            let output = soe(folder.path(), &args);
            assert!(output.status.success(), "{}", stderr(&output));
        }
        folder
    });
    folder.path()
}

#[test]
fn a_run_is_analyzed_with_its_calls_and_samples() {
    let output = soe(results(), &["analyze", "random"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    for part in [
        "random: soe ",
        "latency_p95",
        "over 5 replications; warm-up cut: 20.00 s",
        "From the table of calls:",
        "Averages over time, from the samples:",
        "Warm-up by MSER-5: ends at ",
        "Correlation of the latencies of successive calls: 0.",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    // What the calls say agrees with what the run counted.
    let mean = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("latency_mean"));
        line.unwrap().to_owned()
    };
    let (run, calls) = text.split_once("From the table of calls:").unwrap();
    assert_eq!(
        mean(run).split_whitespace().collect::<Vec<_>>(),
        mean(calls).split_whitespace().collect::<Vec<_>>()
    );

    let csv = soe(
        results(),
        &[
            "analyze",
            "random",
            "--by",
            "computer",
            "--format",
            "csv",
            "--quantiles",
            "0.5,0.999",
        ],
    );
    let csv = stdout(&csv);
    assert!(
        csv.starts_with("point,metric,entity,unit,mean,low,high,n,verdict\n"),
        "{csv}"
    );
    assert!(csv.contains("\n0,latency_p99.9,slow,ns,"), "{csv}");
    // Calls that no computer executed, because they were still in progress, are no group of their
    // own.
    let calls = fs::read_to_string(results().join("random/calls.csv")).unwrap();
    assert!(calls.contains(",in progress,"));
    for by in ["computer", "path"] {
        let args = ["analyze", "random", "--by", by, "--format", "csv"];
        let csv = stdout(&soe(results(), &args));
        let entities = csv
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(2).unwrap());
        assert!(entities.clone().count() > 0);
        assert!(entities.clone().all(|it| !it.is_empty()), "{csv}");
    }
}

#[test]
fn quantiles_are_a_question_about_the_calls() {
    let ask = |more: &[&str]| {
        let args = [&["analyze", "random", "--quantiles", "0.25"], more].concat();
        let output = soe(results(), &args);
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let csv = ask(&["--format", "csv"]);
    assert!(csv.contains("\n0,latency_p25,all,ns,"), "{csv}");
    assert!(
        !csv.contains("latency_p95") && !csv.contains("utilization"),
        "{csv}"
    );
    let text = ask(&[]);
    assert!(
        text.contains("latency_p25") && !text.contains("From the table of calls"),
        "{text}"
    );
    let by = ["analyze", "random", "--by", "function"];
    let named = [&by[..], &["--quantiles", "0.5,0.9,0.95,0.99"]].concat();
    assert_eq!(
        stdout(&soe(results(), &by)),
        stdout(&soe(results(), &named))
    );
}

#[test]
fn policies_are_compared_on_the_same_arrivals() {
    let two = stdout(&soe(
        results(),
        &[
            "compare",
            "random",
            "round-robin",
            "--metric",
            "latency_mean",
        ],
    ));
    assert!(
        two.contains("round-robin - random") && two.contains("lower"),
        "{two}"
    );
    assert!(two.contains("common random numbers"), "{two}");
    let args = [
        "compare",
        "random",
        "round-robin",
        "least-impedance",
        "--metric",
        "latency_mean",
        "--pairs",
    ];
    let three = stdout(&soe(results(), &args));
    assert!(three.contains("\n1  round-robin"), "{three}");
    assert!(
        three.contains("random - round-robin") && three.contains("real"),
        "{three}"
    );
}

#[test]
fn the_exit_status_tells_whether_results_changed() {
    let same = soe(results(), &["compare", "random", "--against", "random"]);
    assert_eq!(same.status.code(), Some(0), "{}", stderr(&same));
    assert!(
        stdout(&same).contains("0 changed, 0 missing"),
        "{}",
        stdout(&same)
    );
    let changed = soe(
        results(),
        &["compare", "round-robin", "--against", "random"],
    );
    assert_eq!(changed.status.code(), Some(1));
    assert!(stdout(&changed).contains("CHANGED"), "{}", stdout(&changed));
    let tolerated = soe(
        results(),
        &[
            "compare",
            "round-robin",
            "--against",
            "random",
            "--tolerance",
            "10000 %",
        ],
    );
    assert_eq!(tolerated.status.code(), Some(0), "{}", stdout(&tolerated));
}

#[test]
fn figures_are_written_as_svg_and_png() {
    let output = soe(
        results(),
        &[
            "plot", "random", "--output", "figures", "--format", "both", "--dpi", "60",
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    for name in [
        "latency-cdf",
        "latency-box",
        "timeline",
        "utilization-stacked",
        "warm-up",
        "share",
    ] {
        for ending in ["svg", "png"] {
            assert!(
                text.contains(&format!("figures/{name}.{ending}\n")),
                "{text}"
            );
        }
        let folder = results().join("figures");
        let svg = fs::read_to_string(folder.join(format!("{name}.svg"))).unwrap();
        assert!(
            svg.starts_with("<svg ") && !svg.contains("no data"),
            "{name}"
        );
        let png = fs::read(folder.join(format!("{name}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() > 500, "{name}");
    }
}

#[test]
fn a_report_is_one_file() {
    let output = soe(
        results(),
        &[
            "report",
            "random",
            "--output",
            "page.html",
            "--title",
            "A & B",
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let page = fs::read_to_string(results().join("page.html")).unwrap();
    assert!(page.contains("<h1>A &amp; B</h1>") && page.contains("policy = &quot;random&quot;"));
    assert!(page.contains("title=\"Mean time from issue to answer, of completed calls\""));
}

#[test]
fn tables_are_exported_with_every_row() {
    for (format, ending) in [("parquet", "parquet"), ("jsonl", "jsonl")] {
        let output = soe(
            results(),
            &["export", "random", "--format", format, "--output", format],
        );
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stdout(&output).lines().count(), 4, "{}", stdout(&output));
        for table in ["calls", "samples", "metrics", "summary"] {
            assert!(
                results()
                    .join(format)
                    .join(format!("{table}.{ending}"))
                    .is_file()
            );
        }
    }
    let rows = |path: &str| {
        fs::read_to_string(results().join(path))
            .unwrap()
            .lines()
            .count()
    };
    assert_eq!(rows("jsonl/calls.jsonl") + 1, rows("random/calls.csv"));
    // What `soe run` wrote itself and what is exported are the same lines.
    let read = |path: &str| fs::read_to_string(results().join(path)).unwrap();
    assert_eq!(read("jsonl/metrics.jsonl"), read("random/metrics.jsonl"));
}

#[test]
fn a_folder_without_values_is_told_in_a_whole_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let copy = |name: &str| fs::copy(results().join("random").join(name), empty.join(name));
    copy("manifest.json").unwrap();
    let header = "point,replication,metric,entity,unit,value\n";
    fs::write(empty.join("metrics.csv"), header).unwrap();
    for more in [&[][..], &["--metric", "share"]] {
        let output = soe(folder.path(), &[&["analyze", "empty"][..], more].concat());
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            stderr(&output),
            "soe: empty: metrics.csv has no rows, so there is nothing to analyze\n"
        );
    }
    let args = ["analyze", "random", "--by", "client", "--warm-up", "1 h"];
    let output = soe(results(), &args);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "soe: random: calls.csv has no calls after the warm-up\n"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_wrong_input_before_and_a_failure_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let random = results().join("random").display().to_string();
    let fails = |args: &[&str], status: i32, part: &str| {
        let output = soe(path, args);
        assert_eq!(output.status.code(), Some(status), "{args:?}");
        let error = stderr(&output);
        assert!(error.contains(part), "{args:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{args:?}: {error}");
    };
    fs::write(path.join("file"), "precious").unwrap();
    fails(
        &["report", &random, "--output", "no/r.html"],
        2,
        "no/r.html: cannot write: ",
    );
    fails(
        &["plot", &random, "--output", "file"],
        2,
        "file: cannot be created: ",
    );
    fails(
        &["export", &random, "--output", "file"],
        2,
        "file: cannot be created: ",
    );
    // A device without any room stands in for a full disk.
    fails(
        &["report", &random, "--output", "/dev/full"],
        1,
        "/dev/full: cannot write: ",
    );
    fs::create_dir_all(path.join("figures")).unwrap();
    fs::create_dir_all(path.join("tables")).unwrap();
    let full = |name: &str| std::os::unix::fs::symlink("/dev/full", path.join(name)).unwrap();
    full("figures/latency-cdf.svg");
    full("tables/metrics.parquet");
    let args = ["plot", &random, "--kind", "cdf", "--output", "figures"];
    fails(&args, 1, "figures/latency-cdf.svg: cannot write: ");
    fails(
        &["export", &random, "--output", "tables"],
        1,
        "metrics.parquet: cannot write: ",
    );
    assert_eq!(fs::read(path.join("file")).unwrap(), b"precious");
}

#[test]
fn wrong_input_gets_one_line_and_status_2() {
    let cases: [(&[&str], &str); 25] = [
        (
            &["analyze", "nowhere"],
            "nowhere: no such folder; a result folder is needed",
        ),
        (
            &["analyze", "random", "--metric", "latency"],
            "no metric `latency`; there are ",
        ),
        (
            &["analyze", "random", "--quantiles", "2"],
            "--quantiles: found `2`, expected a number from 0 to 1",
        ),
        (&["analyze", "random", "--warm-up", "soon"], "--warm-up: "),
        (
            &["analyze", "round-robin", "--by", "computer"],
            "round-robin: no calls.csv, which --by",
        ),
        (
            &["compare", "random"],
            "at least two alternatives are needed: name more folders",
        ),
        (
            &["compare", "random", "--over", "policy"],
            "no axis `policy`: these are not results of a sweep",
        ),
        (
            &["compare", "random", "round-robin", "--against", "random"],
            "--against: one folder",
        ),
        (
            &[
                "compare",
                "random",
                "--against",
                "random",
                "--tolerance",
                "much",
            ],
            "--tolerance: found `much`",
        ),
        (
            &["plot", "random", "--x", "rate"],
            "no axis `rate`: these are not results of a sweep",
        ),
        (
            &["plot", "round-robin", "--kind", "cdf"],
            "no data for such a figure",
        ),
        (
            &["plot", "random", "--replication", "99"],
            "random: no replication 99; there are 0 to 4",
        ),
        (
            &["plot", "random", "--calls", "0"],
            "--calls: found 0, expected 1 to 10000",
        ),
        (
            &["plot", "random", "--width", "0"],
            "--width: found 0, expected 160 to 2880 points",
        ),
        (
            &["plot", "random", "--width", "nan"],
            "--width: found NaN, expected 160 to 2880 points",
        ),
        (
            &["plot", "random", "--width", "1e9"],
            "--width: found 1000000000, expected 160 to 2880 points",
        ),
        (
            &["plot", "random", "--height", "10"],
            "--height: found 10, expected 90 to 2880 points",
        ),
        (
            &["plot", "random", "--dpi", "inf"],
            "--dpi: found inf, expected 10 to 2400",
        ),
        (
            &["plot", "random", "--metric", "zork"],
            "random: no metric `zork`; there are calls_sent, ",
        ),
        // Time series count as metrics here.
        (&["plot", "random", "--metric", "zork"], ", tasks_running, "),
        (
            &["plot", "random", "--entity", "zork"],
            "random: no entity `zork`; there are all, ",
        ),
        (
            &[
                "plot",
                "random",
                "--kind",
                "bars",
                "--metric",
                "latency_mean",
                "--entity",
                "slow",
            ],
            "random: no data of latency_mean of slow for such a figure",
        ),
        (
            &["report", "random", "--metric", "zork"],
            "random: no metric `zork`; there are calls_sent, ",
        ),
        (
            &["analyze", "round-robin", "--quantiles", "0.5"],
            "round-robin: no calls.csv, which --by, --quantiles and --warm-up need; `soe run --calls` records it",
        ),
        (
            &["plot", "random", "--replication", "7", "--kind", "stacked"],
            "there are 0 to 4",
        ),
    ];
    for (args, expected) in cases {
        let output = soe(results(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = stderr(&output);
        assert!(error.contains(expected), "{args:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{args:?}: {error}");
    }
}
