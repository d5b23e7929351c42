//! Whatever a computer is asked, it answers.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use soe_live::Security;
use soe_live::computer::{Computer, ComputerOptions, Executor, Kind, Simulated};
use soe_live::server::Invocations;
use soe_live::wire::Frame;
use soe_model::computer::platform::Platform;

const FAST: &str = r#"{"version": "1.0",
  "processors": [{"name": "cpu", "speed": 1e15, "cores": 1, "memory": 1e6}],
  "containers": [{"name": "c", "processor": "cpu", "lambda": {"name": "clambda0", "op-coeff": 1, "mem-coeff": 1}}]}"#;

fuzz_target!(|message: &[u8]| {
    let platform = Platform::from_json(FAST).expect("a platform");
    let spec = platform.clone().computer("c:1".into(), String::new(), None);
    let options = ComputerOptions {
        kind: Kind::Simulated(platform),
        server_endpoint: "127.0.0.1:0".parse().expect("an endpoint"),
        announce_endpoint: None,
        controller_endpoint: None,
        announce_period: Duration::from_secs(1),
        utilization_endpoint: None,
        asynchronous: false,
        state_endpoint: None,
        no_state_server: false,
        security: Security::Plaintext,
    };
    soe_live_fuzz::runtime().block_on(async {
        let executor = Executor::Simulated(Arc::new(Simulated::new(&spec).expect("a computer")));
        let computer = Arc::new(Computer::new(executor, "c:1".into(), &options));
        if let Ok(answer) = computer.invoke(Frame::of(message), None).await {
            assert_eq!(answer.check(), Ok(()));
        }
    });
});
