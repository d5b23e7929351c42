//! The committed list of metrics is the one that the code makes.

#![allow(clippy::unwrap_used)]

use std::path::Path;

#[test]
fn the_list_of_metrics_in_docs_is_what_the_code_declares() {
    let reference = soe_study::metrics_reference();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &reference).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == reference,
        "docs/metrics.md is out of date: UPDATE_DOCS=1 cargo test -p soe-study --test reference"
    );
}
