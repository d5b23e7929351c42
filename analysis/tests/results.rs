//! Result folders are read back, compared, drawn and reported; wrong ones get one line that says what is wrong.

#![allow(clippy::unwrap_used)]

use analysis::{
    AxisLook, Better, CallStudy, Comparison, Cut, FigureKind, FigureOptions, GroupBy, Manifest,
    Metric, Regression, ReportOptions, ResultFolder, ResultSet, SampleStudy, Selection,
    TableFormat, Unit, Verdict, cautions, export, figures, report,
};
use std::fmt::Write as _;
use std::path::PathBuf;
use tempfile::TempDir;

/// A result folder of the given files.
fn folder(name: &str, seed: u64, files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join(name);
    let folder = ResultFolder::create(&path, false).unwrap();
    for (file, text) in files {
        folder.write(file, text.as_bytes()).unwrap();
    }
    let manifest = Manifest {
        program: "soe".into(),
        version: "1.2.3".into(),
        seed,
        command_line: vec!["soe".into(), "run".into(), "two words.toml".into()],
        scenario: "# <what> & why\n".into(),
        ..Manifest::default()
    };
    folder.commit(manifest).unwrap();
    (parent, path)
}

const HEADER: &str = "point,replication,metric,entity,unit,value\n";

/// Metrics of one point: a common part that changes with the replication, and a shift.
fn shifted(shift: f64, replications: u32) -> String {
    let mut text = HEADER.to_owned();
    for replication in 0..replications {
        let common = f64::from(replication * 7919 % 13);
        let own = f64::from(replication * 31 % 5) / 10.0;
        let value = 1e8 + (common + shift * (1.0 + own / 10.0)) * 1e6;
        writeln!(text, "0,{replication},latency_mean,all,ns,{value:?}").unwrap();
        writeln!(text, "0,{replication},throughput,all,1/s,50.0").unwrap();
    }
    text
}

/// A sweep over a policy and a rate, whose latency grows with the rate, twice as fast under `slow`.
fn sweep() -> (TempDir, PathBuf) {
    let (mut metrics, mut points) = (HEADER.to_owned(), "point,axis,value\n".to_owned());
    let mut point = 0;
    for (policy, factor) in [("fast", 1.0), ("slow", 2.0)] {
        for rate in [10, 20, 40] {
            for replication in 0..5 {
                let noise = f64::from(replication) * 1e4;
                let value = factor * f64::from(rate) * 1e6 + noise;
                writeln!(
                    metrics,
                    "{point},{replication},latency_mean,all,ns,{value:?}"
                )
                .unwrap();
                let share = if policy == "fast" { 0.25 } else { 0.5 };
                writeln!(metrics, "{point},{replication},utilization,a/cpu,1,{share}").unwrap();
            }
            writeln!(points, "{point},broker.router.policy,{policy}").unwrap();
            writeln!(points, "{point},client.user.rate,{rate}").unwrap();
            point += 1;
        }
    }
    folder(
        "sweep",
        1,
        &[("metrics.csv", &metrics), ("points.csv", &points)],
    )
}

/// A run with calls and samples: two computers, one twice as slow, and a start that is slow on both.
fn recorded() -> (TempDir, PathBuf) {
    let mut calls = "replication,call,client,function,path,computer,input_bytes,output_bytes,sent_ns,latency_ns,\
                     processing_ns,load1_percent,hops,outcome,error\n"
        .to_owned();
    let mut samples = "replication,time_ns,entity,metric,unit,value\n".to_owned();
    for replication in 0..3 {
        for call in 0..400_u64 {
            let computer = if call % 2 == 0 { "quick" } else { "slow <1>" };
            let base = if call % 2 == 0 { 10 } else { 20 };
            let start = if call < 40 { 50 } else { 0 };
            let noise = (call * 7919 + replication * 31) % 100;
            let latency = (base + start) * 1_000_000 + noise * 10_000;
            let (latency, outcome) = match call % 50 {
                49 => (String::new(), "lost"),
                _ => (latency.to_string(), "ok"),
            };
            let sent = call * 100_000_000;
            writeln!(
                calls,
                "{replication},{call},user,f,router,{computer},100,,{sent},{latency},{latency},0,1,{outcome},"
            )
            .unwrap();
        }
        for second in 0..40_u64 {
            let time = second * 1_000_000_000;
            writeln!(samples, "{replication},{time},quick/cpu,utilization,1,0.25").unwrap();
            let value = if second < 20 { 0.0 } else { 0.5 };
            writeln!(
                samples,
                "{replication},{time},slow/cpu,utilization,1,{value}"
            )
            .unwrap();
        }
    }
    let metrics = shifted(0.0, 3);
    folder(
        "recorded",
        1,
        &[
            ("metrics.csv", &metrics),
            ("calls.csv", &calls),
            ("samples.csv", &samples),
        ],
    )
}

#[test]
fn metrics_are_read_back_by_point_with_missing_values() {
    let text = format!("{HEADER}1,0,lost,all,,3.0\n0,1,lost,all,,\n0,0,lost,all,,2.0\n");
    let (_parent, path) = folder("run", 7, &[("metrics.csv", &text)]);
    let results = ResultSet::read(&path).unwrap();
    assert_eq!((results.name().as_str(), results.manifest.seed), ("run", 7));
    assert_eq!(results.points.numbers, [0, 1]);
    let first = results.find(0, "lost", "all").unwrap();
    assert_eq!((first.values.len(), first.finite()), (2, vec![2.0]));
    assert_eq!(
        (first.of_replication(0), first.of_replication(1)),
        (Some(2.0), None)
    );
    assert_eq!(results.find(1, "lost", "all").unwrap().finite(), [3.0]);
    assert_eq!(results.find(2, "lost", "all"), None);
    assert_eq!(results.summary().rows.len(), 2);
}

#[test]
fn a_wrong_table_gets_a_line_with_file_place_and_reason() {
    let cases = [
        (
            "0,0,x,all,ns\n",
            "metrics.csv:2: 5 cells, but the header has 6",
        ),
        (
            "0,0,x,all,furlong,1\n",
            "metrics.csv:2: unknown variant `furlong`",
        ),
        ("0,0,x,all,ns,1\nzero,0,x,all,ns,1\n", "metrics.csv:3: "),
        ("0,-1,x,all,ns,1\n", "metrics.csv:2: "),
        ("0,0,x,all,ns,fast\n", "metrics.csv:2: "),
        (
            "0,0,x,all,ns,1\n0,0,x,all,ns,2\n",
            "metrics.csv:3: a second value of x of all",
        ),
        (
            "0,0,x,all,ns,1\n1,0,x,all,ns,1\n0,1,x,all,B,2\n",
            "metrics.csv:4: the unit of x is `B` here and `ns` above",
        ),
    ];
    for (rows, expected) in cases {
        let (_parent, path) = folder("run", 1, &[("metrics.csv", &format!("{HEADER}{rows}"))]);
        let error = ResultSet::read(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{rows:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let points = [
        (
            "axis,value\n",
            "points.csv:1: the first column must be `point`",
        ),
        (
            "point,axis,value\nx,rate,1\n",
            "points.csv:2: `x` is not the number of a point",
        ),
        (
            "point,axis,value\n0,rate,1\n0,rate,2\n",
            "points.csv:3: a second value of rate at point 0",
        ),
    ];
    for (text, expected) in points {
        let metrics = format!("{HEADER}0,0,x,all,ns,1\n");
        let (_parent, path) = folder("run", 1, &[("metrics.csv", &metrics), ("points.csv", text)]);
        let error = ResultSet::read(&path).unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn points_are_the_same_however_their_table_has_them() {
    let metrics = format!("{HEADER}0,0,x,all,ns,1\n1,0,x,all,ns,1\n");
    let dictionary =
        r#"{"tables": [{"table": "points", "columns": [{"name": "delay", "unit": "ms"}]}]}"#;
    let ways: [&[(&str, &str)]; 3] = [
        &[(
            "points.csv",
            "point,axis,value\n0,delay,1 ms\n0,policy,a\n1,delay,10 ms\n1,policy,\"b, c\"\n",
        )],
        &[(
            "points.csv",
            "point,delay,policy\n0,1 ms,a\n1,10 ms,\"b, c\"\n",
        )],
        &[
            ("points.csv", "point,delay,policy\n0,1,a\n1,10,\"b, c\"\n"),
            ("columns.json", dictionary),
        ],
    ];
    for way in ways {
        let files = [&[("metrics.csv", metrics.as_str())], way].concat();
        let (parent, path) = folder("run", 1, &files);
        let results = ResultSet::read(&path).unwrap();
        assert_eq!(
            results.points.parameters(1),
            [("delay", "10 ms"), ("policy", "b, c")]
        );
        let numbers = results.points.axes[0].numbers();
        assert_eq!(numbers, Some((vec![1.0, 10.0], "ms".to_owned())));
        let written = export(&path, &parent.path().join("lines"), TableFormat::JsonLines).unwrap();
        let lines = std::fs::read_to_string(&written[1]).unwrap();
        let expected = "{\"point\":0,\"delay\":1.0,\"policy\":\"a\"}\n\
                        {\"point\":1,\"delay\":10.0,\"policy\":\"b, c\"}\n";
        assert_eq!(lines, expected);
    }
}

#[test]
fn what_is_no_result_folder_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    let missing = parent.path().join("nowhere");
    let error = ResultSet::read(&missing).unwrap_err().to_string();
    assert!(error.contains("nowhere: no such folder"), "{error}");
    let error = ResultSet::read(parent.path()).unwrap_err().to_string();
    assert!(error.contains("manifest.json: "), "{error}");
    let file = parent.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = ResultSet::read(&file).unwrap_err().to_string();
    assert!(error.contains("is not a folder"), "{error}");
}

#[test]
fn a_wide_table_of_points_is_read_too() {
    let metrics = format!("{HEADER}0,0,x,all,ns,1\n1,0,x,all,ns,1\n");
    let points = "point,rate,policy\n0,10,random\n1,20,random\n";
    let (_parent, path) = folder(
        "run",
        1,
        &[("metrics.csv", &metrics), ("points.csv", points)],
    );
    let points = ResultSet::read(&path).unwrap().points;
    assert_eq!(points.axes.len(), 2);
    assert_eq!(
        points.axes[0].numbers(),
        Some((vec![10.0, 20.0], String::new()))
    );
    assert_eq!(points.parameters(1), [("policy", "random"), ("rate", "20")]);
    // What is the same everywhere tells nothing.
    assert_eq!(points.label(1, |_| false), "rate=20");
}

#[test]
fn a_small_difference_on_common_random_numbers_is_real_and_on_others_is_not() {
    let none = Selection::default();
    let (_a, old) = folder("old", 1, &[("metrics.csv", &shifted(0.0, 10))]);
    let (_b, new) = folder("new", 1, &[("metrics.csv", &shifted(0.5, 10))]);
    let (_c, other) = folder("other", 2, &[("metrics.csv", &shifted(0.5, 10))]);
    let read = |path: &PathBuf| ResultSet::read(path).unwrap();
    let (old, new, other) = (read(&old), read(&new), read(&other));

    let paired = Comparison::of_folders(&[&old, &new], &none).unwrap();
    assert!(paired.paired);
    let latency = &paired.rows[0];
    assert!(latency.ranking.pairs[0].is_real());
    assert!((latency.ranking.pairs[0].difference.interval.mean - 0.51e6).abs() < 2e4);
    assert!(
        !paired.rows[1].ranking.pairs[0].is_real(),
        "equal throughput"
    );
    let text = paired.to_text(false);
    assert!(
        text.contains("new - old") && text.contains("higher"),
        "{text}"
    );
    // The other way round the sign changes.
    let reversed = Comparison::of_folders(&[&new, &old], &none)
        .unwrap()
        .to_text(false);
    assert!(
        reversed.contains("lower") && reversed.contains("-51"),
        "{reversed}"
    );

    let independent = Comparison::of_folders(&[&old, &other], &none).unwrap();
    assert!(!independent.paired && !independent.rows[0].ranking.pairs[0].is_real());
    let mut csv = Vec::new();
    paired.write_csv(&mut csv).unwrap();
    assert_eq!(String::from_utf8(csv).unwrap().lines().count(), 3);
    assert!(Comparison::of_folders(&[&old], &none).is_err());
}

#[test]
fn alternatives_along_an_axis_are_ranked_at_each_point_of_the_others() {
    let (_parent, path) = sweep();
    let results = ResultSet::read(&path).unwrap();
    let selection = Selection {
        metrics: vec!["latency_mean".into()],
        entities: Vec::new(),
    };
    let comparison = Comparison::over_axis(&results, "policy", &selection).unwrap();
    assert_eq!(comparison.alternatives, ["fast", "slow"]);
    let contexts: Vec<&str> = comparison
        .rows
        .iter()
        .map(|row| row.context.as_str())
        .collect();
    assert_eq!(contexts, ["rate=10", "rate=20", "rate=40"]);
    for row in &comparison.rows {
        assert!(row.ranking.pairs[0].is_real());
        assert_eq!(row.ranking.places[0].alternative, 0);
    }
    let error = Comparison::over_axis(&results, "cores", &selection).unwrap_err();
    assert!(
        error.ends_with("no axis `cores`; there are broker.router.policy, client.user.rate"),
        "{error}"
    );
    let unknown = Selection {
        metrics: vec!["latency".into()],
        entities: Vec::new(),
    };
    let error = unknown.check(&results).unwrap_err();
    assert!(
        error.ends_with("no metric `latency`; there are latency_mean, utilization"),
        "{error}"
    );
}

#[test]
fn alternatives_without_a_value_are_named() {
    let mut metrics = HEADER.to_owned();
    let mut points = "point,policy,rate\n".to_owned();
    let mut point = 0;
    for policy in ["a", "b", "c", "d"] {
        for rate in [1, 2] {
            writeln!(points, "{point},{policy},{rate}").unwrap();
            for replication in 0..4 {
                let value = match (policy, rate) {
                    // No call was ever answered.
                    ("c", _) | ("b", 2) => String::new(),
                    _ => format!("{}", 1e6 * f64::from(rate * (replication + 1))),
                };
                writeln!(metrics, "{point},{replication},latency_mean,all,ns,{value}").unwrap();
                if policy == "d" {
                    writeln!(metrics, "{point},{replication},own,all,,{replication}").unwrap();
                }
            }
            point += 1;
        }
    }
    let (_parent, path) = folder(
        "gaps",
        1,
        &[("metrics.csv", &metrics), ("points.csv", &points)],
    );
    let results = ResultSet::read(&path).unwrap();
    let comparison = Comparison::over_axis(&results, "policy", &Selection::default()).unwrap();
    let expected = "no value of b: latency_mean of all, rate=2\nno value of c anywhere: it is not compared\n\
                    only one alternative has a value: own of all, rate=1; own of all, rate=2\n";
    assert_eq!(comparison.left_out(), expected);
    assert!(comparison.to_text(false).contains(expected));
    let (_parent, path) = sweep();
    let results = ResultSet::read(&path).unwrap();
    let whole = Comparison::over_axis(&results, "policy", &Selection::default()).unwrap();
    assert_eq!(whole.left_out(), "");
}

#[test]
fn a_summary_of_a_sweep_says_where_each_point_is() {
    let (_parent, path) = sweep();
    let results = ResultSet::read(&path).unwrap();
    let text = results.summary().to_text_at(&results.points);
    let mut lines = text.lines();
    let words = |line: Option<&str>| {
        let words = line.unwrap().split_whitespace().take(4);
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(words(lines.next()), ["point", "policy", "rate", "metric"]);
    assert_eq!(words(lines.next()), ["0", "fast", "10", "latency_mean"]);
    assert!(text.contains("    5  slow      40  utilization "), "{text}");
    // A single point is nowhere in particular.
    let (_parent, path) = recorded();
    let results = ResultSet::read(&path).unwrap();
    let summary = results.summary();
    assert_eq!(summary.to_text_at(&results.points), summary.to_text());
    // What calls for caution says so, too.
    let (_parent, path) = folder(
        "few",
        1,
        &[
            (
                "metrics.csv",
                &format!("{HEADER}0,0,x,all,,1\n0,1,x,all,,1\n1,0,x,all,,1\n1,1,x,all,,9\n"),
            ),
            ("points.csv", "point,rate\n0,5\n1,10\n"),
        ],
    );
    let results = ResultSet::read(&path).unwrap();
    let found = cautions(&results, &results.metrics, None);
    assert!(
        found[0].ends_with("more: soe sweep --replications 30"),
        "{found:?}"
    );
    assert!(
        found[1].ends_with("the first that of x of all at rate=10"),
        "{found:?}"
    );
}

#[test]
fn a_regression_is_told_from_noise_and_from_what_does_not_matter() {
    let none = Selection::default();
    let judge = |old: &str, new: &str, tolerance| {
        let (_a, old) = folder("old", 1, &[("metrics.csv", old)]);
        let (_b, new) = folder("new", 1, &[("metrics.csv", new)]);
        let (old, new) = (ResultSet::read(old).unwrap(), ResultSet::read(new).unwrap());
        let found = Regression::of(&old, &new, tolerance, &none).unwrap();
        found.rows.iter().map(|row| row.verdict).collect::<Vec<_>>()
    };
    let (same, shift) = (shifted(0.0, 10), shifted(0.5, 10));
    assert_eq!(judge(&same, &same, 0.0), [Verdict::Same, Verdict::Same]);
    assert_eq!(judge(&same, &shift, 0.0), [Verdict::Changed, Verdict::Same]);
    // Half a percent does not matter if one percent is allowed.
    assert_eq!(judge(&same, &shift, 0.01), [Verdict::Within, Verdict::Same]);
    // One replication has no interval: any change counts.
    let (same, shift) = (shifted(0.0, 1), shifted(0.5, 1));
    assert_eq!(judge(&same, &shift, 0.0), [Verdict::Changed, Verdict::Same]);
    assert_eq!(judge(&same, &shift, 0.01), [Verdict::Within, Verdict::Same]);

    let gone = format!("{HEADER}0,0,throughput,all,1/s,50.0\n0,0,new_one,all,,1\n");
    assert_eq!(
        judge(&same, &gone, 0.0),
        [Verdict::Missing, Verdict::Same, Verdict::New]
    );
    let (_a, old) = folder("old", 1, &[("metrics.csv", &same)]);
    let (_b, new) = folder("new", 1, &[("metrics.csv", &gone)]);
    let (old, new) = (ResultSet::read(old).unwrap(), ResultSet::read(new).unwrap());
    let regression = Regression::of(&old, &new, 0.0, &none).unwrap();
    assert_eq!(regression.alarms().count(), 1);
    let text = regression.to_text(false);
    assert!(
        text.contains("MISSING") && !text.contains("same  "),
        "{text}"
    );
    assert!(
        text.contains("3 metrics: 1 same, 0 within, 0 changed, 1 missing, 1 new"),
        "{text}"
    );
}

#[test]
fn calls_are_studied_by_group_and_their_warm_up_is_found() {
    let (_parent, path) = recorded();
    let results = ResultSet::read(&path).unwrap();
    let study = CallStudy::of(&results, GroupBy::Computer, Cut::Automatic).unwrap();
    let transient = study.transient.as_ref().unwrap();
    // The first 40 calls are slow; batches are of five completed calls.
    assert!(transient.warm_up.settled && (40..=45).contains(&transient.warm_up.cut));
    assert_eq!(study.cut_ns, transient.ends_ns);
    let names: Vec<&str> = study
        .groups
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    assert_eq!(names, ["quick", "slow <1>"]);
    let metrics = study.metrics(&[0.5]);
    let find = |metric: &str, entity: &str| {
        let mut found = metrics.iter();
        let it = found
            .find(|it| it.metric == metric && it.entity == entity)
            .unwrap();
        it.interval().unwrap().mean
    };
    assert!((find("latency_p50", "quick") - 10.5e6).abs() < 0.1e6);
    assert!((find("latency_p50", "slow <1>") - 20.5e6).abs() < 0.1e6);
    assert_eq!(find("completed", "quick"), 1.0);
    assert!(find("completed", "slow <1>") < 0.97);
    // The same numbers without keeping the times of all calls.
    let (lean, measured) =
        CallStudy::measure(&results, GroupBy::Computer, Cut::Automatic, &[0.5]).unwrap();
    assert_eq!(measured, metrics);
    assert_eq!(
        (lean.cut_ns, lean.correlation),
        (study.cut_ns, study.correlation)
    );
    assert!(lean.groups.is_empty());
    // Without the cut, somebody should be told.
    let uncut = CallStudy::of(&results, GroupBy::All, Cut::AsRun).unwrap();
    let told = cautions(&results, &results.metrics, Some(&uncut));
    assert!(
        told.iter().any(|it| it.contains("the warm-up lasts until")),
        "{told:?}"
    );
    assert!(
        told.iter()
            .any(|it| it.contains("intervals over 3 replication(s)")),
        "{told:?}"
    );
}

#[test]
fn rows_of_a_replication_that_do_not_stand_together_are_refused() {
    let (_parent, path) = recorded();
    let file = path.join("calls.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let first = lines.remove(1);
    lines.push(first);
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    let results = ResultSet::read(&path).unwrap();
    let error = CallStudy::of(&results, GroupBy::All, Cut::AsRun).unwrap_err();
    let line = "calls.csv: the rows of replication 0 do not stand together";
    assert!(error.to_string().ends_with(line), "{error}");
}

#[test]
fn averages_over_time_begin_after_the_warm_up() {
    let (_parent, path) = recorded();
    let results = ResultSet::read(&path).unwrap();
    let samples = SampleStudy::of(&results).unwrap();
    let of = |from| samples.time_averages(from)[1].interval().unwrap().mean;
    assert!((of(0) - 0.5 * 19.0 / 39.0).abs() < 1e-12);
    assert_eq!(of(20_000_000_000), 0.5);
}

#[test]
fn averages_over_time_are_the_same_without_keeping_samples_and_in_any_order_of_rows() {
    let mut rows = Vec::new();
    for replication in 0..3_u64 {
        for time in 0..200_u64 {
            for (number, entity) in ["b", "a"].iter().enumerate() {
                let value = (time * 7919 + replication * 31 + number as u64 * 17) % 101;
                let value = match value {
                    0 => String::new(),
                    value => format!("{}", value as f64 / 7.0),
                };
                let time = time * 300_000_007;
                rows.push(format!("{replication},{time},{entity},queue,,{value}\n"));
            }
        }
    }
    let mut mixed = rows.clone();
    mixed.sort_by_key(|row| row.bytes().rev().collect::<Vec<_>>());
    // The order of the series is that of the file.
    let first = mixed.iter().position(|row| row.contains(",b,")).unwrap();
    mixed.swap(0, first);
    let averages = |rows: &[String]| {
        let samples = format!(
            "replication,time_ns,entity,metric,unit,value\n{}",
            rows.concat()
        );
        let files = [("metrics.csv", shifted(0.0, 3)), ("samples.csv", samples)];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, &**text)).collect();
        let (_parent, path) = folder("samples", 1, &files);
        let results = ResultSet::read(&path).unwrap();
        [0, 30_000_000_000].map(|from| {
            let found = SampleStudy::averages(&results, from).unwrap();
            let kept = SampleStudy::of(&results).unwrap().time_averages(from);
            assert_eq!(found, kept);
            found
        })
    };
    let ordered = averages(&rows);
    assert_eq!(ordered[0].len(), 2);
    assert_eq!(ordered, averages(&mixed));
}

#[test]
fn each_kind_of_figure_is_drawn_where_there_is_something_to_draw() {
    let kinds = |results: &ResultSet, options: &FigureOptions| {
        let drawn = figures(results, options).unwrap();
        for figure in &drawn {
            let svg = figure.to_svg();
            assert!(
                svg.starts_with("<svg ") && !svg.contains("NaN"),
                "{}",
                figure.name
            );
            assert!(!svg.contains("no data"), "{}", figure.name);
        }
        drawn
            .into_iter()
            .map(|figure| figure.name)
            .collect::<Vec<_>>()
    };
    let (_parent, path) = recorded();
    let results = ResultSet::read(&path).unwrap();
    static UTILIZATION: Metric =
        Metric::new("utilization", Unit::Ratio, "").stacks("processors in use");
    let options = FigureOptions {
        metrics: [&UTILIZATION].into_iter().collect(),
        ..FigureOptions::default()
    };
    assert_eq!(
        kinds(&results, &options),
        [
            "latency-cdf",
            "latency-box",
            "warm-up",
            "warm-up-rule",
            "timeline",
            "utilization-stacked",
            "utilization-over-time",
        ]
    );
    let (_parent, path) = sweep();
    let results = ResultSet::read(&path).unwrap();
    assert_eq!(
        kinds(&results, &FigureOptions::default()),
        ["latency_mean-over-rate", "utilization-a-cpu-over-rate"]
    );
    let heat = FigureOptions {
        kinds: vec![FigureKind::Heat],
        selection: Selection {
            metrics: vec!["latency_mean".into()],
            entities: Vec::new(),
        },
        ..FigureOptions::default()
    };
    assert_eq!(kinds(&results, &heat), ["latency_mean-map-rate-policy"]);
    let by_name = FigureOptions {
        x: Some("policy".into()),
        ..FigureOptions::default()
    };
    assert_eq!(kinds(&results, &by_name)[0], "latency_mean-by-policy");
    let wrong = FigureOptions {
        x: Some("cores".into()),
        ..FigureOptions::default()
    };
    assert!(
        figures(&results, &wrong)
            .unwrap_err()
            .to_string()
            .contains("no axis `cores`")
    );
    let twice = FigureOptions {
        x: Some("policy".into()),
        by: Some("broker.router.policy".into()),
        ..FigureOptions::default()
    };
    let error = figures(&results, &twice).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "axis `broker.router.policy` cannot be both horizontal and that of the series; other axes: client.user.rate"
        ),
        "{error}"
    );
}

#[test]
fn axes_of_a_sweep_are_shown_as_is_asked_for() {
    let (_parent, path) = sweep();
    let results = ResultSet::read(&path).unwrap();
    let look = |key: &str, label: &str, logarithmic| AxisLook {
        key: key.into(),
        label: label.into(),
        logarithmic,
    };
    let draw = |kind, x: &str, by: &str| {
        let options = FigureOptions {
            kinds: vec![kind],
            selection: Selection {
                metrics: vec!["latency_mean".into()],
                entities: Vec::new(),
            },
            x: Some(x.into()),
            by: Some(by.into()),
            axes: vec![
                look("client.user.rate", "calls per second", true),
                look("broker.router.policy", "what the router does", false),
            ],
            ..FigureOptions::default()
        };
        figures(&results, &options).unwrap()[0].to_svg()
    };
    let lines = draw(FigureKind::Lines, "rate", "policy");
    assert!(lines.contains(">calls per second</text>"));
    // Ticks of a logarithmic axis from 10 to 40.
    for tick in ["10", "20"] {
        assert!(lines.contains(&format!(">{tick}</text>")), "{tick}");
    }
    assert!(!lines.contains(">30</text>"));
    let bars = draw(FigureKind::Bars, "policy", "rate");
    assert!(bars.contains(">what the router does</text>"));
    assert!(bars.contains(">calls per second = 20</text>"));
    let map = draw(FigureKind::Heat, "rate", "policy");
    assert!(
        map.contains(">calls per second</text>") && map.contains(">what the router does</text>")
    );
}

#[test]
fn a_timeline_without_calls_is_none() {
    let (_parent, path) = recorded();
    let results = ResultSet::read(&path).unwrap();
    let options = FigureOptions {
        kinds: vec![FigureKind::Timeline],
        replication: 99,
        ..FigureOptions::default()
    };
    assert!(figures(&results, &options).unwrap().is_empty());
}

#[test]
fn a_report_is_one_page_that_loads_nothing_and_escapes_what_it_shows() {
    static LATENCY: Metric =
        Metric::new("latency_mean", Unit::Nanoseconds, "A \"quoted\" <meaning>")
            .better(Better::Lower)
            .rank(1);
    let options = ReportOptions {
        title: Some("<b> & co".into()),
        figures: FigureOptions {
            metrics: [&LATENCY].into_iter().collect(),
            ..FigureOptions::default()
        },
    };
    for (_parent, path) in [recorded(), sweep()] {
        let results = ResultSet::read(&path).unwrap();
        let page = report(&results, &options).unwrap();
        assert_eq!(
            page,
            report(&results, &options).unwrap(),
            "the same bytes each time"
        );
        assert!(page.contains("<h1>&lt;b&gt; &amp; co</h1>"));
        assert!(page.contains("# &lt;what&gt; &amp; why"));
        assert!(
            page.contains("soe run &#39;two words.toml&#39;")
                || page.contains("soe run 'two words.toml'")
        );
        assert!(page.contains("title=\"A &quot;quoted&quot; &lt;meaning&gt;\""));
        for address in [" src=", "@import", "url(http", "fetch(", "XMLHttpRequest"] {
            assert!(!page.contains(address), "{address}");
        }
        let links = page.matches("http").count();
        let names =
            page.matches("http://www.w3.org/2000/svg").count() + page.matches("http-equiv").count();
        assert_eq!(links, names, "no address but that of the SVG vocabulary");
        let opened = page.matches("<section").count();
        assert_eq!(opened, page.matches("</section>").count());
    }
    let (_parent, path) = sweep();
    let page = report(&ResultSet::read(&path).unwrap(), &options).unwrap();
    assert_eq!(page.matches("class=\"page\"").count(), 6);
    assert!(page.contains("id=\"point-5\"") && page.contains("href=\"#point-5\""));
}
