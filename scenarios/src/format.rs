//! The scenario format: a TOML file that describes a deployment and its run.
//!
//! Every key is declared once, with its quantity, its default and its meaning. Reading
//! a file, the messages for mistakes, [`Scenario::check`], the JSON
//! [`schema`](schema()) and the [`reference`](reference()) documentation all follow
//! these declarations. The kinds of policies, optimizers and others come from the
//! catalogues of the models.

mod broker;
mod client;
mod computer;
mod controller;
mod entity;
mod event;
mod function;
mod instances;
mod load;
mod network;
mod reference;
pub(crate) mod resolve;
mod run;
mod workflow;

use std::path::{Path, PathBuf};

use soe_model::deployment::Deployment;

use crate::reader::diagnostic::Diagnostics;
use crate::reader::document::Document;
use crate::reader::tree::Table;
use crate::reader::{print, set};

pub use reference::reference;
pub use resolve::{SECTION as SCENARIO, STUDY, SWEEP};

/// The JSON Schema of scenario files, as text.
pub fn schema() -> String {
    crate::reader::schema::schema(&resolve::SECTION, "Scenario of ServerlessOnEdge")
}

/// A commented scenario to start from.
pub fn starter() -> &'static str {
    include_str!("format/starter.toml")
}

/// A scenario as written, possibly with changes from the command line.
///
/// ```
/// use scenarios::format::Scenario;
///
/// let mut scenario = Scenario::parse(
///     r#"
///         version = 1
///         run.calls = 100
///
///         [controller.control]
///         [computer.pi]
///         count = 2
///         platform = "raspberry"
///         [broker.router]
///         policy = "round-robin"
///         [client.phone]
///         function = "clambda0"
///         destination = "router"
///         arrivals = { type = "poisson", rate = 10 }
///         size = "10 kB"
///     "#,
///     "example.toml",
/// )?;
/// scenario.set("client.phone.arrivals.rate=20")?;
/// let deployment = scenario.resolve()?;
/// assert_eq!(deployment.computers[1].name, "pi-2");
/// assert_eq!(deployment.clients[0].arrivals.arguments.number("rate"), 20.0);
///
/// let wrong = scenario.set("broker.router.polcy=random").unwrap_err();
/// assert_eq!(
///     wrong.to_string(),
///     "--set broker.router.polcy: unknown key `polcy` in broker.router, did you mean `policy`?"
/// );
/// # Ok::<(), scenarios::reader::Diagnostics>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scenario(Document);

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// If it cannot be read or is not TOML.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Diagnostics> {
        Document::load(path.as_ref()).map(Self)
    }

    /// Reads a scenario from a text. `origin` is the path by which messages call
    /// it and against whose folder the paths in it are relative.
    ///
    /// # Errors
    /// If the text is not TOML.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Diagnostics> {
        Document::parse(text, origin).map(Self)
    }

    /// A scenario that is a table of a larger text.
    pub fn within(origin: &str, folder: &Path, text: &str, root: Table) -> Self {
        Self(Document::within(origin, folder, text, root))
    }

    /// What it says, value by value.
    pub fn document(&self) -> &Document {
        &self.0
    }

    /// The scenario alone, without the study that may be part of its file.
    pub fn without_study(mut self) -> Self {
        self.0.root = self.0.root.without(resolve::SWEEP);
        self
    }

    /// Changes a value, `computer.NAME.cores=4`: any key of the scenario, and a
    /// value as TOML or as a bare word. Items of lists are addressed by their
    /// number, from 1: `event.1.at=20 s`.
    ///
    /// # Errors
    /// If there is no such key or no entity of that name.
    pub fn set(&mut self, assignment: &str) -> Result<(), Diagnostics> {
        let key = set::set(
            &mut self.0.root,
            &resolve::SECTION,
            assignment,
            self.0.sets.len(),
            "computer.NAME.cores=4",
        )?;
        self.0.sets.push(key);
        Ok(())
    }

    /// What is to be run, with all defaults filled in and everything checked.
    ///
    /// # Errors
    /// All mistakes that were found, one line each.
    pub fn resolve(&self) -> Result<Deployment, Diagnostics> {
        self.checked().map(|checked| checked.deployment)
    }

    /// The scenario as TOML, with all defaults filled in; it reads back as the
    /// same deployment.
    ///
    /// # Errors
    /// As [`Scenario::resolve`].
    pub fn check(&self) -> Result<String, Diagnostics> {
        self.checked().map(|checked| checked.text)
    }

    /// Everything about it at once, for callers that need more than one of these.
    ///
    /// The study in its section [`SWEEP`] is handed on as it is: the crate of studies
    /// checks it.
    ///
    /// # Errors
    /// As [`Scenario::resolve`].
    pub fn checked(&self) -> Result<Checked, Diagnostics> {
        let mut report = self.0.report();
        if let Some(node) = self.0.root.get("kind") {
            report.wrong(node.place, "this is a study: run it with `soe sweep`");
            return Err(report.finish());
        }
        let record = resolve::read(&self.0.root, &self.0.folder, &mut report);
        let deployment = resolve::resolve(&record, &self.0.folder, &mut report);
        if !report.is_clean() {
            return Err(report.finish());
        }
        Ok(Checked {
            deployment,
            text: print::scenario(&record),
            inputs: report.inputs(),
        })
    }

    /// The path by which messages call the scenario.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The text of the scenario as it was read, without changes from outside.
    pub fn text(&self) -> &str {
        &self.0.text
    }
}

/// What a scenario without mistakes holds.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What is to be run.
    pub deployment: Deployment,
    /// The scenario as TOML, with all defaults filled in.
    pub text: String,
    /// The files that it names, such as timetables and topologies, in the order of
    /// their paths.
    pub inputs: Vec<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::resolve;
    use crate::reader::consistent::mistakes;

    #[test]
    fn all_declarations_are_right_themselves() {
        assert_eq!(mistakes(&resolve::SECTION), Vec::<String>::new());
    }
}
