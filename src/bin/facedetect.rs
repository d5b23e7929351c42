//! The executable `facedetect`: says what to use instead of the original's.

use std::process::ExitCode;

fn main() -> ExitCode {
    analysis::console::tell(format_args!(
        "facedetect: find faces in a picture with `edgecomputerfacerec` and `facerecclient --image FILE --save FILE`"
    ));
    ExitCode::from(2)
}
