//! See `soe_live::facerec::client`.

use std::process::ExitCode;

#[cfg(feature = "facerec")]
fn main() -> ExitCode {
    soe_live::command::main(soe_live::facerec::client::run)
}

#[cfg(not(feature = "facerec"))]
fn main() -> ExitCode {
    soe_live::command::not_built("facerecclient", "facerec")
}
