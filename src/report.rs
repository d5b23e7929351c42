//! `soe report`: one self-contained page about a result folder.

use std::path::PathBuf;

use analysis::{FigureOptions, ReportOptions, ResultSet};

use crate::cli::ReportArgs;
use crate::declared::Declared;
use crate::failure::{Failure, tell, write_whole};

/// Runs the command.
pub fn run(args: &ReportArgs) -> Result<(), Failure> {
    let results = ResultSet::read(&args.folder).map_err(Failure::input)?;
    let mut figures = FigureOptions {
        x: args.x.clone(),
        by: args.by.clone(),
        size: (340.0, 210.0),
        ..FigureOptions::default()
    };
    figures.selection.metrics.clone_from(&args.metric);
    let selected = figures.selection.check_with_samples(&results);
    selected.map_err(Failure::input)?;
    let declared = Declared::of(&results)?;
    figures.metrics = declared.metrics.clone();
    let figures = declared.with_axes(figures);
    let options = ReportOptions {
        title: args.title.clone().or(declared.title.clone()),
        figures,
    };
    let path = args.output.clone();
    let path = path.unwrap_or_else(|| PathBuf::from(format!("{}.html", results.name())));
    write_whole(&path, || {
        analysis::report(&results, &options).map_err(Failure::input)
    })?;
    tell(format_args!("{} written", path.display()));
    Ok(())
}
