//! The committed reference is the one that the code makes.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use scenarios::format;

#[test]
fn the_reference_in_docs_is_what_the_code_declares() {
    assert_is_current("scenario-reference.md", &format::reference());
}

fn assert_is_current(name: &str, reference: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, reference).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == reference,
        "docs/{name} is out of date: UPDATE_DOCS=1 cargo test -p scenarios --test reference"
    );
}

#[test]
fn the_example_of_the_reference_is_a_valid_scenario() {
    let reference = format::reference();
    let example = reference
        .split("```toml")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let scenario = format::Scenario::parse(example, "example.toml").unwrap();
    assert_eq!(scenario.resolve().unwrap().computers.len(), 2);
}

#[test]
fn the_starter_is_a_valid_scenario() {
    let scenario = format::Scenario::parse(format::starter(), "starter.toml").unwrap();
    let deployment = scenario.resolve().unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(deployment.clients.len(), 20);
}
