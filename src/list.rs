//! `soe list`: the names that scenarios and studies can use.

use std::fmt::Write;

use analysis::TextTable;
use scenarios::shipped::SHIPPED;
use soe_model::catalogue::KindInfo;
use soe_model::sorts::sorts;
use soe_sim::METRICS;
use statesim::execution;

use crate::cli::ListArgs;
use crate::failure::{Failure, print};

/// What else there is beside the sorts of kinds.
const OTHERS: [&str; 3] = ["executions", "metrics", "studies"];

/// Runs the command.
pub fn run(args: &ListArgs) -> Result<(), Failure> {
    print(&list(args.what.as_deref())?)
}

/// One list, or all lists of kinds with a heading each.
fn list(what: Option<&str>) -> Result<String, Failure> {
    let sorts = sorts();
    let Some(what) = what else {
        let mut text = String::new();
        for sort in &sorts {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{}\n\n{}", sort.plural, kinds(&sort.kinds));
        }
        let _ = writeln!(text, "Other lists: {}", OTHERS.join(", "));
        return Ok(text);
    };
    if let Some(sort) = sorts.iter().find(|sort| sort.plural == what) {
        return Ok(kinds(&sort.kinds));
    }
    match what {
        "executions" => Ok(execution::ALL
            .iter()
            .map(|policy| format!("{}\n", policy.name()))
            .collect()),
        "metrics" => {
            let mut table = TextTable::new().left("metric").left("meaning");
            for metric in METRICS {
                table.row([metric.name, metric.description]);
            }
            Ok(table.render())
        }
        "studies" => {
            let mut table = TextTable::new().left("study").left("about");
            for study in SHIPPED {
                table.row([study.name, study.about()]);
            }
            Ok(table.render())
        }
        _ => {
            let known: Vec<_> = sorts.iter().map(|sort| sort.plural).chain(OTHERS).collect();
            let known = known.join(", ");
            Err(Failure::input(format!(
                "unknown list `{what}`, known: {known}"
            )))
        }
    }
}

fn kinds(kinds: &[KindInfo]) -> String {
    let mut table = TextTable::new()
        .left("type")
        .left("parameters")
        .left("meaning");
    for kind in kinds {
        let parameters = kind.parameters.iter().map(|parameter| parameter.name);
        let parameters = parameters.collect::<Vec<_>>().join(", ");
        table.row([kind.name, &parameters, kind.help]);
    }
    table.render()
}
