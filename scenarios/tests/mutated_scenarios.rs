//! Whatever a scenario file contains, the answer is a deployment or lines that
//! say what is wrong: never a panic, never a second line for one mistake.

use std::path::Path;

use rand::RngExt;
use scenarios::format::{Scenario, starter};
use sim_core::Streams;

const MUTANTS: usize = 4_000;

/// What is put in somewhere.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "\n",
    "=",
    "[",
    "]",
    "{",
    "}",
    "[[",
    "]]",
    ".",
    ",",
    "#",
    "\\",
    "\u{0}",
    "\u{202e}",
    "-1",
    "0",
    "1",
    "99999999999999999999",
    "1e400",
    "nan",
    "-inf",
    "true",
    "\"\"",
    "[]",
    "{}",
    "\"10 s\"",
    "\"-1 s\"",
    "\"1e308 Gop/s\"",
    "\"5 MiB\"",
    "none",
    "unlimited",
    "count = 3\n",
    "type = \"trace\"\n",
    "\"pi\"",
    "\"/dev/zero\"",
    "1979-05-27",
    "0x7f",
    "\"\"\"",
    "𝕊",
];

fn judge(text: &str) {
    let origin = Path::new(env!("CARGO_MANIFEST_DIR")).join("mutant.toml");
    let origin = origin.display().to_string();
    let wrong = match Scenario::parse(text, &origin) {
        Ok(mut scenario) => {
            let _ = scenario.set("run.calls=5");
            match scenario.check() {
                Ok(printed) => {
                    let again = Scenario::parse(&printed, &origin);
                    let again = again.and_then(|again| again.check());
                    assert_eq!(again.as_ref(), Ok(&printed), "{text}");
                    return;
                }
                Err(wrong) => wrong,
            }
        }
        Err(wrong) => wrong,
    };
    assert!(!wrong.0.is_empty());
    for diagnostic in &wrong.0 {
        let line = diagnostic.to_string();
        assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
        assert!(line.chars().count() < 1_500, "{line}");
    }
}

fn originals() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = vec![starter().to_owned(), include_str!("sample.toml").to_owned()];
    for file in [
        "readme.toml",
        "readme-dispatcher.toml",
        "two-tiers.toml",
        "on-off-clients.toml",
    ] {
        texts.extend(std::fs::read_to_string(folder.join(file)));
    }
    texts
}

#[test]
fn mutated_scenarios_never_panic() {
    let originals = originals();
    assert!(originals.len() > 2);
    let mut chance = Streams::new(1, 0).stream("mutants", "bytes");
    for _ in 0..MUTANTS {
        let original = &originals[chance.random_range(0..originals.len())];
        let mut text: Vec<char> = original.chars().collect();
        for _ in 0..chance.random_range(1..6) {
            let at = chance.random_range(0..text.len().max(1)).min(text.len());
            let length = chance.random_range(1..20).min(text.len() - at);
            match chance.random_range(0..6) {
                0 => drop(text.drain(at..at + length)),
                1 => {
                    let piece = PIECES[chance.random_range(0..PIECES.len())];
                    drop(text.splice(at..at, piece.chars()));
                }
                2 => {
                    let piece = PIECES[chance.random_range(0..PIECES.len())];
                    drop(text.splice(at..at + length, piece.chars()));
                }
                3 => {
                    let copy: Vec<_> = text[at..at + length].to_vec();
                    let to = chance.random_range(0..=text.len());
                    drop(text.splice(to..to, copy));
                }
                4 => text.truncate(text.len() - length),
                _ => {
                    let digit = char::from(b'0' + chance.random_range(0..10u8));
                    if let Some(c) = text.get_mut(at).filter(|c| c.is_ascii_digit()) {
                        *c = digit;
                    }
                }
            }
        }
        judge(&text.into_iter().collect::<String>());
    }
}

#[test]
fn random_bytes_never_panic() {
    let mut chance = Streams::new(2, 0).stream("mutants", "bytes");
    for _ in 0..MUTANTS {
        let length = chance.random_range(0..200);
        let bytes: Vec<u8> = (0..length).map(|_| chance.random()).collect();
        judge(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn deep_nesting_never_panics() {
    for depth in [10, 100, 1_000, 100_000] {
        judge(&format!(
            "version = {}1{}",
            "[".repeat(depth),
            "]".repeat(depth)
        ));
        judge(&format!("{}x = 1", "a.".repeat(depth)));
        judge(&format!("[{}x]", "a.".repeat(depth)));
        judge(&format!(
            "x = {}1{}",
            "{a = ".repeat(depth),
            "}".repeat(depth)
        ));
        judge(&format!("run.{}x = 1", "seed.".repeat(depth)));
    }
}

#[test]
fn odd_assignments_never_panic() {
    let mut chance = Streams::new(3, 0).stream("mutants", "bytes");
    let base = "client.phone.arrivals.rate=20 \"x\"";
    for _ in 0..MUTANTS {
        let mut text: Vec<char> = base.chars().collect();
        for _ in 0..chance.random_range(1..4) {
            let at = chance.random_range(0..text.len());
            let piece = PIECES[chance.random_range(0..PIECES.len())];
            drop(text.splice(at..at, piece.chars()));
        }
        let assignment: String = text.into_iter().collect();
        let mut scenario = Scenario::parse(starter(), "starter.toml").unwrap();
        let set = scenario.set(&assignment);
        if let Err(wrong) = set.and_then(|()| scenario.resolve().map(drop)) {
            let line = wrong.0[0].to_string();
            assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
        }
    }
}
