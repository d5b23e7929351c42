//! A scenario file with a section `sweep`: the scenario and the study, checked together.

use scenarios::format::{Checked, SWEEP, Scenario};
use scenarios::reader::{Diagnostics, print};

use super::study::Study;

/// What a scenario without mistakes holds, the study in its section `sweep` checked as well.
///
/// # Errors
/// All mistakes that were found, one line each: those of the scenario, and if there is none,
/// those of the study.
pub fn checked(scenario: &Scenario) -> Result<Checked, Diagnostics> {
    let checked = scenario.checked()?;
    if let Some(study) = Study::inside(scenario.document()) {
        study.resolve()?;
    }
    Ok(checked)
}

/// The scenario as TOML with all defaults filled in, and the study in its section `sweep` as
/// it was written. It begins with comments that say what the computers are offered.
///
/// # Errors
/// As [`checked`].
pub fn check(scenario: &Scenario) -> Result<String, Diagnostics> {
    let checked = checked(scenario)?;
    let loads = checked.deployment.offered_loads();
    let lines = loads.iter().map(|load| format!("# {load}\n"));
    let mut text: String = lines.collect();
    if !text.is_empty() {
        text.push('\n');
    }
    text += &checked.text;
    if let Some(study) = Study::inside(scenario.document()) {
        print::nested(&study.section(), SWEEP, &mut text);
    }
    Ok(text)
}
