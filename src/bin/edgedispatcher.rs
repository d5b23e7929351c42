//! The executable `edgedispatcher`.

use std::process::ExitCode;

use soe_live::broker::EdgeDispatcher;
use soe_live::command::serve;

fn main() -> ExitCode {
    serve(EdgeDispatcher::threads, EdgeDispatcher::run)
}
