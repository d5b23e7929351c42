//! The `soe` command; all of it is in the library of the same name.

fn main() -> std::process::ExitCode {
    soe::Program::new().main()
}
