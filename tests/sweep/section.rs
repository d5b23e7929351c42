//! Studies that are a section of their scenario.

use std::fs;

use crate::{STUDY, files, soe, stderr, study, succeeds};

/// The same study as the section `sweep` of its scenario.
fn as_scenario_file() -> String {
    let (mut scenario, mut sweep) = ("version = 1\n".to_owned(), "[sweep]\n".to_owned());
    let mut of_scenario = false;
    for line in STUDY.lines() {
        if let Some(section) = line.strip_prefix("[scenario.") {
            of_scenario = true;
            scenario += &format!("[{section}\n");
        } else if let Some(section) = line.strip_prefix("[[") {
            of_scenario = false;
            sweep += &format!("[[sweep.{section}\n");
        } else if let Some(section) = line.strip_prefix('[') {
            of_scenario = false;
            sweep += &format!("[sweep.{section}\n");
        } else if of_scenario {
            scenario += &format!("{line}\n");
        } else if !line.starts_with("version") && !line.starts_with("kind") {
            sweep += &format!("{line}\n");
        }
    }
    scenario + &sweep
}

#[test]
fn a_section_of_the_scenario_gives_the_same_bytes_as_a_study_file() {
    let folder = study();
    let path = folder.path();
    fs::write(path.join("scenario.toml"), as_scenario_file()).unwrap();
    succeeds(path, &["sweep", "study.toml"]);
    succeeds(path, &["sweep", "scenario.toml"]);
    let results = files(&path.join("results/study"));
    assert!(results.len() > 10, "{:?}", results.keys());
    assert!(results == files(&path.join("results/scenario")));
}

#[test]
fn a_run_ignores_the_section_of_sweeps_but_checks_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let both = as_scenario_file();
    let (alone, _) = both.split_once("[sweep]").unwrap();
    fs::write(path.join("alone.toml"), alone).unwrap();
    fs::write(path.join("both.toml"), &both).unwrap();
    let run = |file: &'static str, output: &'static str| {
        [
            "run",
            file,
            "--quiet",
            "--set",
            "run.duration=20 s",
            "--output",
            output,
        ]
    };
    succeeds(path, &run("alone.toml", "alone"));
    succeeds(path, &run("both.toml", "both"));
    assert!(files(&path.join("alone")) == files(&path.join("both")));

    fs::write(
        path.join("wrong.toml"),
        both.replace("\"random\", \"round", "\"randon\", \"round"),
    )
    .unwrap();
    let line = "unknown policy `randon`, did you mean `random`?";
    for args in [
        vec!["sweep", "wrong.toml"],
        run("wrong.toml", "wrong").to_vec(),
    ] {
        let output = soe(path, &args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let text = stderr(&output);
        assert!(
            text.contains(line) && text.contains("wrong.toml:26:"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    let output = soe(path, &["sweep", "alone.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("alone.toml:1:1: this is a scenario without a section `sweep`")
    );
}

#[test]
fn a_checked_scenario_keeps_its_section() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let scenario = as_scenario_file();
    let scenario = scenario.replacen("version = 1", "version = 1\nrun.duration = \"1 s\"", 1);
    fs::write(path.join("mine.toml"), scenario).unwrap();
    let checked = succeeds(path, &["scenario", "check", "mine.toml"]).stdout;
    fs::write(path.join("checked.toml"), checked).unwrap();
    succeeds(path, &["sweep", "mine.toml"]);
    succeeds(path, &["sweep", "checked.toml"]);
    let table = |name: &str| fs::read_to_string(path.join(name).join("metrics.csv")).unwrap();
    assert!(table("results/mine") == table("results/checked"));
}
