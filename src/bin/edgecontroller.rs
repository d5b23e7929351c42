//! The executable `edgecontroller`.

use std::process::ExitCode;

use soe_live::command::serve;
use soe_live::controller::EdgeController;

fn main() -> ExitCode {
    serve(EdgeController::threads, EdgeController::run)
}
