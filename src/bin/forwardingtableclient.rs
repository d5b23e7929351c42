//! See [`soe_live::client::forwardingtableclient`].

fn main() -> std::process::ExitCode {
    soe_live::command::main(soe_live::client::forwardingtableclient::run)
}
