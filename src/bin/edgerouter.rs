//! The executable `edgerouter`.

use std::process::ExitCode;

use soe_live::broker::EdgeRouter;
use soe_live::command::serve;

fn main() -> ExitCode {
    serve(EdgeRouter::threads, EdgeRouter::run)
}
