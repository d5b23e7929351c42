//! How fast the engine is, against a bare loop over a binary heap and other engines.
//!
//! All contenders of a workload run in turn, several rounds long, so that a noisy
//! machine hits them alike; the table shows medians, and ratios are medians of the
//! ratios of each round. Arguments choose workloads by a part of their name.

#![allow(clippy::unwrap_used)]

mod cancel;
mod harness;
mod heap;
mod hold;
mod mm1;
mod peers;
mod phold;
mod queue;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let workloads = [
        mm1::workloads(),
        phold::workloads(),
        hold::workloads(),
        cancel::workloads(),
    ];
    println!("{}", harness::HEADER);
    for workload in workloads.into_iter().flatten() {
        if wanted.is_empty() || wanted.iter().any(|part| workload.name.contains(part)) {
            println!("{}", workload.measure());
        }
    }
}
