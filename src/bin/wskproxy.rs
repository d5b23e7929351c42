//! The executable `wskproxy`.

use std::process::ExitCode;

use soe_live::command::serve;
use soe_live::front::WskProxy;

fn main() -> ExitCode {
    serve(WskProxy::threads, WskProxy::run)
}
