//! See [`soe_live::client::edgeclient`].

fn main() -> std::process::ExitCode {
    soe_live::command::main(soe_live::client::edgeclient::run)
}
