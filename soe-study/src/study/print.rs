//! Writes a study back, with all ranges and defaults written out.

use statesim::trace::Layout;

use super::axis::{Axis, Item, WITHIN};
use super::figure::{FigureSpec, X};
use super::finding::FindingSpec;
use super::plan::Plan;
use super::replications::Replications;
use super::selector::Selector;
use super::subject::{NetworkSource, Subject, TraceSource};
use scenarios::reader::print::nested;
use scenarios::reader::syntax::{float, key, string};
use scenarios::reader::tree::Node;

impl Plan {
    /// The study as TOML, with all ranges written out and all defaults filled in; it
    /// reads back as the same plan.
    pub fn to_toml(&self) -> String {
        study(self, false)
    }

    /// The same with the scenario from which it starts written out, which may stand in a
    /// separate file. Paths in that are written unchanged.
    pub fn to_whole_toml(&self) -> String {
        study(self, true)
    }
}

/// The study as TOML, with the scenario from which it starts if it is to be `whole`.
fn study(plan: &Plan, whole: bool) -> String {
    let kind = match &plan.subject {
        Subject::Scenario(_) => "scenario",
        Subject::Statesim(_) => "statesim",
        Subject::Lambdamu(_) => "lambdamu",
    };
    let mut text = format!("version = 1\nkind = \"{kind}\"\n");
    if !plan.title.is_empty() {
        text += &format!("title = {}\n", string(&plan.title));
    }
    text += &format!("seed = {}\n", plan.seed);
    if !plan.metrics.is_empty() {
        text += &format!("metrics = {}\n", selectors(&plan.metrics));
    }
    let mut tables = String::new();
    match &plan.subject {
        Subject::Scenario(subject) => {
            let base = whole.then(|| &subject.base.document().root);
            if let (Some(path), None) = (&subject.path, base) {
                text += &format!("base = {}\n", string(path));
            }
            if !subject.set.is_empty() {
                tables += "\n[set]\n";
                for (name, node) in &subject.set {
                    tables += &format!("{} = {}\n", key(name), node.raw.toml());
                }
            }
            if let Some(table) = subject.inline.as_ref().or(base) {
                nested(table, "scenario", &mut tables);
            }
        }
        Subject::Statesim(subject) => {
            nested(&subject.parameters, "parameters", &mut tables);
            tables += &inputs(&subject.networks, &subject.trace);
        }
        Subject::Lambdamu(subject) => {
            nested(&subject.parameters, "placement", &mut tables);
            tables += &inputs(&subject.networks, &subject.trace);
        }
    }
    text += &replications(&plan.replications);
    text += &filters(plan);
    text += &tables;
    for axis in &plan.axes {
        text += &print_axis(axis);
    }
    for figure in &plan.figures {
        text += &print_figure(figure, &plan.axes);
    }
    for finding in &plan.findings {
        text += &print_finding(finding, &plan.axes);
    }
    text
}

/// Networks and the trace.
fn inputs(networks: &[(String, NetworkSource)], trace: &TraceSource) -> String {
    let mut tables = String::new();
    for (name, source) in networks {
        tables += &format!("\n[network.{}]\n", key(name));
        tables += &match source {
            NetworkSource::Example => "generate = \"example\"\n".to_owned(),
            NetworkSource::Generated { kind, seed } => {
                format!("generate = \"{kind}\"\nseed = {seed}\n")
            }
            NetworkSource::Files(files) => {
                let files = files
                    .each_ref()
                    .map(|file| string(&file.display().to_string()));
                format!("files = [{}]\n", files.join(", "))
            }
        };
    }
    tables += &match trace {
        TraceSource::Example => String::new(),
        TraceSource::Generated { jobs, seed } => {
            format!("\n[trace]\ngenerate = {jobs}\nseed = {seed}\n")
        }
        TraceSource::File { path, layout } => {
            let path = string(&path.display().to_string());
            let layout = match layout {
                Layout::Spar => "spar",
                Layout::Alibaba => "alibaba",
            };
            format!("\n[trace]\nfile = {path}\nlayout = \"{layout}\"\n")
        }
    };
    tables
}

fn selectors(selectors: &[Selector]) -> String {
    let texts: Vec<_> = selectors
        .iter()
        .map(|selector| string(&selector.to_string()))
        .collect();
    format!("[{}]", texts.join(", "))
}

fn replications(replications: &Replications) -> String {
    let Replications {
        min,
        max,
        precision,
        of,
    } = replications;
    match precision {
        None => format!("replications = {min}\n"),
        Some(precision) => format!(
            "replications = {{ min = {min}, max = {max}, precision = {}, metrics = {} }}\n",
            float(*precision),
            selectors(of)
        ),
    }
}

/// A filter cannot be told from its effect; the points that are left are written out
/// as the axes and filters were.
fn filters(plan: &Plan) -> String {
    let filters: Vec<_> = plan.filters.iter().map(|text| string(text)).collect();
    match filters.as_slice() {
        [] => String::new(),
        filters => format!("filter = [{}]\n", filters.join(", ")),
    }
}

fn print_axis(axis: &Axis) -> String {
    let mut text = format!(
        "\n[[axis]]\nname = {}\nlabel = {}\n",
        string(&axis.name),
        string(&axis.label)
    );
    if axis.logarithmic {
        text += "scale = \"logarithmic\"\n";
    }
    let same_keys = axis.items.iter().all(|item| {
        let keys = |changes: &[(String, Node)]| {
            changes
                .iter()
                .map(|(key, _)| key.clone())
                .collect::<Vec<_>>()
        };
        keys(&item.changes) == keys(&axis.items[0].changes) && !item.changes.is_empty()
    });
    let labels: Vec<_> = axis.items.iter().map(|item| string(&item.label)).collect();
    let changes = axis.items.first().map_or(&[][..], |item| &item.changes);
    if same_keys && changes.len() == 1 {
        let values = axis.items.iter().map(|item| item.changes[0].1.raw.toml());
        let values: Vec<_> = values.collect();
        text += &format!(
            "key = {}\nvalues = [{}]\n",
            string(&changes[0].0),
            values.join(", ")
        );
        text += &format!("labels = [{}]\n", labels.join(", "));
    } else if same_keys {
        let keys: Vec<_> = changes.iter().map(|(key, _)| string(key)).collect();
        let row = |item: &Item| {
            let row: Vec<_> = item
                .changes
                .iter()
                .map(|(_, node)| node.raw.toml())
                .collect();
            format!("[{}]", row.join(", "))
        };
        let rows: Vec<_> = axis.items.iter().map(row).collect();
        text += &format!(
            "keys = [{}]\nvalues = [{}]\n",
            keys.join(", "),
            rows.join(", ")
        );
        text += &format!("labels = [{}]\n", labels.join(", "));
    } else {
        let case = |item: &Item| {
            let set: Vec<_> = item
                .changes
                .iter()
                .map(|(name, node)| format!("{} = {}", key(name), node.raw.toml()))
                .collect();
            format!(
                "  {{ label = {}, set = {{ {} }} }},\n",
                string(&item.label),
                set.join(", ")
            )
        };
        text += &format!(
            "values = [\n{}]\n",
            axis.items.iter().map(case).collect::<String>()
        );
    }
    text
}

fn print_figure(figure: &FigureSpec, axes: &[Axis]) -> String {
    let x = match figure.x {
        X::Axis(axis) => &axes[axis].name,
        X::Within => WITHIN,
    };
    let mut text = format!(
        "\n[[figure]]\nname = {}\nmetric = {}\nx = {}\n",
        string(&figure.name),
        string(&figure.metric.to_string()),
        string(x)
    );
    if !figure.title.is_empty() {
        text += &format!("title = {}\n", string(&figure.title));
    }
    if let Some(series) = figure.series {
        text += &format!("series = {}\n", string(&axes[series].name));
    }
    if !figure.entities.is_empty() {
        let entities: Vec<_> = figure
            .entities
            .iter()
            .map(|entity| string(entity))
            .collect();
        text += &format!("entities = [{}]\n", entities.join(", "));
    }
    if !figure.ratios.is_empty() {
        let pairs = figure.ratios.iter();
        let pairs: Vec<_> = pairs
            .map(|(over, under)| format!("[{}, {}]", string(over), string(under)))
            .collect();
        text += &format!("ratio = [{}]\n", pairs.join(", "));
    }
    if figure.logarithmic {
        text += "scale = \"logarithmic\"\n";
    }
    if !figure.filters.is_empty() {
        let filters: Vec<_> = figure
            .filters
            .iter()
            .map(|filter| string(&filter.text))
            .collect();
        text += &format!("where = [{}]\n", filters.join(", "));
    }
    text
}

fn print_finding(finding: &FindingSpec, axes: &[Axis]) -> String {
    let axis = &axes[finding.axis];
    let mut text = format!(
        "\n[[finding]]\nname = {}\nclaim = {}\nmetric = {}\naxis = {}\nvalue = {}\nthan = {}\nis = {}\n",
        string(&finding.name),
        string(&finding.claim),
        string(&finding.metric.to_string()),
        string(&axis.name),
        string(&axis.items[finding.value].label),
        string(&axis.items[finding.than].label),
        string(finding.claimed.word())
    );
    if let Some(along) = finding.along {
        text += &format!("along = {}\n", string(&axes[along].name));
    }
    if !finding.filters.is_empty() {
        let filters = finding.filters.iter();
        let filters: Vec<_> = filters.map(|filter| string(&filter.text)).collect();
        text += &format!("where = [{}]\n", filters.join(", "));
    }
    text
}
