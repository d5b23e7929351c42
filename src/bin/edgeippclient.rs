//! See [`soe_live::client::edgeippclient`].

fn main() -> std::process::ExitCode {
    soe_live::command::main(soe_live::client::edgeippclient::run)
}
