//! `soe export`: the tables of a result folder in another format.

use std::path::PathBuf;

use analysis::{ExportError, ResultSet, TableFormat};

use crate::cli::{ExportArgs, ExportFormat};
use crate::failure::{Failure, print};

/// Runs the command.
pub fn run(args: &ExportArgs) -> Result<(), Failure> {
    let results = ResultSet::read(&args.folder).map_err(Failure::input)?;
    let format = match args.format {
        ExportFormat::Parquet => TableFormat::Parquet,
        ExportFormat::Jsonl => TableFormat::JsonLines,
    };
    let target = args.output.clone();
    let target = target
        .unwrap_or_else(|| PathBuf::from(format!("{}-{}", results.name(), format.extension())));
    let exported = analysis::export(&results.path, &target, format);
    let files = exported.map_err(|error| match error {
        ExportError::Write { .. } => Failure::run(error),
        _ => Failure::input(error),
    })?;
    let lines = files.iter().map(|file| format!("{}\n", file.display()));
    print(&lines.collect::<String>())
}
