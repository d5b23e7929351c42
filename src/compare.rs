//! `soe compare`: which differences between alternatives are significant, and whether
//! results changed since an earlier run.

use std::io::Write;
use std::process::ExitCode;

use analysis::{Comparison, Regression, ResultSet, Selection};

use crate::cli::{CompareArgs, CompareFormat};
use crate::failure::{Failure, print, tell};

/// Exit status if results changed.
const CHANGED: u8 = 1;

/// Runs the command; the exit status of a check against earlier results tells
/// whether something changed.
pub fn run(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let selection = Selection {
        metrics: args.metric.clone(),
        entities: args.entity.clone(),
    };
    let read = |folder| ResultSet::read(folder).map_err(Failure::input);
    let folders: Vec<ResultSet> = args.folders.iter().map(read).collect::<Result<_, _>>()?;
    for folder in &folders {
        let verdicts = folder.verdicts();
        let unsteady = verdicts.iter().filter(|it| !it.verdict.is_steady());
        let (count, all) = (unsteady.clone().count(), verdicts.len());
        if let Some(first) = unsteady.into_iter().next() {
            let name = folder.name();
            let of = if all > 1 {
                format!(
                    " in {count} of {all} points, first in point {}",
                    first.point
                )
            } else {
                String::new()
            };
            tell(format_args!(
                "soe: warning: {name} is not steady{of}: {first}"
            ));
        }
    }
    if let Some(first) = folders.first() {
        selection.check(first).map_err(Failure::input)?;
    }
    if let Some(old) = &args.against {
        let [new] = &folders[..] else {
            return Err(Failure::input("--against: one folder is compared with OLD"));
        };
        let tolerance = tolerance(&args.tolerance)?;
        let regression = Regression::of(&read(old)?, new, tolerance, &selection);
        let regression = regression.map_err(Failure::input)?;
        print(&regression.to_text(args.all))?;
        return Ok(match regression.alarms().next() {
            None => ExitCode::SUCCESS,
            Some(_) => ExitCode::from(CHANGED),
        });
    }
    let comparison = match (&args.over, &folders[..]) {
        (Some(axis), [one]) => Comparison::over_axis(one, axis, &selection),
        (Some(_), _) => Err("--over: compares the points of one folder".to_owned()),
        (None, folders) => {
            let folders: Vec<&ResultSet> = folders.iter().collect();
            Comparison::of_folders(&folders, &selection).map_err(|reason| match folders.len() {
                1 => format!("{reason}: name more folders, or --over AXIS, or --against OLD"),
                _ => reason,
            })
        }
    };
    let comparison = comparison.map_err(Failure::input)?;
    match args.format {
        CompareFormat::Text => print(&comparison.to_text(args.pairs))?,
        CompareFormat::Csv => {
            let mut text = Vec::new();
            comparison.write_csv(&mut text).map_err(Failure::run)?;
            print(&String::from_utf8_lossy(&text))?;
            // This line is not data, so a closed standard error loses nothing.
            let _ = std::io::stderr().write_all(comparison.left_out().as_bytes());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A relative change, as a number or in percent.
fn tolerance(text: &str) -> Result<f64, Failure> {
    let (number, factor) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim_end(), 0.01),
        None => (text.trim(), 1.0),
    };
    match number.parse::<f64>() {
        Ok(number) if number >= 0.0 && number.is_finite() => Ok(number * factor),
        _ => Err(Failure::input(format!(
            "--tolerance: found `{text}`, expected a relative change such as `1 %` or 0.01"
        ))),
    }
}
