//! See [`soe_live::mec::etsimeccli`].

fn main() -> std::process::ExitCode {
    soe_live::command::main(soe_live::mec::etsimeccli::run)
}
