//! The executable `facerecpredict`: says what to use instead of the original's.

use std::process::ExitCode;

fn main() -> ExitCode {
    analysis::console::tell(format_args!(
        "facerecpredict: recognition of persons is not part of this project: use OpenCV's face module; `edgecomputerfacerec` finds faces"
    ));
    ExitCode::from(2)
}
