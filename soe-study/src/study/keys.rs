//! The keys of a study: of a study file, and of the section `sweep` of a scenario.

use scenarios::format::{SCENARIO, SWEEP};
use scenarios::reader::reference::sections;
use scenarios::reader::section::{Default, Form, Key, Section, When};

use super::parameters::PARAMETERS;
use super::placement::PLACEMENT;
use super::subject::statesim::{NETWORK, TRACE};
use super::{axis, figure, filter, finding, replications};

/// The version of the format.
const VERSION: u64 = 1;

/// A study file.
pub(super) static STUDY: Section = Section {
    path: "the study",
    help: "A study: axes, replications, metrics and figures.",
    keys: &[
        Key {
            name: "version",
            form: Form::Count {
                min: VERSION,
                max: VERSION,
                or: None,
            },
            default: Default::Mandatory,
            when: When::Always,
            help: "The version of the format, 1.",
        },
        Key {
            name: "kind",
            form: Form::Word(&["scenario", "statesim", "lambdamu"]),
            default: Default::Mandatory,
            when: When::Always,
            help: "The subject: a scenario, which is simulated, StateSim, or LambdaMuSim.",
        },
        TITLE,
        Key {
            default: Default::Value("1"),
            ..SEED
        },
        Key {
            default: Default::Value(replications::DEFAULT),
            ..REPLICATIONS
        },
        METRICS,
        AXIS,
        FILTER,
        FIGURE,
        FINDING,
        Key {
            name: "base",
            form: Form::Text("the path of a scenario file"),
            default: Default::Absent("`scenario` instead"),
            when: When::Is("kind", "scenario"),
            help: "The base scenario, a file relative to this one.",
        },
        Key {
            name: "scenario",
            form: Form::Foreign {
                what: "a table with the keys of a scenario",
                section: &SCENARIO,
            },
            default: Default::Absent("`base` instead"),
            when: When::Is("kind", "scenario"),
            help: "The base scenario, written in this file; cannot be combined with `base`.",
        },
        Key {
            when: When::Is("kind", "scenario"),
            ..SET
        },
        Key {
            name: "parameters",
            form: Form::Later(&PARAMETERS),
            default: Default::Value("{}"),
            when: When::Is("kind", "statesim"),
            help: "The parameters of StateSim where no axis sets them.",
        },
        Key {
            name: "placement",
            form: Form::Later(&PLACEMENT),
            default: Default::Value("{}"),
            when: When::Is("kind", "lambdamu"),
            help: "The parameters of LambdaMuSim where no axis sets them.",
        },
        Key {
            name: "network",
            form: Form::Named(&NETWORK),
            default: Default::Absent("an example"),
            when: ON_TOPOLOGIES,
            help: "Networks, by name.",
        },
        Key {
            name: "trace",
            form: Form::Table(&TRACE),
            default: Default::Absent("an example"),
            when: ON_TOPOLOGIES,
            help: "The jobs for StateSim, or the applications for LambdaMuSim.",
        },
    ],
};

const ON_TOPOLOGIES: When = When::IsOneOf("kind", &["statesim", "lambdamu"]);

/// A study that is a section of the scenario that it varies.
pub(super) static SECTION: Section = Section {
    path: SWEEP,
    help: "A study in the file of its base scenario; its tables are `[[sweep.axis]]`, \
           `[[sweep.figure]]` and so on.",
    keys: &[
        TITLE,
        SEED,
        REPLICATIONS,
        METRICS,
        AXIS,
        FILTER,
        FIGURE,
        FINDING,
        SET,
    ],
};

const TITLE: Key = Key {
    name: "title",
    form: Form::Text("a text"),
    default: Default::Unused,
    when: When::Always,
    help: "The title of the page with the results, also that of `soe report`.",
};

const SEED: Key = Key {
    name: "seed",
    form: Form::Count {
        min: 0,
        max: u64::MAX,
        or: None,
    },
    default: Default::Absent("`run.seed` of the scenario, or else 1"),
    when: When::Always,
    help: "The seed of all random draws.",
};

const REPLICATIONS: Key = Key {
    name: "replications",
    form: Form::CountOr {
        min: 1,
        max: replications::MOST,
        table: &replications::SECTION,
    },
    default: Default::Absent("`run.replications` of the scenario, or else 10"),
    when: When::Always,
    help: "The number of replications of each point, or a table with the precision to reach.",
};

const METRICS: Key = Key {
    name: "metrics",
    form: Form::Texts("the name of a metric"),
    default: Default::Absent("all"),
    when: When::Always,
    help: "The metrics that are kept: `latency_mean` for all entities, `latency_mean@all` for one.",
};

const AXIS: Key = Key {
    name: "axis",
    form: Form::Tables(&axis::SECTION),
    default: Default::Value("[]"),
    when: When::Always,
    help: "The axes. The points are all combinations of their values; the last axis varies \
           fastest.",
};

const FILTER: Key = Key {
    name: "filter",
    form: filter::CONDITIONS,
    default: Default::Unused,
    when: When::Always,
    help: "Conditions that all points must meet. They compare axes with values or with each \
           other (<, <=, >, >=, =, !=), joined by ` or `.",
};

const FIGURE: Key = Key {
    name: "figure",
    form: Form::Tables(&figure::SECTION),
    default: Default::Absent("each main metric over the first numeric axis"),
    when: When::Always,
    help: "The figures.",
};

const FINDING: Key = Key {
    name: "finding",
    form: Form::Tables(&finding::SECTION),
    default: Default::Value("[]"),
    when: When::Always,
    help: "The claims that the study checks.",
};

const SET: Key = Key {
    name: "set",
    form: Form::Changes("a table of keys and their values"),
    default: Default::Unused,
    when: When::Always,
    help: "Keys of the scenario and their values at every point.",
};

/// The JSON Schema of study files, as text.
pub fn schema() -> String {
    scenarios::reader::schema::schema(&STUDY, "Study of ServerlessOnEdge")
}

/// The reference of study files, as Markdown: every section, key, unit and default.
pub fn reference() -> String {
    let mut text = String::from(include_str!("reference.md"));
    text.push_str("\n## Sections\n");
    text.push_str(&sections(&[&STUDY, &SECTION]));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::reader::consistent::mistakes;

    #[test]
    fn all_declarations_are_right_themselves() {
        for section in [&STUDY, &SECTION] {
            assert_eq!(mistakes(section), Vec::<String>::new());
        }
    }
}
