//! The executable `facerectrain`: says what to use instead of the original's.

use std::process::ExitCode;

fn main() -> ExitCode {
    analysis::console::tell(format_args!(
        "facerectrain: training of face recognizers is not part of this project: use OpenCV's face module"
    ));
    ExitCode::from(2)
}
