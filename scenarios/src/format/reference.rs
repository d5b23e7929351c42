//! The reference documentation of scenarios, generated from the declarations.

use super::resolve;
use crate::reader::kind::Sort;
use crate::reader::reference::{kind, sections};

/// The reference of the scenario format, as Markdown: every section, key, unit,
/// default and kind.
pub fn reference() -> String {
    let mut text = String::from(include_str!("reference.md"));
    text.push_str("\n## Sections\n");
    text.push_str(&sections(&[&resolve::SECTION]));
    text.push_str("\n## Kinds\n");
    for sort in Sort::ALL {
        text.push_str(&format!("\n### {}\n\n", title(sort)));
        for info in sort.kinds() {
            text.push_str(&kind(&info));
        }
    }
    text
}

fn title(sort: Sort) -> String {
    let (plural, where_used) = match sort {
        Sort::Platform => ("Platforms", "computer.NAME.platform"),
        Sort::Policy => ("Policies", "broker.NAME.policy"),
        Sort::Optimizer => ("Optimizers", "broker.NAME.optimizer"),
        Sort::Estimator => ("Estimators", "broker.NAME.estimator"),
        Sort::Ejection => ("Ejections", "broker.NAME.ejection"),
        Sort::Arrivals => ("Arrival processes", "client.NAME.arrivals"),
        Sort::Sizes => ("Size distributions", "client.NAME.size"),
        Sort::KeepAlive => ("Keep-alive policies", "computer.NAME.instances.keep-alive"),
        Sort::Autoscaler => ("Autoscalers", "computer.NAME.instances.autoscaler"),
        Sort::Duration => ("Duration distributions", "function.NAME.instance.init"),
    };
    format!("{plural} (`{where_used}`)")
}
