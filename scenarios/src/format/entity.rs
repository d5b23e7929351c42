//! The common keys of computers, brokers, controllers and clients: name, number of
//! copies, node, controller.

use std::cell::Cell;
use std::collections::HashMap;

use crate::reader::diagnostic::{Place, Report, hint, quote};
use crate::reader::record::{Name, Record};
use crate::reader::section::{Default, Form, Key, When};

/// The most copies of one entity.
const MOST_COPIES: u64 = 1_000_000;

pub(crate) const COUNT: Key = Key {
    name: "count",
    form: Form::Count {
        min: 1,
        max: MOST_COPIES,
        or: None,
    },
    default: Default::Absent("one, called NAME"),
    when: When::Always,
    help: "The number of copies, called NAME-1, NAME-2, …. In lists, NAME stands for all of them; \
           where each of several entities needs one, the copies are assigned in turn.",
};

pub(crate) const NODE: Key = Key {
    name: "node",
    form: Form::Names("node"),
    default: Default::Absent("its own node, with the name of the entity"),
    when: When::Always,
    help: "The node of the network on which it is. Messages between entities on the same node take \
           no time. With `count`, a list is assigned in turn.",
};

pub(crate) const CLASS: Key = Key {
    name: "class",
    form: Form::Name("class"),
    default: Default::Absent("computer, broker, controller or client, by the first entity on it"),
    when: When::Always,
    help: "The class of its node; links can name classes.",
};

pub(crate) const CONTROLLER: Key = Key {
    name: "controller",
    form: Form::Name("controller"),
    default: Default::Absent("the controller, if there is exactly one"),
    when: When::Always,
    help: "The controller to which it announces itself, or \"none\".",
};

/// The word for no controller.
const NONE: &str = "none";
/// The word for distances that follow from the network.
pub(crate) const NETWORK: &str = "network";
/// Words that no entity can have as its name: results, keys and links use them otherwise.
const RESERVED: [&str; 3] = [NONE, NETWORK, soe_model::names::ALL];
/// The longest name.
const LONGEST_NAME: usize = 100;

/// What a name may refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Function,
    Computer,
    Broker,
    Controller,
    Client,
    Workflow,
}

impl What {
    /// Characters that separate the parts of what results call by several names, such as
    /// `computer/processor`, `broker/function/destination` and the path `broker>broker`.
    fn separators(self) -> &'static [char] {
        match self {
            Self::Computer => &['/'],
            Self::Broker => &['/', '>'],
            Self::Function | Self::Controller | Self::Client | Self::Workflow => &[],
        }
    }

    /// In one word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Computer => "computer",
            Self::Broker => "broker",
            Self::Controller => "controller",
            Self::Client => "client",
            Self::Workflow => "workflow",
        }
    }
}

/// One section of an entity kind, which declares one entity or several copies.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) what: What,
    pub(crate) name: Name,
    /// How many, if they are numbered.
    pub(crate) count: Option<u64>,
    // The nodes it names, if it does.
    nodes: Vec<Name>,
    // Its count is wrong, so nothing can be said about its numbers.
    doubtful: bool,
}

impl Group {
    fn new(what: What, name: &Name, record: &Record) -> Self {
        let has = |key| record.section.key(key).is_some();
        let count = has("count").then(|| record.maybe_count("count")).flatten();
        Self {
            what,
            name: name.clone(),
            count,
            nodes: match has("node") {
                true => record.names("node").to_vec(),
                false => Vec::new(),
            },
            doubtful: count.is_none() && record.given("count").is_some(),
        }
    }

    /// The number of entities it declares.
    pub(crate) fn len(&self) -> u64 {
        self.count.unwrap_or(1)
    }

    /// The names of its entities.
    pub(crate) fn members(&self) -> impl Iterator<Item = String> + '_ {
        (1..=self.len()).map(|number| match self.count {
            Some(_) => format!("{}-{number}", self.name.text),
            None => self.name.text.clone(),
        })
    }
}

/// All names of a scenario.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    groups: Vec<Group>,
    // Only looked up, never iterated.
    functions: HashMap<String, usize>,
    entities: HashMap<String, usize>,
    // Whether the message that one of several controllers must be chosen was given.
    undecided: Cell<bool>,
}

impl Directory {
    /// Adds the sections of one kind.
    pub(crate) fn add(&mut self, what: What, records: &[(Name, Record)], report: &mut Report<'_>) {
        for (name, record) in records {
            let word = what.word();
            let text = &name.text;
            let blank = |c: char| c.is_whitespace() || c.is_control();
            if text.is_empty()
                || text.len() > LONGEST_NAME
                || text.contains(blank)
                || RESERVED.contains(&text.as_str())
            {
                let message = format!(
                    "`{}` is not a valid name of a {word}: expected 1 to {LONGEST_NAME} bytes \
                     without blanks, other than \"none\", \"network\" and \"all\"",
                    quote(text)
                );
                report.wrong(name.place, message);
            }
            if let Some(separator) = what.separators().iter().find(|it| text.contains(**it)) {
                let message = format!(
                    "`{}` is not a valid name of a {word}: results use `{separator}` as a \
                     separator",
                    quote(text)
                );
                report.wrong(name.place, message);
            }
            let index = match what {
                What::Function => &mut self.functions,
                _ => &mut self.entities,
            };
            if let Some(&other) = index.get(text) {
                let other = self.groups[other].what.word();
                let message = format!("`{}` is already the name of a {other}", quote(text));
                report.wrong(name.place, message);
                continue;
            }
            index.insert(text.clone(), self.groups.len());
            self.groups.push(Group::new(what, name, record));
        }
    }

    /// Reports names that are also the name of one of several copies.
    pub(crate) fn check(&self, report: &mut Report<'_>) {
        for group in &self.groups {
            let function = group.what == What::Function;
            if let Some((other, Some(_))) = self.member(&group.name.text, function) {
                let message = format!(
                    "`{}` is already the name of one of the copies of {} `{}`",
                    quote(&group.name.text),
                    other.what.word(),
                    quote(&other.name.text)
                );
                report.wrong(group.name.place, message);
            }
        }
    }

    /// The sections of one kind, in order.
    pub(crate) fn groups(&self, what: What) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(move |group| group.what == what)
    }

    /// The section of one kind with this name.
    pub(crate) fn group(&self, what: What, name: &str) -> Option<&Group> {
        let index = match what {
            What::Function => &self.functions,
            _ => &self.entities,
        };
        let group = &self.groups[*index.get(name)?];
        (group.what == what).then_some(group)
    }

    /// Whether a name is that of an entity of some kind.
    pub(crate) fn is(&self, what: What, name: &str) -> bool {
        let function = what == What::Function;
        let index = if function {
            &self.functions
        } else {
            &self.entities
        };
        let whole = index.get(name).map(|&group| (&self.groups[group], None));
        let found = whole.or_else(|| self.member(name, function));
        found.is_some_and(|(group, _)| group.what == what)
    }

    /// The nodes of the entities to which a name refers.
    pub(crate) fn nodes_of(&self, name: &str) -> Option<Vec<String>> {
        let group = &self.groups[*self.entities.get(name)?];
        if group.nodes.is_empty() {
            Some(group.members().collect())
        } else {
            Some(group.nodes.iter().map(|node| node.text.clone()).collect())
        }
    }

    /// The section of a numbered copy, and its number.
    fn member(&self, name: &str, function: bool) -> Option<(&Group, Option<u64>)> {
        let index = if function {
            &self.functions
        } else {
            &self.entities
        };
        let (base, number) = name.rsplit_once('-')?;
        let group = &self.groups[*index.get(base)?];
        let digits = number.bytes().all(|c| c.is_ascii_digit()) && !number.starts_with('0');
        let number = number.parse().ok().filter(|_| digits)?;
        let exists = group
            .count
            .is_some_and(|count| (1..=count).contains(&number));
        (exists || group.doubtful).then_some((group, Some(number)))
    }

    /// The entities to which a name refers; unknown names are reported.
    pub(crate) fn expand(
        &self,
        name: &Name,
        wanted: &[What],
        key: &str,
        report: &mut Report<'_>,
    ) -> Vec<String> {
        let function = wanted.contains(&What::Function);
        let index = if function {
            &self.functions
        } else {
            &self.entities
        };
        let whole = index.get(&name.text).map(|&group| &self.groups[group]);
        let found = match whole {
            Some(group) => Some((group, None)),
            None => self.member(&name.text, function),
        };
        let kinds: Vec<_> = wanted.iter().map(|what| what.word()).collect();
        let kinds = kinds.join(" or ");
        match found {
            Some((group, number)) if wanted.contains(&group.what) => match number {
                Some(_) => vec![name.text.clone()],
                None => group.members().collect(),
            },
            Some((group, _)) => {
                let message = format!(
                    "{key}: `{}` is a {}, expected a {kinds}",
                    quote(&name.text),
                    group.what.word()
                );
                report.wrong(name.place, message);
                Vec::new()
            }
            None => {
                let known = self
                    .groups
                    .iter()
                    .filter(|group| wanted.contains(&group.what));
                let hint = hint(&name.text, known.map(|group| group.name.text.as_str()));
                let message = format!("{key}: no {kinds} is called `{}`{hint}", quote(&name.text));
                report.wrong(name.place, message);
                Vec::new()
            }
        }
    }

    /// The same for several names; one that appears twice is reported.
    pub(crate) fn expand_all(
        &self,
        names: &[Name],
        wanted: &[What],
        key: &str,
        report: &mut Report<'_>,
    ) -> Vec<String> {
        let mut all = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for name in names {
            for member in self.expand(name, wanted, key, report) {
                if seen.insert(member.clone()) {
                    all.push(member);
                } else {
                    let message = format!("{key}: `{}` appears twice", quote(&member));
                    report.wrong(name.place, message);
                }
            }
        }
        all
    }

    /// The nodes on which the entities of a section stand, dealt out in turn;
    /// empty if each has its own.
    pub(crate) fn nodes(&self, group: &Group, key: &str, report: &mut Report<'_>) -> Vec<String> {
        let mut nodes = Vec::new();
        for name in &group.nodes {
            match self
                .entities
                .get(&name.text)
                .map(|&other| &self.groups[other])
            {
                Some(other) if !other.nodes.is_empty() && other.name != group.name => {
                    let message = format!(
                        "{key}: {} `{}` is on node `{}`; write the name of the node",
                        other.what.word(),
                        quote(&name.text),
                        quote(&other.nodes[0].text)
                    );
                    report.wrong(name.place, message);
                }
                Some(other) if other.nodes.is_empty() => nodes.extend(other.members()),
                _ => nodes.push(name.text.clone()),
            }
        }
        nodes
    }

    /// The controller of an entity.
    pub(crate) fn controller(
        &self,
        record: &Record,
        path: &str,
        report: &mut Report<'_>,
    ) -> Option<String> {
        let key = format!("{path}.controller");
        if let Some(name) = record.names("controller").first() {
            if name.text == NONE {
                return None;
            }
            let found = self.expand(name, &[What::Controller], &key, report);
            return found.into_iter().next();
        }
        if record.given("controller").is_some() {
            return None;
        }
        let mut controllers = self.groups(What::Controller);
        let first = controllers.next()?;
        // Once is enough: it is one mistake, even if it affects several entities.
        if controllers.next().is_some() && !self.undecided.replace(true) {
            let others = self.groups(What::Controller);
            let others: Vec<_> = others
                .map(|group| quote(&group.name.text))
                .take(3)
                .collect();
            let message = format!(
                "{path} needs `controller`, as there are several: expected one of {}, or \"none\"",
                others.join(", ")
            );
            report.wrong(record.place, message);
        }
        Some(first.name.text.clone())
    }
}

/// One of several values, dealt out in turn.
pub(crate) fn deal(values: &[String], turn: usize) -> Option<&String> {
    values.get(turn.checked_rem(values.len())?)
}

/// Limits how much a few words of a scenario can ask for.
#[derive(Debug)]
pub(crate) struct Budget {
    left: u64,
    exceeded: bool,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            left: 2_000_000,
            exceeded: false,
        }
    }

    /// Takes `copies` times `each`; whether that is still acceptable.
    pub(crate) fn take(
        &mut self,
        copies: u64,
        each: u64,
        place: Place,
        report: &mut Report<'_>,
    ) -> bool {
        let amount = copies.saturating_mul(each.max(1));
        if amount <= self.left {
            self.left -= amount;
            return true;
        }
        if !self.exceeded {
            self.exceeded = true;
            report.wrong(place, "here the scenario exceeds 2 million parts");
        }
        false
    }
}
