//! Whatever coordinates are given, the table of their distances is one that a controller
//! reads, or the line that is wrong is told in one line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use soe_model::controller::Distances;
use statesim::command::distance_table;

fuzz_target!(|input: (&str, f64)| {
    let (text, collapse) = input;
    // A table has the square of the number of nodes.
    if text.lines().count() > 100 {
        return;
    }
    match distance_table(text, "file", collapse.abs()) {
        Ok(table) => {
            let distances = Distances::parse(&table.text).expect("a table");
            assert_eq!(distances.nodes.len(), table.kept);
        }
        Err(error) => assert!(!error.contains(char::is_control), "{error:?}"),
    }
});
