//! The `soe` command; its code is in the library of the same name.

fn main() -> std::process::ExitCode {
    soe::Program::new().main()
}
