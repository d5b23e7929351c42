//! What a call costs over QUIC and over gRPC between router and computer, measured in
//! turn.

use std::net::SocketAddr;
use std::path::Path;

use soe_live::{QuicOptions, Security, Transport};

use crate::load::{Load, Measured, measure};
use crate::{ROUND, ROUNDS, ours};

#[path = "../../tests/shared/certificates.rs"]
mod certificates;

const QUIC: Transport = Transport::Quic(QuicOptions {
    early_data: false,
    insecure: false,
});

/// Prints it: the caller speaks gRPC to the router in all rows.
pub fn compare() {
    let folder = tempfile::tempdir().unwrap();
    certificates::certificates(folder.path());
    let rows = [
        ("gRPC, plaintext", Transport::Grpc, Security::Plaintext),
        ("gRPC, TLS", Transport::Grpc, secured(folder.path())),
        ("QUIC", QUIC, secured(folder.path())),
    ];
    let rows = rows.map(|(name, transport, security)| {
        let computer = ours::computer_over(ours::FREE, transport, security.clone());
        let router = ours::router_over(&[computer], 1, transport, security);
        (name, router)
    });
    for (what, load) in [
        (
            "calls per second, 4 connections x 8 streams, 64 bytes",
            Load::SMALL,
        ),
        (
            "messages of 1 MB per second, 4 connections x 2 streams",
            Load::LARGE,
        ),
    ] {
        println!("router > computer: {what}; microseconds of a core for a call:");
        print(&rows, load);
    }
}

fn print(rows: &[(&str, SocketAddr); 3], load: Load) {
    let mut all: Vec<Vec<Measured>> = vec![Vec::new(); rows.len()];
    // One round more: the first may begin in the middle of something else.
    for round in 0..=2 * ROUNDS {
        for ((_, router), all) in rows.iter().zip(&mut all) {
            let measured = measure(*router, load, ROUND, &[]);
            if round > 0 {
                all.push(measured);
            }
        }
    }
    let median = |all: &[Measured], of: fn(&Measured) -> f64| {
        let mut values: Vec<f64> = all.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let plain = median(&all[0], |measured| measured.cost);
    for ((name, _), all) in rows.iter().zip(&all) {
        let cost = median(all, |measured| measured.cost);
        let least = all
            .iter()
            .fold(f64::INFINITY, |least, it| least.min(it.cost));
        println!(
            "{:10.0} {cost:8.1} (least {least:.1}) {:6.2}  {name}",
            median(all, |measured| measured.rate),
            cost / plain,
        );
    }
}

fn secured(folder: &Path) -> Security {
    Security::from_directory(folder).unwrap()
}
