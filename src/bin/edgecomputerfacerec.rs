//! The executable `edgecomputerfacerec`.

use std::process::ExitCode;

#[cfg(feature = "facerec")]
fn main() -> ExitCode {
    use soe_live::facerec::EdgeComputerFacerec;

    soe_live::command::serve(EdgeComputerFacerec::threads, EdgeComputerFacerec::run)
}

#[cfg(not(feature = "facerec"))]
fn main() -> ExitCode {
    soe_live::command::not_built("edgecomputerfacerec", "facerec")
}
