//! See [`soe_live::client::edgemulticlient`].

fn main() -> std::process::ExitCode {
    soe_live::command::main(soe_live::client::edgemulticlient::run)
}
