//! Calls per second of our router and our computer, side by side with the least
//! that tonic needs for such a pair, and with HAProxy and nginx where installed.
//!
//!     cargo bench -p soe-live
//!     cargo bench -p soe-live --features quic -- quic
//!
//! Every server has a thread and a runtime of its own, like a process with one
//! core; the load generator has another one. The machine decides how many cores
//! they share: compare within one run, as ratios. Figures are the best of several
//! short rounds, taken in turn.
#![allow(clippy::unwrap_used, missing_docs)]

mod bare;
mod load;
mod memory;
mod ours;
mod proxy;
mod punctual;
#[cfg(feature = "quic")]
mod quic;

use std::net::SocketAddr;
use std::time::Duration;

use load::{Load, Measured, measure};

const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_millis(1500);

fn main() {
    // cargo passes `--bench`; a word selects what to run.
    let only = std::env::args()
        .nth(1)
        .filter(|word| !word.starts_with('-'));
    let wanted = |name: &str| {
        only.as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
    };

    let computer = ours::computer(ours::FREE);
    let server = bare::server();
    let mut rows: Vec<(String, SocketAddr)> = vec![
        ("our computer".into(), computer),
        ("bare server".into(), server),
        (
            "bare forwarder > bare server".into(),
            bare::forwarder(server),
        ),
        (
            "our router > our computer".into(),
            ours::router(&[computer], 1),
        ),
        (
            "our router > bare server".into(),
            ours::router(&[server], 1),
        ),
        (
            "bare forwarder > our computer".into(),
            bare::forwarder(computer),
        ),
    ];
    let proxies = proxy::all(&[("our computer", computer), ("bare server", server)]);
    for proxy in &proxies {
        rows.push((proxy.name.clone(), proxy.address));
    }
    let many: Vec<SocketAddr> = (0..1000u16)
        .map(|number| {
            SocketAddr::from((
                [127, 1, (number / 250) as u8, (number % 250) as u8 + 1],
                server.port(),
            ))
        })
        .collect();
    let mut near = vec![server];
    near.extend(&many[1..]);
    rows.push((
        "our router, 1000 destinations x 100 functions, best one used".into(),
        ours::router(&near, 100),
    ));
    rows.retain(|(name, _)| wanted(name));

    let others = |name: &str| -> Vec<u32> {
        let proxy = proxies.iter().find(|proxy| proxy.name == name);
        proxy.map(proxy::Proxy::id).into_iter().collect()
    };
    let mut best = vec![Measured::NONE; rows.len()];
    for _ in 0..ROUNDS {
        for ((name, address), best) in rows.iter().zip(&mut best) {
            *best = best.best(measure(*address, Load::SMALL, ROUND, &others(name)));
        }
    }
    println!("calls per second, 4 connections x 8 streams, 64 bytes of input;");
    println!("microseconds of a core that a call takes, with those of the generator");
    for ((name, _), Measured { rate, cost }) in rows.iter().zip(&best) {
        println!("{rate:10.0} {cost:8.1}  {name}");
    }
    let of = |name: &str| {
        let mut rows = rows.iter().zip(&best);
        rows.find(|((row, _), _)| row == name)
            .map(|(_, measured)| measured.cost)
    };
    println!("what a call costs there to what it costs with us:");
    for (ours, floor, target) in [
        (
            "our router > our computer",
            "bare forwarder > bare server",
            1.4,
        ),
        ("our router > our computer", "haproxy > our computer", 0.85),
        ("our router > bare server", "haproxy > bare server", 0.85),
        (
            "our router, 1000 destinations x 100 functions, best one used",
            "our router > bare server",
            0.9,
        ),
    ] {
        if let (Some(a), Some(b)) = (of(ours), of(floor)) {
            println!("{:10.2}  {floor} / {ours} (to reach: {target})", b / a);
        }
    }
    if wanted("megabyte") {
        println!("messages of 1 MB per second, 4 connections x 2 streams");
        for (name, address) in rows.iter().filter(|(name, _)| name.contains('>')) {
            let measured = measure(*address, Load::LARGE, ROUND, &others(name));
            println!("{:10.0} {:8.1}  {name}", measured.rate, measured.cost);
        }
    }
    if wanted("punctual") {
        punctual::lateness();
    }
    #[cfg(feature = "quic")]
    if wanted("quic") {
        quic::compare();
    }
    if wanted("memory") {
        memory::in_flight(10_000);
    }
}
