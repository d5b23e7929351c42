//! Whatever a computer is asked, it answers.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use sim_core::SimDuration;
use soe_live::computer::{Computer, ComputerOptions, Executor, Simulated, WorkflowOptions};
use soe_live::server::{Caller, Invocations};
use soe_live::wire::Frame;
use soe_model::computer::platform::Platform;

const FAST: &str = r#"{"version": "1.0",
  "processors": [{"name": "cpu", "speed": 1e15, "cores": 1, "memory": 1e6}],
  "containers": [{"name": "c", "processor": "cpu", "lambda": {"name": "clambda0", "op-coeff": 1, "mem-coeff": 1}}]}"#;

fuzz_target!(|message: &[u8]| {
    let platform = Platform::from_json(FAST).expect("a platform");
    let spec = platform.clone().computer("c:1".into(), String::new(), None);
    let mut options = ComputerOptions::of(platform, "127.0.0.1:0".parse().expect("an endpoint"));
    // Workflows are taken; nobody answers the next function, the states and the results.
    let nobody = "127.0.0.1:1".parse().ok();
    options.workflows = WorkflowOptions {
        companion_endpoint: nobody,
        state_endpoint: "127.0.0.1:2".parse().ok(),
        deadline: SimDuration::from_millis(1),
        patience: SimDuration::from_millis(1),
        ..WorkflowOptions::default()
    };
    soe_live_fuzz::runtime().block_on(async {
        let executor = Executor::Simulated(Arc::new(Simulated::new(&spec).expect("a computer")));
        let computer = Arc::new(Computer::new(executor, "c:1", &options).expect("plaintext"));
        if let Ok(answer) = computer.invoke(Frame::of(message), Caller::default()).await {
            assert_eq!(answer.check(), Ok(()));
        }
    });
});
