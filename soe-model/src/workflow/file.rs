//! Workflow files: the JSON of the original's `--chain-conf` and `--dag-conf`.
//!
//! ```json
//! {"functions": ["decode", "detect", "decode"],
//!  "dependencies": {"session": ["decode"], "model": ["decode", "detect"], "audit": null},
//!  "state-sizes": {"session": 10000, "model": 500000, "audit": 100}}
//! ```
//!
//! A DAG has `functionNames` instead of `functions`, and `successors`: for each
//! function except the last, the list of the indices of its successors.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::graph::GraphError;
use super::plan::{Plan, Shape};
use crate::units::Bytes;

/// Which sort of workflow a file is expected to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `--chain-conf`.
    Chain,
    /// `--dag-conf`.
    Dag,
}

/// A plan and the size of each state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workflow {
    /// Which functions in which order with which state.
    pub plan: Arc<Plan>,
    /// The size of each state, by name.
    pub sizes: BTreeMap<String, Bytes>,
}

/// What is wrong with a workflow file, in one line. Texts that the original has,
/// too, begin as there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkflowError {
    /// It is not JSON, or has not the parts of a workflow.
    #[error("Invalid JSON content for {what}: {problem}")]
    Malformed {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Successors and functions do not fit.
    #[error(
        "Invalid size of successors and function names: {successors} vs {functions}, expected one \
         function more than lists of successors, as the last function has no successor{}",
        if successors == functions { ": does one follow the last?" } else { "" }
    )]
    Lengths {
        /// How many lists of successors.
        successors: usize,
        /// How many functions: one more would be right.
        functions: usize,
    },
    /// The steps cannot be put in order.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A state depends on a function that the workflow has not.
    #[error(
        "could not find the following function that state '{state}' depends on: {function}; the \
         functions are {known}"
    )]
    UnknownFunction {
        /// The state.
        state: String,
        /// What was found.
        function: String,
        /// All functions, separated by commas.
        known: String,
    },
    /// No function needs a state, and `null` does not declare this.
    #[error(
        "no function needs state '{0}': name functions in `dependencies`, or write null there for \
         a state that is only kept"
    )]
    Unneeded(String),
    /// A state has no size.
    #[error("state '{0}' has no size in `state-sizes`")]
    NoSize(String),
}

impl Workflow {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong, in one line.
    ///
    /// ```
    /// use soe_model::workflow::{Form, Workflow};
    ///
    /// let text = r#"{"successors": [[1], [1]], "functionNames": ["a", "b", "c"],
    ///                "dependencies": {}, "state-sizes": {}}"#;
    /// let error = Workflow::parse(Form::Dag, text).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "Invalid successor graph: step 2 has no predecessor; only step 0 may have none"
    /// );
    /// ```
    pub fn parse(form: Form, text: &str) -> Result<Self, WorkflowError> {
        let what = form.what();
        let wrong = |problem: String| WorkflowError::Malformed { what, problem };
        let value: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let Value::Object(top) = value else {
            return Err(wrong(format!("found {}, expected an object", kind(&value))));
        };
        let known = form.keys();
        if let Some(key) = top.keys().find(|key| !known.contains(&key.as_str())) {
            let known = known.join(", ");
            return Err(wrong(format!(
                "unknown key `{}`, known: {known}",
                shown(key)
            )));
        }
        if let Some(key) = known.iter().find(|key| !top.contains_key(**key)) {
            return Err(wrong(format!("`{key}` is missing")));
        }
        let functions = names(&top[form.functions()], form)?;
        let plan = match form {
            Form::Chain => Plan::chain(functions)?,
            Form::Dag => {
                let successors = successors(&top["successors"])?;
                if functions.len() != successors.len() + 1 {
                    return Err(WorkflowError::Lengths {
                        successors: successors.len(),
                        functions: functions.len(),
                    });
                }
                Plan::dag(functions, &successors)?
            }
        };
        let dependencies = dependencies(&top["dependencies"])?;
        let sizes = sizes(&top["state-sizes"])?;
        Self::new(plan, dependencies, sizes)
    }

    /// A workflow of a plan and its states: each with the functions that need it,
    /// or nothing if it is only to be kept, and its size.
    ///
    /// # Errors
    /// If a state depends on a function that the plan has not, nothing is said
    /// about who needs it, or its size is missing.
    pub fn new(
        plan: Plan,
        dependencies: Vec<(String, Option<Vec<String>>)>,
        sizes: BTreeMap<String, Bytes>,
    ) -> Result<Self, WorkflowError> {
        for (state, functions) in &dependencies {
            let functions = functions.as_deref();
            if functions.is_some_and(<[String]>::is_empty) {
                return Err(WorkflowError::Unneeded(shown(state)));
            }
            let mut functions = functions.unwrap_or_default().iter();
            if let Some(function) = functions.find(|found| !plan.functions().contains(found)) {
                let mut known: Vec<_> = plan.functions().iter().map(|name| shown(name)).collect();
                known.sort_unstable();
                known.dedup();
                return Err(WorkflowError::UnknownFunction {
                    state: shown(state),
                    function: shown(function),
                    known: known.join(", "),
                });
            }
            if !sizes.contains_key(state) {
                return Err(WorkflowError::NoSize(shown(state)));
            }
        }
        let mentioned = |state: &&String| dependencies.iter().any(|(known, _)| known == *state);
        if let Some(state) = sizes.keys().find(|state| !mentioned(state)) {
            return Err(WorkflowError::Unneeded(shown(state)));
        }
        let needed = dependencies.into_iter();
        let needed = needed.map(|(state, functions)| (state, functions.unwrap_or_default()));
        Ok(Self {
            plan: Arc::new(plan.with_states(needed)),
            sizes,
        })
    }

    /// The example that `type=make-template` writes.
    pub fn template(form: Form) -> Self {
        let (functions, successors): (&[&str], &[Vec<u64>]) = match form {
            Form::Chain => (&["f1", "f2", "f1"], &[]),
            Form::Dag => (&["f0", "f1", "f2", "f2"], &[vec![1, 2], vec![3], vec![3]]),
        };
        let needs: [&[&str]; 4] = match form {
            Form::Chain => [&["f1"], &["f1", "f2"], &["f2"], &[]],
            Form::Dag => [&["f0"], &["f0", "f1"], &["f2"], &[]],
        };
        let plan = match form {
            Form::Chain => Plan::chain(functions.iter().copied()),
            Form::Dag => Plan::dag(functions.iter().copied(), successors),
        };
        let states = (0..).zip(needs);
        let states = states.map(|(n, needs): (u64, _)| (format!("s{n}"), needs.to_vec()));
        let sizes = (0..4).map(|n| (format!("s{n}"), Bytes(10_000 * (n + 1))));
        let plan = plan.unwrap_or_else(|_| unreachable!("the examples are in order"));
        Self {
            plan: Arc::new(plan.with_states(states)),
            sizes: sizes.collect(),
        }
    }

    /// The name of the file that `type=make-template` writes.
    pub fn template_name(form: Form) -> &'static str {
        match form {
            Form::Chain => "chain-example.json",
            Form::Dag => "dag-example.json",
        }
    }

    /// The workflow as a file, which reads back as the same.
    pub fn print(&self) -> String {
        let plan = &self.plan;
        let mut text = String::from("{\n");
        // Writing to a string cannot fail.
        if plan.shape() == Shape::Dag {
            let lists = (0..plan.steps().saturating_sub(1)).map(|step| {
                let next: Vec<_> = plan.successors(step).iter().map(u32::to_string).collect();
                format!("[{}]", next.join(", "))
            });
            let lists: Vec<_> = lists.collect();
            let _ = writeln!(text, "  \"successors\": [{}],", lists.join(", "));
            let _ = writeln!(text, "  \"functionNames\": {},", strings(plan.functions()));
        } else {
            let _ = writeln!(text, "  \"functions\": {},", strings(plan.functions()));
        }
        let needs = plan.dependencies().iter().map(|(state, functions)| {
            let functions = match functions.as_slice() {
                [] => "null".to_owned(),
                functions => strings(functions),
            };
            format!("    {}: {functions}", string(state))
        });
        let _ = writeln!(text, "  \"dependencies\": {},", object(needs.collect()));
        let sizes = self.sizes.iter();
        let sizes = sizes.map(|(state, size)| format!("    {}: {}", string(state), size.0));
        let _ = writeln!(text, "  \"state-sizes\": {}", object(sizes.collect()));
        text.push_str("}\n");
        text
    }
}

impl Form {
    fn what(self) -> &'static str {
        match self {
            Self::Chain => "a chain",
            Self::Dag => "a DAG",
        }
    }

    fn functions(self) -> &'static str {
        match self {
            Self::Chain => "functions",
            Self::Dag => "functionNames",
        }
    }

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Chain => &["functions", "dependencies", "state-sizes"],
            Self::Dag => &["successors", "functionNames", "dependencies", "state-sizes"],
        }
    }
}

fn names(value: &Value, form: Form) -> Result<Vec<String>, WorkflowError> {
    let wrong = |problem: String| WorkflowError::Malformed {
        what: form.what(),
        problem,
    };
    let key = form.functions();
    let functions = strings_of(value, key).map_err(wrong)?;
    if functions.is_empty() {
        return Err(wrong(format!(
            "`{key}` is empty, expected at least one function"
        )));
    }
    Ok(functions)
}

fn strings_of(value: &Value, key: &str) -> Result<Vec<String>, String> {
    let unexpected = |found: &Value| {
        format!(
            "`{key}`: found {}, expected a list of names of functions",
            kind(found)
        )
    };
    let Value::Array(items) = value else {
        return Err(unexpected(value));
    };
    let name = |item: &Value| match item {
        Value::String(name) if !name.is_empty() => Ok(name.clone()),
        Value::String(_) => Err(format!("`{key}`: found an empty name")),
        other => Err(unexpected(other)),
    };
    items.iter().map(name).collect()
}

fn successors(value: &Value) -> Result<Vec<Vec<u64>>, WorkflowError> {
    let wrong = |found: &Value| WorkflowError::Malformed {
        what: "a DAG",
        problem: format!(
            "`successors`: found {}, expected a list of lists of whole numbers",
            kind(found)
        ),
    };
    let list = |value: &Value| match value {
        Value::Array(items) => Ok(items.clone()),
        other => Err(wrong(other)),
    };
    let lists = list(value)?;
    let mut successors = Vec::with_capacity(lists.len());
    for one in &lists {
        let number = |item: &Value| item.as_u64().ok_or_else(|| wrong(item));
        successors.push(list(one)?.iter().map(number).collect::<Result<_, _>>()?);
    }
    Ok(successors)
}

type Needs = Vec<(String, Option<Vec<String>>)>;

fn dependencies(value: &Value) -> Result<Needs, WorkflowError> {
    let wrong = |problem: String| WorkflowError::Malformed {
        what: "state dependencies",
        problem,
    };
    let needs = |(state, value): (&String, &Value)| {
        let functions = match value {
            Value::Null => None,
            list => Some(strings_of(list, &shown(state)).map_err(wrong)?),
        };
        Ok((state.clone(), functions))
    };
    object_of(value, "dependencies")
        .map_err(wrong)?
        .iter()
        .map(needs)
        .collect()
}

fn sizes(value: &Value) -> Result<BTreeMap<String, Bytes>, WorkflowError> {
    let wrong = |problem: String| WorkflowError::Malformed {
        what: "state dependencies",
        problem,
    };
    let size = |(state, value): (&String, &Value)| {
        let size = value.as_u64().filter(|&size| size <= LARGEST_STATE);
        let size = size.ok_or_else(|| {
            wrong(format!(
                "size of state `{}`: found {}, expected a whole number of bytes, at most \
                 {LARGEST_STATE}",
                shown(state),
                match value {
                    Value::Number(number) => number.to_string(),
                    other => kind(other).to_owned(),
                }
            ))
        })?;
        Ok((state.clone(), Bytes(size)))
    };
    object_of(value, "state-sizes")
        .map_err(wrong)?
        .iter()
        .map(size)
        .collect()
}

/// The largest state, 1 TiB.
const LARGEST_STATE: u64 = 1 << 40;

fn object_of<'a>(value: &'a Value, key: &str) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| {
        let found = kind(value);
        format!("`{key}`: found {found}, expected an object with a key for each state")
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A name in one line, not too long.
fn shown(name: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    name.chars().take(60).map(plain).collect()
}

fn string(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn strings(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| string(text)).collect();
    format!("[{}]", texts.join(", "))
}

fn object(lines: Vec<String>) -> String {
    if lines.is_empty() {
        return "{}".to_owned();
    }
    format!("{{\n{}\n  }}", lines.join(",\n"))
}
