//! `soe new`: write a commented scenario to start from.

use std::fs::OpenOptions;
use std::io::Write;

use scenarios::format;

use crate::cli::NewArgs;
use crate::failure::{Failure, tell};

/// Runs the command.
pub fn run(args: &NewArgs) -> Result<(), Failure> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.file);
    let written = file.and_then(|mut file| file.write_all(format::starter().as_bytes()));
    let path = args.file.display();
    written.map_err(|error| Failure::input(format!("{path}: cannot write: {error}")))?;
    tell(format_args!("{path} written; try: soe run {path}"));
    Ok(())
}
