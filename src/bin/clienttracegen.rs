//! See [`soe_live::client::clienttracegen`].

fn main() -> std::process::ExitCode {
    soe_live::command::main(soe_live::client::clienttracegen::run)
}
