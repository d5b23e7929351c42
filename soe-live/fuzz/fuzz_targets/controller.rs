//! Whatever is announced, the controller knows it or refuses it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message;
use soe_live::Security;
use soe_live::controller::Controller;
use soe_live::rpc::ComputerInfo;
use soe_live::rpc::edge_controller_server::EdgeController;
use soe_model::controller::{Distances, InstallerSpec, Objective};
use tonic::Request;

fuzz_target!(|message: &[u8]| {
    let Ok(computer) = ComputerInfo::decode(message) else {
        return;
    };
    let installer = InstallerSpec::Hierarchical {
        distances: Distances::parse("host0 0 1\nhost1 1 0\n").expect("distances"),
        objective: Objective::MinMax,
    };
    soe_live_fuzz::runtime().block_on(async {
        for installer in [InstallerSpec::Flat, installer] {
            let controller = Controller::new(&installer, 0, Security::Plaintext);
            for _ in 0..2 {
                let _ = controller.announce_computer(Request::new(computer.clone())).await;
            }
            let removed = controller.remove_computer(Request::new(computer.clone())).await;
            assert!(removed.is_ok());
        }
    });
});
