//! The simulator obeys theory, and theory finds out when it does not.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use soe_sim::Progress;
use soe_study::theory::{Agreement, Checked, Effort, Law, laws};

fn check(law: &Law, seed: u64, broken: bool) -> Vec<Checked> {
    let effort = Effort {
        seed,
        replications: 20,
        confidence: 0.9999,
        threads: None,
    };
    law.check(&effort, broken, &Progress::default()).unwrap()
}

#[test]
fn every_law_holds_and_finds_its_sabotage() {
    for law in laws() {
        for it in check(&law, 1, false) {
            let ratio = it.ratio();
            assert_ne!(it.agreement, Agreement::Differs, "{it:?}: ratio {ratio}");
        }
        let broken = check(&law, 1, true);
        let caught = |it: &Checked| it.agreement == Agreement::Differs;
        let what = law.sabotage.what;
        assert!(
            broken.iter().any(caught),
            "{}: {what}: {broken:#?}",
            law.name
        );
    }
}

#[test]
fn laws_have_names_of_their_own_and_claims() {
    let laws = laws();
    let names: BTreeSet<&str> = laws.iter().map(|law| law.name).collect();
    assert_eq!(names.len(), laws.len());
    for law in &laws {
        assert!(
            law.cases.iter().all(|case| !case.claims.is_empty()),
            "{}",
            law.name
        );
    }
}
