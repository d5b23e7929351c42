//! All replications in one table of jobs and one of nodes, as CSV or JSON.

use std::io::Write;

use super::Format;
use crate::evaluation::Outcome;
use crate::network::{Network, NodeId};

const JOB_COLUMNS: [&str; 8] = [
    "allocation",
    "execution",
    "seed",
    "job",
    "chain_length",
    "processing_s",
    "network_s",
    "traffic_bytes",
];
const NODE_COLUMNS: [&str; 5] = ["allocation", "execution", "seed", "node", "tasks"];

/// Names of the files of jobs and of nodes.
pub(super) fn files(format: Format) -> [&'static str; 2] {
    match format {
        Format::Native | Format::Csv => ["jobs.csv", "nodes.csv"],
        Format::Json => ["jobs.json", "nodes.json"],
    }
}

pub(super) fn header(format: Format) -> [Vec<u8>; 2] {
    [&JOB_COLUMNS[..], &NODE_COLUMNS[..]].map(|columns| match format {
        Format::Native => Vec::new(),
        Format::Csv => format!("{}\n", columns.join(",")).into_bytes(),
        Format::Json => {
            format!("{{\"columns\":[\"{}\"],\n\"data\":[", columns.join("\",\"")).into_bytes()
        }
    })
}

pub(super) fn footer(format: Format) -> [Vec<u8>; 2] {
    match format {
        Format::Native | Format::Csv => [Vec::new(), Vec::new()],
        Format::Json => [b"\n]}\n".to_vec(), b"\n]}\n".to_vec()],
    }
}

/// Appends a row per job. In JSON every row starts with the comma that ends the one
/// before it; the writer of the first row of a file drops that.
pub(super) fn write_jobs(format: Format, outcome: &Outcome, out: &mut Vec<u8>) {
    let names = Names::of(format, outcome);
    for (number, job) in outcome.jobs.iter().enumerate() {
        names.start_row(out);
        // Writing to a vector cannot fail.
        let _ = write!(
            out,
            ",{number},{},{},{},{}",
            job.chain, job.processing, job.network, job.traffic
        );
        names.end_row(out);
    }
}

/// Appends a row per processing node.
pub(super) fn write_nodes(format: Format, outcome: &Outcome, network: &Network, out: &mut Vec<u8>) {
    let names = Names::of(format, outcome);
    for (node, load) in outcome.loads.iter().enumerate() {
        names.start_row(out);
        let node = network.name(node as NodeId);
        let _ = match format {
            Format::Json => write!(out, ",{},{load}", serde_json::Value::from(node)),
            _ if node.contains([',', '"', '\n']) => {
                write!(out, ",\"{}\",{load}", node.replace('"', "\"\""))
            }
            _ => write!(out, ",{node},{load}"),
        };
        names.end_row(out);
    }
}

/// What the rows of an outcome have in common.
struct Names {
    is_json: bool,
    text: String,
}

impl Names {
    fn of(format: Format, outcome: &Outcome) -> Self {
        let (allocation, execution, seed) = (outcome.allocation, outcome.execution, outcome.seed);
        let is_json = format == Format::Json;
        let text = match is_json {
            true => format!("\"{allocation}\",\"{execution}\",{seed}"),
            false => format!("{allocation},{execution},{seed}"),
        };
        Self { is_json, text }
    }

    fn start_row(&self, out: &mut Vec<u8>) {
        if self.is_json {
            out.extend_from_slice(b",\n[");
        }
        out.extend_from_slice(self.text.as_bytes());
    }

    fn end_row(&self, out: &mut Vec<u8>) {
        out.push(if self.is_json { b']' } else { b'\n' });
    }
}
