//! What a result folder holds.

use std::fs;

use crate::{STUDY, files, stderr, succeeds};

/// The study with its scenario in a file of its own, `base.toml`.
fn with_base() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut base = "version = 1\n".to_owned();
    let mut study = String::new();
    let mut is_base = false;
    for line in STUDY.lines() {
        if line.starts_with('[') {
            is_base = line.starts_with("[scenario.");
        }
        match is_base {
            true => base += &line.replace("[scenario.", "["),
            false => study += line,
        }
        let text = if is_base { &mut base } else { &mut study };
        text.push('\n');
    }
    let study = study.replace(
        "replications = 12\n",
        "replications = 12\nbase = \"base.toml\"\n",
    );
    fs::write(folder.path().join("base.toml"), base).unwrap();
    (folder, study)
}

#[test]
fn the_study_in_the_results_can_be_run_again_wherever_it_is() {
    let (folder, study) = with_base();
    let path = folder.path();
    fs::create_dir(path.join("studies")).unwrap();
    fs::rename(path.join("base.toml"), path.join("studies/base.toml")).unwrap();
    fs::write(path.join("studies/mine.toml"), study).unwrap();
    succeeds(path, &["sweep", "studies/mine.toml"]);
    let manifest = fs::read_to_string(path.join("results/mine/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let inputs = manifest["inputs"].as_object().unwrap();
    assert_eq!(
        inputs.keys().collect::<Vec<_>>(),
        ["studies/base.toml"],
        "{manifest}"
    );
    let again = ["sweep", "results/mine/study.toml", "--output", "again"];
    succeeds(path, &again);
    assert!(files(&path.join("results/mine")) == files(&path.join("again")));
}

#[test]
fn figures_whose_names_would_be_the_same_are_told_apart() {
    let (folder, study) = with_base();
    let path = folder.path();
    let long = "x".repeat(300);
    let study = study
        + &format!(
            "labels = [\"α\", \"β\", \"{long}\"]\n[[figure]]\nname = \"latency\"\nmetric = \"latency_mean@all\"\n\
         x = \"rate\"\n[[figure]]\nname = \"nothing\"\nmetric = \"latency_mean@all\"\nx = \"rate\"\n\
         entities = [\"nobody\"]\n"
        );
    fs::write(path.join("study.toml"), study).unwrap();
    let output = succeeds(path, &["sweep", "study.toml", "--quiet"]);
    let names: Vec<_> = files(&path.join("results/study"))
        .into_keys()
        .filter_map(|name| Some(name.strip_prefix("figures/")?.to_owned()))
        .collect();
    assert_eq!(names.len(), 6, "{names:?}");
    assert!(names.contains(&"latency--.svg".to_owned()), "{names:?}");
    assert!(names.contains(&"latency---2.svg".to_owned()), "{names:?}");
    assert!(names.iter().all(|name| name.len() < 200), "{names:?}");
    assert_eq!(
        stderr(&output),
        "soe: figure `nothing` has nothing to show\n"
    );
}

#[test]
fn a_section_of_a_scenario_is_run_from_its_seed_as_often_as_it_says() {
    let (folder, study) = with_base();
    let path = folder.path();
    let base = fs::read_to_string(path.join("base.toml")).unwrap();
    let axis = "[[sweep.axis]]\nkey = \"client.user.arrivals.rate\"\nvalues = [5, 10, 20]\n";
    let run = "[run]\nseed = 42\nreplications = 3\nduration = \"200 s\"\n";
    fs::write(
        path.join("section.toml"),
        format!("{base}{run}[sweep]\n{axis}"),
    )
    .unwrap();
    let (study, _) = study.split_once("[[axis]]\nname = \"policy\"").unwrap();
    let study = study.replace("replications = 12\n", "replications = 3\nseed = 42\n");
    fs::write(path.join("file.toml"), study).unwrap();
    succeeds(path, &["sweep", "section.toml"]);
    succeeds(path, &["sweep", "file.toml"]);
    let table = |name: &str| fs::read_to_string(path.join(name).join("metrics.csv")).unwrap();
    assert!(table("results/section") == table("results/file"));
}
