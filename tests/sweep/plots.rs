//! `soe plot` of what a sweep has left.

use std::fs;

use crate::{STUDY, soe, stderr, stdout, study, succeeds};

#[test]
fn plots_without_options_are_the_figures_of_the_study() {
    let folder = study();
    let path = folder.path();
    let figure = "[[figure]]\nname = \"tail\"\nmetric = \"latency_p95@all\"\nx = \"rate\"\nseries = \"policy\"\n";
    fs::write(path.join("study.toml"), format!("{STUDY}{figure}")).unwrap();
    succeeds(path, &["sweep", "study.toml", "--replications", "2"]);
    let text = stdout(&succeeds(
        path,
        &[
            "plot",
            "results/study",
            "--output",
            "plots",
            "--format",
            "both",
            "--dpi",
            "60",
        ],
    ));
    assert_eq!(text, "plots/tail.svg\nplots/tail.png\n");
    let drawn = fs::read(path.join("results/study/figures/tail.svg")).unwrap();
    assert!(drawn == fs::read(path.join("plots/tail.svg")).unwrap());
    // In another size: the same metric over the same axis, a line for each policy.
    let args = [
        "plot",
        "results/study",
        "--output",
        "wide",
        "--width",
        "400",
    ];
    let text = stdout(&succeeds(path, &args));
    assert_eq!(text.lines().count(), 1, "{text}");
    let svg = fs::read_to_string(path.join(text.trim())).unwrap();
    for part in [
        "95th percentile of latency",
        "rate",
        "round-robin",
        "least-impedance",
    ] {
        assert!(svg.contains(part), "{part}");
    }
    // Another metric, over the axes that the study shows.
    let args = [
        "plot",
        "results/study",
        "--output",
        "other",
        "--metric",
        "latency_mean",
    ];
    let text = stdout(&succeeds(path, &args));
    assert!(text.contains("latency_mean-over-rate"), "{text}");
    // One page about it shows the same axes.
    succeeds(path, &["report", "results/study", "--output", "page.html"]);
    let page = fs::read_to_string(path.join("page.html")).unwrap();
    assert!(page.contains("least-impedance"));
    fs::write(path.join("results/study/study.toml"), "figure = [").unwrap();
    let output = soe(path, &args);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("study.toml: cannot be read"),
        "{}",
        stderr(&output)
    );
}

/// A study whose axes have labels, and a rate that has many digits.
const LABELLED: &str = r#"
version = 1
kind = "scenario"
title = "Policies & load"
replications = 2
metrics = ["latency_mean@all", "share"]
[scenario.network]
latency = "0.1 ms"
[scenario.controller.control]
[scenario.computer.edge]
count = 2
platform = "raspberry"
[scenario.broker.router]
policy = "random"
[scenario.client.user]
function = "clambda0"
destination = "router"
size = "10 kB"
arrivals = { type = "poisson", rate = 5 }
[set]
"run.duration" = "100 s"
[[axis]]
key = "client.user.arrivals.rate"
label = "calls per second"
from = 1
to = 10
steps = 3
spacing = "logarithmic"
[[axis]]
name = "policy"
label = "what the router does"
key = "broker.router.policy"
values = ["random", "round-robin"]
[[figure]]
name = "share"
metric = "share"
x = "policy"
series = "rate"
"#;

#[test]
fn axes_keep_their_labels_and_pages_their_title_whatever_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("study.toml"), LABELLED).unwrap();
    succeeds(path, &["sweep", "study.toml"]);
    let drawn = |args: &[&str]| {
        let all = [&["plot", "results/study", "--output", "plots"], args].concat();
        let text = stdout(&succeeds(path, &all));
        let file = text.lines().next().unwrap().to_owned();
        fs::read_to_string(path.join(file)).unwrap()
    };
    let asked = ["--metric", "latency_mean", "--x", "rate", "--by", "policy"];
    for svg in [
        drawn(&[&asked[..], &["--kind", "heat"]].concat()),
        drawn(&asked),
    ] {
        assert!(svg.contains(">calls per second</text>"), "{svg}");
        assert!(!svg.contains("3.16227"), "{svg}");
    }
    let map = drawn(&[&asked[..], &["--kind", "heat"]].concat());
    assert!(map.contains(">what the router does</text>") && map.contains(">3.16</text>"));
    // The sweep itself and `soe plot` say the same of the same share.
    let of_sweep = fs::read_to_string(path.join("results/study/figures/share.svg")).unwrap();
    let anew = drawn(&["--width", "300"]);
    for svg in [of_sweep, anew] {
        assert!(svg.contains(">share of calls (%)</text>"), "{svg}");
        assert!(
            svg.contains("calls per second") && svg.contains("3.16<"),
            "{svg}"
        );
    }
    succeeds(path, &["report", "results/study", "--output", "page.html"]);
    let page = fs::read_to_string(path.join("page.html")).unwrap();
    assert!(page.contains("<h1>Policies &amp; load</h1>"));
    assert!(page.contains("what the router does</text>"));
    let args = [
        "report",
        "results/study",
        "--output",
        "other.html",
        "--title",
        "Mine",
    ];
    succeeds(path, &args);
    let page = fs::read_to_string(path.join("other.html")).unwrap();
    assert!(page.contains("<h1>Mine</h1>"));
}

#[test]
fn plots_of_a_sweep_that_make_no_sense_are_refused() {
    let folder = study();
    let path = folder.path();
    succeeds(path, &["sweep", "study.toml", "--replications", "2"]);
    let cases: [(&[&str], &str); 4] = [
        (
            &["--x", "rate", "--by", "rate"],
            "axis `rate` cannot be both horizontal and that of the series; other axes: policy",
        ),
        (
            &["--metric", "zork"],
            "results/study: no metric `zork`; there are calls_sent, ",
        ),
        (&["--entity", "zork"], "no entity `zork`; there are all, "),
        (
            &["--kind", "cdf"],
            "no data for such a figure; for a sweep there are lines, bars and heat maps",
        ),
    ];
    for (args, expected) in cases {
        let output = soe(path, &[&["plot", "results/study"], args].concat());
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(expected), "{args:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{args:?}: {error}");
        assert!(!path.join("study-plots").exists(), "{args:?}");
    }
}
