//! The example of the guide.

use soe_live::rpc::Void;
use soe_live::rpc::edge_computer_client::EdgeComputerClient;
use soe_live::{Security, connect};

use crate::support::{Process, call, destinations, eventually, port};

async fn example(broker: &str) {
    let [controller, router, tables] = [port(), port(), port()];
    let computers = [port(), port()];
    let utilization = [port(), port()];
    let _controller = Process::start("edgecontroller", &["--server", &controller]);
    let start = |number: usize| {
        let options = [
            "--server",
            &computers[number],
            "--util",
            &utilization[number],
            "--controller",
            &controller,
            "--announce-period",
            "0.2",
        ];
        Process::start("edgecomputer", &options)
    };
    let mut running = [start(0), start(1)];
    let options = [
        "--server",
        &router,
        "--conf",
        &tables,
        "--controller",
        &controller,
    ];
    let mut broker = Process::start(broker, &options);
    eventually("both computers are known", async || {
        destinations(&tables, "clambda0").await.len() == 2
    })
    .await;
    for _ in 0..5 {
        let served = call(&router, "clambda0", 10_000).await;
        assert_eq!(
            (&*served.retcode, served.ptime, served.hops),
            ("OK", 100, 2)
        );
        assert!(computers.contains(&served.responder));
    }
    let channel = connect(&utilization[0], &Security::Plaintext)
        .await
        .unwrap();
    let mut client = EdgeComputerClient::new(channel);
    let stream = client.stream_util(Void {}).await;
    let first = stream
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let names: Vec<_> = first.values.keys().collect();
    assert_eq!(names, ["arm", "bm2837"]);

    // One leaves, one is killed and started again.
    assert_eq!(running[0].end("-INT"), Some(0));
    eventually("the first has left", async || {
        destinations(&tables, "clambda0").await == [computers[1].as_str()]
    })
    .await;
    assert_eq!(running[1].end("-KILL"), None);
    let failed = call(&router, "clambda0", 100).await;
    assert!(failed.retcode.starts_with("RPC failed: "), "{failed:?}");
    running[1] = start(1);
    eventually("the second serves again", async || {
        call(&router, "clambda0", 100).await.retcode == "OK"
    })
    .await;
    assert_eq!(broker.end("-TERM"), Some(0));
}

#[tokio::test]
async fn the_example_of_the_guide_works_as_typed() {
    example("edgerouter").await;
}

#[tokio::test]
async fn the_example_of_the_guide_works_with_a_dispatcher() {
    example("edgedispatcher").await;
}
