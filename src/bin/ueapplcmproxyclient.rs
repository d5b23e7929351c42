//! See [`soe_live::mec::ueapplcmproxyclient`].

fn main() -> std::process::ExitCode {
    soe_live::command::main(soe_live::mec::ueapplcmproxyclient::run)
}
