//! The executable `edgecomputer`.

use std::process::ExitCode;

use soe_live::command::serve;
use soe_live::computer::EdgeComputer;

fn main() -> ExitCode {
    serve(EdgeComputer::threads, EdgeComputer::run)
}
