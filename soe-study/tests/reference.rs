//! The committed references are the ones that the code makes.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use soe_study::Study;

#[test]
fn the_list_of_metrics_in_docs_is_what_the_code_declares() {
    assert_is_current("metrics.md", &soe_study::metrics_reference());
}

#[test]
fn the_reference_of_studies_in_docs_is_what_the_code_declares() {
    assert_is_current("study-reference.md", &soe_study::reference());
}

fn assert_is_current(name: &str, reference: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, reference).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == reference,
        "docs/{name} is out of date: UPDATE_DOCS=1 cargo test -p soe-study --test reference"
    );
}

#[test]
fn the_example_of_the_reference_is_a_valid_study() {
    let reference = soe_study::reference();
    let example = reference.split("```").nth(1).unwrap();
    let example = example.strip_prefix("toml\n").unwrap();
    let plan = Study::parse(example, "example.toml").unwrap().resolve();
    let plan = plan.unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!((plan.points.len(), plan.replications.max), (4, 20));
}

#[test]
fn the_schema_has_every_section_and_key_of_the_reference() {
    let schema: serde_json::Value = serde_json::from_str(&soe_study::schema()).unwrap();
    let reference = soe_study::reference();
    let mut sections = 0;
    for part in reference.split("\n### ").skip(1) {
        let (heading, table) = part.split_once('\n').unwrap();
        let name = heading.trim_matches(['`', '[', ']']).replace(".NAME", "");
        let section = match name.as_str() {
            "At the top" => &schema,
            // Part of the schema of scenarios, which hands it on.
            "sweep" => continue,
            name => &schema["$defs"][name],
        };
        let keys = table.lines().filter_map(|line| {
            let (key, _) = line.strip_prefix("| `")?.split_once('`')?;
            Some(key)
        });
        let properties = section["properties"].as_object().unwrap();
        let expected: std::collections::BTreeSet<&str> = keys.collect();
        let found = properties.keys().map(String::as_str).collect();
        assert_eq!(expected, found, "{name}");
        sections += 1;
    }
    assert_eq!(sections, 10);
}
