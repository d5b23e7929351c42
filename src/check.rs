//! `soe check`: verifies that a result folder is unchanged.

use analysis::Manifest;

use crate::cli::CheckArgs;
use crate::failure::{Failure, print};

/// Runs the command. Files that differ from the manifest are an error of status 1.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let differences = Manifest::verify(&args.folder).map_err(Failure::input)?;
    let folder = args.folder.display();
    match differences.len() {
        0 => print(&format!("{folder}: all files match the manifest\n")),
        _ => {
            let lines = differences.iter().map(|line| format!("{folder}: {line}"));
            Err(Failure::run(lines.collect::<Vec<_>>().join("\n")))
        }
    }
}
