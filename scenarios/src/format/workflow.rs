//! The sections `[workflow.NAME]`: chains and DAGs of functions with state.

use std::collections::BTreeMap;

use sim_core::SimDuration;
use soe_model::units::Bytes;
use soe_model::workflow::{
    Form as FileForm, JoinRule, Plan, Shape, StateServer, Workflow, WorkflowSpec, WorkflowState,
};

use super::entity::{Directory, What};
use crate::reader::diagnostic::{Place, Report, hint, quote};
use crate::reader::files;
use crate::reader::read::Reader;
use crate::reader::record::{Datum, Name, Record};
use crate::reader::section::{Default, Form, Key, Section, When};

pub(crate) static SECTION: Section = Section {
    path: "workflow.NAME",
    help: "A workflow: functions that are executed in sequence or in parallel, and their states. \
           It is given in one of three ways: as a `chain` of functions, as `step` tables, or in a \
           `file` of the original. The output of each execution is the input of the next.",
    keys: &[
        Key {
            name: "chain",
            form: Form::Names("function"),
            default: Default::Unused,
            when: When::Without(&["file", "step"]),
            help: "The functions in order; a function may appear several times.",
        },
        Key {
            name: "file",
            form: Form::Path { or: None },
            default: Default::Unused,
            when: When::Without(&["step"]),
            help: "A JSON file as for `--chain-conf` or `--dag-conf` of the original, with states \
                   and their sizes.",
        },
        Key {
            name: "step",
            form: Form::Named(&STEP),
            default: Default::Unused,
            when: When::Always,
            help: "Steps, by name. The workflow begins with the first one listed and ends with the \
                   last.",
        },
        Key {
            name: "state",
            form: Form::Named(&STATE),
            default: Default::Unused,
            when: When::Without(&["file"]),
            help: "States, by name.",
        },
        Key {
            name: "style",
            form: Form::Word(&["client-driven", "hop-by-hop"]),
            default: Default::Value("client-driven"),
            when: When::Always,
            help: "Who calls the functions after the first: the client, which waits for each \
                   response, or the computers, the last of which sends the result to the client's \
                   callback (`--callback-endpoint` of edgeclient).",
        },
        Key {
            name: "states",
            form: Form::Word(&["embedded", "remote"]),
            default: Default::Value("embedded"),
            when: When::Always,
            help: "How states are passed: inside the messages, or by reference, in which case they \
                   move to the state server of the computer that needs them (`--state-endpoint` of \
                   edgeclient).",
        },
        Key {
            name: "state-at",
            form: Form::Name("computer"),
            default: Default::Unused,
            when: When::Is("states", "remote"),
            help: "The computer whose state server holds the states at first; by default the \
                   client's own state server.",
        },
        Key {
            name: "keep-states",
            form: Form::Flag,
            default: Default::Value("true"),
            when: When::Always,
            help: "Whether a run finds the states where the previous run of the same client left \
                   them, as with one long-lived edgeclient. If false, each run starts with its own \
                   states at `state-at`, as with a new edgeclient for each run.",
        },
        Key {
            name: "join",
            form: Form::Word(&["all", "last"]),
            default: Default::Value("all"),
            when: When::Always,
            help: "The input of a function with several predecessors: the outputs of all, or, as \
                   in the original, only the one that arrived last.",
        },
        Key {
            name: "deadline",
            form: Form::Duration { or: None },
            default: Default::Value("60 s"),
            when: When::Always,
            help: "How long the client waits for the result, a join for its branches, and a \
                   function for a state; after that the run is lost. The original waits forever.",
        },
    ],
};

pub(crate) static STEP: Section = Section {
    path: "workflow.NAME.step.NAME",
    help: "One execution of a function.",
    keys: &[
        Key {
            name: "function",
            form: Form::Names("function"),
            default: Default::Absent("the function with the name of the step"),
            when: When::Always,
            help: "The function; from a list, each run draws one.",
        },
        Key {
            name: "after",
            form: Form::Names("step"),
            default: Default::Absent("none: the workflow begins with it"),
            when: When::Always,
            help: "Its predecessors.",
        },
    ],
};

pub(crate) static STATE: Section = Section {
    path: "workflow.NAME.state.NAME",
    help: "A state of a workflow.",
    keys: &[
        Key {
            name: "size",
            form: Form::Bytes { or: None },
            default: Default::Mandatory,
            when: When::Always,
            help: "Its size.",
        },
        Key {
            name: "needed-by",
            form: Form::Names("function"),
            default: Default::Mandatory,
            when: When::Always,
            help: "The functions that need it.",
        },
        Key {
            name: "drawn",
            form: Form::Flag,
            default: Default::Value("false"),
            when: When::Always,
            help: "Whether each run draws which of these functions need it: if n steps execute one \
                   of them, k of these steps, with k drawn from 0 to n - 1 (as in the original's \
                   experiments 400 and 401).",
        },
    ],
};

/// The most functions of a workflow, choices included.
const MOST: usize = 10_000;

/// Reads one section, or nothing if it is wrong.
pub(crate) fn resolve(
    record: &Record,
    name: &Name,
    names: &Directory,
    known: &dyn Fn(&str) -> bool,
    reader: &mut Reader<'_, '_>,
) -> Option<WorkflowSpec> {
    let path = format!("workflow.{}", quote(&name.text));
    if known(&name.text) || names.is(What::Function, &name.text) {
        let message = format!("`{}` is already the name of a function", quote(&name.text));
        reader.report.wrong(name.place, message);
        return None;
    }
    let at = state_at(record, &path, names, reader.report);
    let parts = match record.text("file") {
        Some(file) => from_file(file, record.at("file"), &path, reader)?,
        None => {
            let functions = Functions {
                names,
                known,
                path: &path,
            };
            from_tables(record, &functions, reader.report)?
        }
    };
    let places = (record.at("file"), record.at("chain"));
    let place = if record.text("file").is_some() {
        places.0
    } else {
        places.1
    };
    if let Some(unknown) = parts.steps.iter().flatten().find(|name| !known(name)) {
        let message = format!("{path}: no computer offers function `{}`", quote(unknown));
        reader.report.wrong(place, message);
        return None;
    }
    let deadline = record.duration("deadline");
    if deadline == SimDuration::ZERO {
        let message = format!("{path}.deadline: must be more than 0 s");
        reader.report.wrong(record.at("deadline"), message);
    }
    let keep = matches!(record.get("keep-states"), Some(Datum::Flag(true)));
    let state = |state: WorkflowState| WorkflowState {
        at: at.clone(),
        ..state
    };
    Some(WorkflowSpec {
        name: name.text.clone(),
        steps: parts.steps,
        successors: parts.successors,
        states: parts.states.into_iter().map(state).collect(),
        hop_by_hop: record.word("style") == "hop-by-hop",
        remote: record.word("states") == "remote",
        join: match record.word("join") {
            "last" => JoinRule::Last,
            _ => JoinRule::All,
        },
        deadline,
        keep,
    })
}

struct Parts {
    steps: Vec<Vec<String>>,
    successors: Option<Vec<Vec<u64>>>,
    states: Vec<WorkflowState>,
}

fn state_at(
    record: &Record,
    path: &str,
    names: &Directory,
    report: &mut Report<'_>,
) -> Option<String> {
    let name = record.names("state-at").first()?;
    one_computer(name, &format!("{path}.state-at"), names, report)
}

fn one_computer(
    name: &Name,
    key: &str,
    names: &Directory,
    report: &mut Report<'_>,
) -> Option<String> {
    let found = names.expand(name, &[What::Computer], key, report);
    if found.len() > 1 {
        let message = format!(
            "{key}: found `{}`, which names several computers, expected one",
            quote(&name.text)
        );
        report.wrong(name.place, message);
    }
    found.into_iter().next()
}

/// Where the states are that the functions of a computer work on.
pub(crate) fn state_server(
    record: &Record,
    path: &str,
    names: &Directory,
    report: &mut Report<'_>,
) -> StateServer {
    match record.names("state-server").first() {
        None => StateServer::Own,
        Some(name) if name.text == "none" => StateServer::None,
        Some(name) => {
            let key = format!("{path}.state-server");
            match one_computer(name, &key, names, report) {
                Some(computer) => StateServer::Of(computer),
                None => StateServer::Own,
            }
        }
    }
}

/// Whose functions can be named.
struct Functions<'a> {
    names: &'a Directory,
    known: &'a dyn Fn(&str) -> bool,
    path: &'a str,
}

impl Functions<'_> {
    /// The functions to which names refer.
    fn expand(&self, found: &[Name], key: &str, report: &mut Report<'_>) -> Vec<String> {
        let key = format!("{}.{key}", self.path);
        let mut functions = Vec::new();
        for name in found {
            if (self.known)(&name.text) {
                functions.push(name.text.clone());
            } else if self.names.group(What::Function, &name.text).is_some() {
                functions.extend(self.names.expand(name, &[What::Function], &key, report));
            } else {
                let groups = self.names.groups(What::Function);
                let groups = groups.filter(|group| group.members().any(|name| (self.known)(&name)));
                let hint = hint(&name.text, groups.map(|group| group.name.text.as_str()));
                let message = format!(
                    "{key}: no computer offers function `{}`{hint}",
                    quote(&name.text)
                );
                report.wrong(name.place, message);
            }
        }
        functions
    }
}

fn from_tables(
    record: &Record,
    functions: &Functions<'_>,
    report: &mut Report<'_>,
) -> Option<Parts> {
    let path = functions.path;
    let (steps, successors) = if record.given("step").is_some() {
        from_steps(record, functions, report)?
    } else if record.given("chain").is_some() {
        let chain = functions.expand(record.names("chain"), "chain", report);
        (chain.into_iter().map(|one| vec![one]).collect(), None)
    } else {
        let message = format!("{path} needs `chain`, `step` or `file`");
        report.wrong(record.place, message);
        return None;
    };
    if steps.iter().map(Vec::len).sum::<usize>() > MOST {
        report.wrong(
            record.place,
            format!("{path} has more than {MOST} functions"),
        );
        return None;
    }
    let states = states(record, &steps, functions, report)?;
    if steps.iter().any(Vec::is_empty) || steps.is_empty() {
        return None;
    }
    let first = steps.iter().map(|choices| choices[0].clone());
    let plan = match &successors {
        None => Plan::chain(first),
        Some(successors) => Plan::dag(first, successors),
    };
    if let Err(error) = plan {
        report.wrong(record.at("step"), format!("{path}: {error}"));
        return None;
    }
    Some(Parts {
        steps,
        successors,
        states,
    })
}

type Steps = (Vec<Vec<String>>, Option<Vec<Vec<u64>>>);

fn from_steps(
    record: &Record,
    functions: &Functions<'_>,
    report: &mut Report<'_>,
) -> Option<Steps> {
    let records = record.records("step");
    let path = functions.path;
    let mut steps = Vec::with_capacity(records.len());
    let mut successors = vec![Vec::new(); records.len().checked_sub(1)?];
    let place_of: BTreeMap<&str, usize> = records
        .iter()
        .enumerate()
        .map(|(number, (name, _))| (name.text.as_str(), number))
        .collect();
    let mut complete = true;
    for (number, (name, step)) in records.iter().enumerate() {
        let key = format!("step.{}", quote(&name.text));
        let named = match step.given("function") {
            Some(_) => step.names("function"),
            None => std::slice::from_ref(name),
        };
        steps.push(functions.expand(named, &format!("{key}.function"), report));
        if number == 0 {
            if let Some(place) = step.given("after") {
                let message = format!(
                    "{path}.{key}.after: the first step listed cannot have a \
                                       predecessor"
                );
                report.wrong(place, message);
                complete = false;
            }
            continue;
        }
        for before in step.names("after") {
            let wrong = match place_of.get(before.text.as_str()) {
                Some(&before) if before < successors.len() => {
                    successors[before].push(number as u64);
                    continue;
                }
                Some(_) => format!(
                    "{path}.{key}.after: `{}` is listed last and cannot have a successor",
                    quote(&before.text)
                ),
                None => {
                    let hint = hint(&before.text, place_of.keys().copied());
                    format!(
                        "{path}.{key}.after: no step is called `{}`{hint}",
                        quote(&before.text)
                    )
                }
            };
            report.wrong(before.place, wrong);
            complete = false;
        }
        if step.given("after").is_none() {
            let message = format!(
                "{path}.{key} needs `after`: only the first step listed may have no predecessor"
            );
            report.wrong(name.place, message);
            complete = false;
        }
    }
    for ((name, _), next) in records.iter().zip(&successors) {
        if next.is_empty() && complete {
            let message = format!(
                "{path}.step.{}: has no successor; only the last step listed may have none",
                quote(&name.text)
            );
            report.wrong(name.place, message);
            complete = false;
        }
    }
    let in_line = (1..).zip(&successors).all(|(next, list)| list == &[next]);
    complete.then(|| (steps, (!in_line).then_some(successors)))
}

fn states(
    record: &Record,
    steps: &[Vec<String>],
    functions: &Functions<'_>,
    report: &mut Report<'_>,
) -> Option<Vec<WorkflowState>> {
    let mut states = Vec::new();
    for (name, state) in record.records("state") {
        let key = format!("state.{}.needed-by", quote(&name.text));
        let mut needed_by = Vec::new();
        for wanted in state.names("needed-by") {
            let found = functions.expand(std::slice::from_ref(wanted), &key, report);
            let used = |function: &&String| steps.iter().any(|step| step.contains(function));
            if let Some(stranger) = found.iter().find(|function| !used(function)) {
                let message = format!(
                    "{}.{key}: function `{}` is not part of the workflow",
                    functions.path,
                    quote(stranger)
                );
                report.wrong(wanted.place, message);
                return None;
            }
            needed_by.extend(found);
        }
        states.push(WorkflowState {
            name: name.text.clone(),
            size: state.bytes("size"),
            needed_by,
            drawn: matches!(state.get("drawn"), Some(Datum::Flag(true))),
            at: None,
        });
    }
    Some(states)
}

fn from_file(file: &str, place: Place, path: &str, reader: &mut Reader<'_, '_>) -> Option<Parts> {
    let text = match reader.report.read(reader.folder, file) {
        Ok(text) => text,
        Err(message) => {
            reader
                .report
                .wrong(place, format!("{path}.file: {message}"));
            return None;
        }
    };
    // What it has decides which of the two it is.
    let form = match text.contains("\"functionNames\"") || text.contains("\"successors\"") {
        true => FileForm::Dag,
        false => FileForm::Chain,
    };
    let workflow = match Workflow::parse(form, &text) {
        Ok(workflow) => workflow,
        Err(error) => {
            let file = files::shown(reader.folder, file);
            reader
                .report
                .wrong_in(place, &file.to_string(), error.to_string());
            return None;
        }
    };
    let plan = &workflow.plan;
    let functions = plan.functions().iter();
    let states = plan.dependencies().iter();
    Some(Parts {
        steps: functions.map(|function| vec![function.clone()]).collect(),
        successors: (plan.shape() == Shape::Dag).then(|| {
            let steps = 0..plan.steps() - 1;
            let next = |step| plan.successors(step).iter().map(|&next| u64::from(next));
            steps.map(|step| next(step).collect()).collect()
        }),
        states: states
            .map(|(name, needed_by)| WorkflowState {
                name: name.clone(),
                size: workflow.sizes.get(name).copied().unwrap_or(Bytes(0)),
                needed_by: needed_by.clone(),
                drawn: false,
                at: None,
            })
            .collect(),
    })
}
