//! Whatever a scenario file contains, the answer is a deployment or lines that
//! say what is wrong; what a valid one prints reads back as itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scenarios::format::Scenario;

fuzz_target!(|text: &str| {
    let checked = Scenario::parse(text, "fuzz.toml").and_then(|scenario| scenario.check());
    match checked {
        Ok(printed) => {
            let again = Scenario::parse(&printed, "fuzz.toml");
            let again = again.and_then(|again| again.check());
            assert_eq!(again.as_ref(), Ok(&printed));
        }
        Err(wrong) => {
            assert!(!wrong.0.is_empty());
            for diagnostic in &wrong.0 {
                let line = diagnostic.to_string();
                assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
            }
        }
    }
});
