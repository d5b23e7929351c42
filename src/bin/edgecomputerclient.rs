//! See [`soe_live::client::edgecomputerclient`].

fn main() -> std::process::ExitCode {
    soe_live::command::main(soe_live::client::edgecomputerclient::run)
}
