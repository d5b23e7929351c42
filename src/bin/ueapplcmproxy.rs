//! See [`soe_live::mec::ueapplcmproxy`].

use soe_live::mec::ueapplcmproxy::{Options, run};

fn main() -> std::process::ExitCode {
    soe_live::command::serve(Options::threads, run)
}
