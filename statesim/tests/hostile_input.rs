//! Whatever is in a file, reading it ends with a result or an error.

use proptest::prelude::*;
use soe_model::topology::{Source, Topology};
use statesim::trace::{self, Layout};
use statesim::workload;

/// Lines that are nearly right, and some that are not at all.
fn lines(parts: &'static [&'static str], separator: &'static str) -> impl Strategy<Value = String> {
    let line = prop::collection::vec(prop::sample::select(parts), 0..9);
    let line = line.prop_map(move |fields| fields.join(separator));
    prop::collection::vec(prop_oneof![9 => line, 1 => ".{0,20}"], 0..12)
        .prop_map(|lines| lines.join("\n"))
}

const TRACE: &[&str] = &[
    "0",
    "j_1",
    "j_2",
    "j_",
    "M1",
    "R2_1",
    "J3_1_2",
    "R1_3",
    "R2_0",
    "M0",
    "M_",
    "",
    "task_x",
    "5",
    "-1",
    "100.0",
    "0.3",
    "nan",
    "1e400",
    "99999999999999999999",
    "R65537_1",
];

const TOPOLOGY: &[&str] = &[
    "0", "a", "b", "l", "1000", "4000", "0.5", "-3", "inf", "x86", "server", "rpi3b+", "node",
    "shared", "#", "",
];

proptest! {
    #[test]
    fn any_trace_is_read_or_refused(text in lines(TRACE, ","), alibaba: bool) {
        let layout = if alibaba { Layout::Alibaba } else { Layout::Spar };
        match trace::parse("trace", text.as_bytes(), layout) {
            Ok(jobs) => prop_assert!(!workload::inspect(&jobs).to_string().is_empty()),
            Err(error) => {
                let message = error.to_string();
                // A line, or the encoding of the whole.
                prop_assert!(
                    message.starts_with("trace:") || message.starts_with("cannot read `trace`: ")
                );
            }
        }
    }

    #[test]
    fn any_bytes_are_a_trace_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = trace::parse("trace", &bytes[..], Layout::Spar);
    }

    #[test]
    fn any_topology_is_read_or_refused(
        nodes in lines(TOPOLOGY, ";"),
        links in lines(TOPOLOGY, ";"),
        edges in lines(TOPOLOGY, " "),
    ) {
        let sources = [("nodes", &nodes), ("links", &links), ("edges", &edges)];
        let [nodes, links, edges] = sources.map(|(name, text)| Source::new(name, text));
        if let Ok(topology) = Topology::parse(nodes, links, edges) {
            prop_assert!(topology.to_svg().ends_with("</svg>\n"));
            prop_assert!(topology.to_dot().starts_with("digraph"));
            for text in topology.to_files() {
                prop_assert!(text.is_empty() || text.ends_with('\n'));
            }
        }
    }
}
