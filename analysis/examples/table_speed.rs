//! How fast tables are written, quantiles read and intervals computed: `cargo run --release -p analysis --example table_speed`
//!
//! The library itself reads no clock, therefore this is a program of its own.

use analysis::{CallRecord, CsvTable, Interval, Names, Outcome, QuantileRule, Sorted};
use std::time::Instant;

const CALLS: u64 = 2_000_000;

fn main() -> std::io::Result<()> {
    let mut names = Names::new();
    let (client, function) = (names.intern("client-17"), names.intern("clambda0"));
    let (path, computer) = (
        Some(names.intern("router-3>router-1")),
        Some(names.intern("computer-42")),
    );
    let call = |call: u64| CallRecord {
        replication: 0,
        call,
        client,
        function,
        path,
        computer,
        input_bytes: 10_000,
        output_bytes: Some(10_000),
        sent_ns: call * 1_234_567,
        latency_ns: Some(100_000_000 + call.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 50_000_000),
        processing_ns: Some(100_040_000),
        load1_percent: Some((call % 101) as u32),
        hops: 2,
        outcome: Outcome::Ok,
        parts: None,
    };

    let start = Instant::now();
    let mut table = CsvTable::new(std::io::sink())?;
    for number in 0..CALLS {
        table.write(&call(number), &names)?;
    }
    table.finish()?;
    let per_second = CALLS as f64 / start.elapsed().as_secs_f64();
    println!(
        "calls as CSV: {:.2} million rows per second",
        per_second / 1e6
    );

    let latencies: Vec<f64> = (0..CALLS)
        .filter_map(|number| call(number).latency_ns)
        .map(|ns| ns as f64)
        .collect();
    let start = Instant::now();
    let sorted = Sorted::new(latencies);
    let p99 = sorted
        .quantile(0.99, QuantileRule::Interpolated)
        .unwrap_or(f64::NAN);
    let per_second = CALLS as f64 / start.elapsed().as_secs_f64();
    println!(
        "quantiles: {:.1} million values per second (99th percentile {p99:.0} ns)",
        per_second / 1e6
    );

    let observations: Vec<f64> = (0..30).map(|i| f64::from(i) * 1.1).collect();
    let start = Instant::now();
    let widths: f64 = (2..=30)
        .cycle()
        .take(20_000)
        .filter_map(|n| Interval::of(&observations[..n])?.half_width)
        .sum();
    let per_second = 20_000.0 / start.elapsed().as_secs_f64();
    println!("intervals: {per_second:.0} per second (sum of half-widths {widths:.3})");
    Ok(())
}
