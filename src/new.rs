//! `soe new`: write a commented scenario to start from.

use std::io::Write;

use analysis::WholeFile;
use scenarios::format;

use crate::cli::NewArgs;
use crate::failure::{Failure, tell};

/// Runs the command.
pub fn run(args: &NewArgs) -> Result<(), Failure> {
    let path = args.file.display();
    let failed = |error| format!("{path}: cannot write: {error}");
    let file = WholeFile::create_new(&args.file);
    let mut file = file.map_err(|error| Failure::input(failed(error)))?;
    let written = file.write_all(format::starter().as_bytes());
    let written = written.and_then(|()| file.finish());
    written.map_err(|error| Failure::run(failed(error)))?;
    tell(format_args!("{path} written; try: soe run {path}"));
    Ok(())
}
