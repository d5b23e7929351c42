//! Two tiers of routers: each knows the computers that it is home to, and the
//! routers that are home to the others.
//!
//! Hosts are loopback addresses.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::Path;

use crate::support::{Process, call, destinations, eventually, port, port_of};

const WEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const EAST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// A computer with a function that others have, and one of its own.
const EASTERN: &str = r#"{"version": "1.0",
  "processors": [{"name": "cpu", "speed": 1e11, "cores": 4, "memory": 1e9}],
  "containers": [
    {"name": "a", "processor": "cpu", "lambda": {"name": "clambda0", "op-coeff": 1e6}},
    {"name": "b", "processor": "cpu", "lambda": {"name": "far", "op-coeff": 1e6}}]}"#;

struct Host {
    router: String,
    tables: String,
    computer: String,
}

impl Host {
    fn at(address: Ipv4Addr) -> Self {
        let [router, tables, computer] = [(); 3].map(|()| port_of(address));
        Self {
            router,
            tables,
            computer,
        }
    }

    fn start_router(&self, controller: &str) -> Process {
        let options = [
            "--server",
            &self.router,
            "--conf",
            &self.tables,
            "--controller",
            controller,
        ];
        Process::start("edgerouter", &options)
    }

    fn start_computer(&self, controller: &str, conf: &str) -> Process {
        let utilization = port();
        let options = [
            "--server",
            &self.computer,
            "--util",
            &utilization,
            "--controller",
            controller,
            "--announce-period",
            "0.2",
            "--conf",
            conf,
        ];
        Process::start("edgecomputer", &options)
    }

    /// Waits until its router sends calls of a function there.
    async fn knows(&self, function: &str, expected: &[&String]) {
        let expected: BTreeSet<_> = expected.iter().copied().cloned().collect();
        eventually(&format!("{function} goes to {expected:?}"), async || {
            let found = destinations(&self.tables, function).await;
            found.into_iter().collect::<BTreeSet<_>>() == expected
        })
        .await;
    }
}

fn write(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn calls_go_through_two_routers_to_computers_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let distances = format!("{WEST} 0 1\n{EAST} 1 0\n");
    let distances = write(folder.path(), "distances", &distances);
    let eastern = write(folder.path(), "eastern.json", EASTERN);
    let eastern = format!("type=file,path={eastern}");
    let controller = port();
    let options = [
        "--server",
        &controller,
        "--installer-type",
        "hier",
        "--topology-file",
        &distances,
    ];
    let _controller = Process::start("edgecontroller", &options);
    let (west, east) = (Host::at(WEST), Host::at(EAST));
    let _routers = [
        west.start_router(&controller),
        east.start_router(&controller),
    ];
    let mut in_west = west.start_computer(&controller, "type=raspberry");
    let mut in_east = east.start_computer(&controller, &eastern);

    west.knows("clambda0", &[&west.computer, &east.router])
        .await;
    west.knows("far", &[&east.router]).await;
    east.knows("clambda0", &[&east.computer, &west.router])
        .await;
    east.knows("far", &[&east.computer]).await;
    east.knows("glambda0", &[&west.router]).await;

    for (router, function, hops, computer) in [
        (&west.router, "far", 3, &east.computer),
        (&east.router, "far", 2, &east.computer),
        (&east.router, "glambda0", 3, &west.computer),
        (&west.router, "glambda0", 2, &west.computer),
    ] {
        let served = call(router, function, 1000).await;
        let found = (&*served.retcode, served.hops, &served.responder);
        assert_eq!(found, ("OK", hops, computer), "{function}");
    }
    // What both have is executed at home or elsewhere, and never goes back.
    for _ in 0..20 {
        let served = call(&west.router, "clambda0", 100).await;
        let at_home = served.responder == west.computer;
        assert!(at_home || served.responder == east.computer, "{served:?}");
        assert_eq!(served.hops, if at_home { 2 } else { 3 });
    }

    // One that leaves disappears at home, and its home elsewhere.
    assert_eq!(in_east.end("-INT"), Some(0));
    west.knows("far", &[]).await;
    west.knows("clambda0", &[&west.computer]).await;
    east.knows("clambda0", &[&west.router]).await;
    let served = call(&east.router, "clambda0", 100).await;
    assert_eq!((served.hops, &served.responder), (3, &west.computer));

    // One that dies as well, as soon as it is called, and its home remains.
    in_west.end("-KILL");
    let failed = call(&west.router, "clambda0", 100).await;
    assert!(failed.retcode.starts_with("RPC failed: "), "{failed:?}");
    west.knows("clambda0", &[]).await;
    east.knows("clambda0", &[]).await;
    let _again = west.start_computer(&controller, "type=raspberry");
    west.knows("clambda0", &[&west.computer]).await;
    east.knows("clambda0", &[&west.router]).await;
    let served = call(&east.router, "clambda0", 100).await;
    assert_eq!((&*served.retcode, served.hops), ("OK", 3));
}
