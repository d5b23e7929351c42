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
