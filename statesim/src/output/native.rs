//! The original's files: per allocation policy, execution policy and seed, one with a
//! line per job and one with a line per processing node.

use crate::evaluation::Outcome;
use sim_core::libstdcxx::{write_general, write_whole};

/// Name of the file with a line per job.
pub fn job_file(outcome: &Outcome) -> String {
    file("job", outcome)
}

/// Name of the file with a line per processing node.
pub fn node_file(outcome: &Outcome) -> String {
    file("node", outcome)
}

fn file(kind: &str, outcome: &Outcome) -> String {
    format!(
        "{kind}-alloc={}.exec={}.seed={}",
        outcome.allocation, outcome.execution, outcome.seed
    )
}

/// Appends `processing network traffic chain` for each job: seconds, seconds, bytes
/// times links, tasks.
pub fn write_jobs(outcome: &Outcome, out: &mut Vec<u8>) {
    for job in &outcome.jobs {
        write_general(job.processing, out);
        out.push(b' ');
        write_general(job.network, out);
        out.push(b' ');
        write_whole(job.traffic, out);
        out.push(b' ');
        write_whole(job.chain.into(), out);
        out.push(b'\n');
    }
}

/// Appends the number of tasks of each processing node.
pub fn write_nodes(outcome: &Outcome, out: &mut Vec<u8>) {
    for &load in &outcome.loads {
        write_whole(load.into(), out);
        out.push(b'\n');
    }
}
