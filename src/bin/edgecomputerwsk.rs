//! The executable `edgecomputerwsk`.

use std::process::ExitCode;

use soe_live::command::serve;
use soe_live::computer::EdgeComputerWsk;

fn main() -> ExitCode {
    serve(EdgeComputerWsk::threads, EdgeComputerWsk::run)
}
