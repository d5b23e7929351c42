//! What calls in flight hold.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use soe_live::command::Stop;
use soe_live::server::{Caller, Invocation, Invocations, Server, Services};
use soe_live::wire::{Frame, Reply};
use soe_live::{Security, rpc};

use crate::load::{call, connect, frame, on_thread};
use crate::ours;

/// Answers when it is told to.
struct Holding(Stop);

impl Invocations for Holding {
    fn invoke(self: Arc<Self>, _: Frame, _: Caller) -> Invocation {
        Box::pin(async move {
            self.0.wait().await;
            let reply = Reply {
                retcode: rpc::OK,
                ..Reply::default()
            };
            Ok(reply.with_text(""))
        })
    }
}

/// Holds so many calls in one router, and says what the whole process grew by:
/// generator, router and destination together.
pub fn in_flight(calls: usize) {
    let answer = Stop::new();
    let holding = answer.clone();
    let server: SocketAddr = on_thread(|started| async move {
        let any = "127.0.0.1:0".parse().unwrap();
        let server = Server::bind(&any, &Security::Plaintext).await.unwrap();
        let services = Services::new(&["uiiit.rpc.EdgeServer"], |_| {})
            .await
            .unwrap();
        started.send(server.local_address()).unwrap();
        let holding = Arc::new(Holding(holding));
        server.run(Some(holding), services, Stop::new()).await;
    });
    let router = ours::router(&[server], 1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let before = resident();
        let mut waiting = Vec::new();
        for connection in 0..4 {
            let send = connect(router).await;
            for _ in 0..calls / 4 {
                let mut send = send.clone();
                let frame: Bytes = frame(1000);
                waiting.push(tokio::spawn(async move { call(&mut send, router, frame).await }));
            }
            let _ = connection;
        }
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        assert!(waiting.iter().all(|call| !call.is_finished()));
        let held = resident().saturating_sub(before);
        println!(
            "{calls} calls of 1 kB in flight hold {:.0} MB in generator, router and destination together (to reach: 200 in the router)",
            held as f64 / 1e6
        );
        answer.stop();
        for call in waiting {
            call.await.unwrap();
        }
    });
}

/// The memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}
