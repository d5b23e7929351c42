//! Reports: one self-contained HTML page about a result folder.
//!
//! The page needs no network and no other file. It has what was run, figures with zoom and selectable series, tables, a
//! page for each point of a sweep, reasons to trust or distrust the numbers, and how to reproduce them. It follows the
//! reader's choice of light or dark.

use crate::caution::cautions;
use crate::comparison::{Comparison, Selection};
use crate::figures::{Figure, FigureError, FigureOptions, figures_and_calls};
use crate::manifest::Manifest;
use crate::results::{MetricValues, ResultSet};
use crate::table::{Better, KnownMetrics, TableColumns, dictionary};
use crate::unit::Unit;
use std::fmt::Write as _;

const STYLE: &str = include_str!("report/style.css");
const SCRIPT: &str = include_str!("report/script.js");

/// Most rankings shown.
const RANKINGS: usize = 60;

/// What a report needs to know beside the result folder.
pub struct ReportOptions {
    /// The heading; the name of the folder if not given.
    pub title: Option<String>,
    /// Which figures, and how.
    pub figures: FigureOptions,
}

/// Writes a report.
///
/// # Errors
/// If a table cannot be read, or an option names an unknown axis.
pub fn report(results: &ResultSet, options: &ReportOptions) -> Result<String, FigureError> {
    let title = options.title.clone().unwrap_or_else(|| results.name());
    let (figures, calls) = figures_and_calls(results, &options.figures)?;
    let cautions = cautions(results, &results.metrics, calls.as_ref());
    let known = &options.figures.metrics;
    let ranking = ranking(results, known);
    let points = results.points.are_many();

    let mut page = Page::default();
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    // Nothing may be fetched from anywhere.
    page.raw(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'; img-src data: blob:\">\n<link rel=\"icon\" href=\"data:,\">\n",
    );
    page.element("title", "", &title);
    page.raw(&format!(
        "<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n"
    ));
    page.element("h1", "", &title);
    page.element("p", "", &subtitle(results));
    page.raw("<nav>");
    for (id, name, shown) in [
        ("run", "What was run", true),
        ("figures", "Figures", !figures.is_empty()),
        ("comparison", "Comparison", ranking.is_some()),
        ("results", "Results", true),
        ("trust", "How far to trust it", true),
        ("reproduce", "How to reproduce it", true),
        ("columns", "Columns", true),
    ] {
        if shown {
            page.raw(&format!("<a href=\"#{id}\">{name}</a> "));
        }
    }
    page.raw(
        "<button type=\"button\" id=\"theme\">Light or dark</button></nav>\n</header>\n<main>\n",
    );

    page.section("run", "What was run");
    what_was_run(&mut page, results);
    page.end();
    if !figures.is_empty() {
        page.section("figures", "Figures");
        page.raw(
            "<p class=\"hint\">Drag across a plot to zoom in, double-click to see all again; click an entry of a legend \
             to switch its series off or on.</p>\n<div class=\"gallery\">\n",
        );
        for figure in &figures {
            show(&mut page, figure);
        }
        page.raw("</div>\n");
        page.end();
    }
    if let Some(ranking) = ranking {
        page.section("comparison", "Comparison");
        page.element("pre", "", &ranking);
        page.end();
    }
    page.section("results", "Results");
    page.raw("<p><label>Show only rows with <input type=\"search\" id=\"filter\"></label></p>\n");
    if points {
        list_of_points(&mut page, results, known);
    } else {
        metrics_table(&mut page, &results.metrics, known);
    }
    page.end();
    if points {
        for &number in &results.points.numbers {
            point_page(&mut page, results, number, known);
        }
    }
    page.section("trust", "How far to trust it");
    page.element("p", "", &results.summary().basis());
    if cautions.is_empty() {
        page.element("p", "", "No problems were found.");
    } else {
        page.raw("<ul>\n");
        for caution in &cautions {
            page.element("li", "", caution);
        }
        page.raw("</ul>\n");
    }
    page.end();
    page.section("reproduce", "How to reproduce it");
    how_to_reproduce(&mut page, results);
    page.end();
    page.section("columns", "Columns of the tables in the folder");
    columns(&mut page, results);
    page.end();
    page.raw(&format!(
        "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    ));
    Ok(page.0)
}

fn subtitle(results: &ResultSet) -> String {
    let Manifest {
        program,
        version,
        date,
        seed,
        ..
    } = &results.manifest;
    let points = match results.points.numbers.len() {
        0 | 1 => String::new(),
        points => format!("{points} points, "),
    };
    format!(
        "{program} {version}, {points}{} replications, seed {seed}, {date}",
        results.replications()
    )
}

fn what_was_run(page: &mut Page, results: &ResultSet) {
    let manifest = &results.manifest;
    let warm_up = match results.warm_up_ns {
        0 => "none".to_owned(),
        ns => Unit::Nanoseconds.format(ns as f64),
    };
    page.raw("<table>\n");
    for (name, value) in [
        ("command", shell(&manifest.command_line)),
        ("seed", manifest.seed.to_string()),
        ("replications", results.replications().to_string()),
        ("warm-up cut", warm_up),
        ("started", manifest.date.clone()),
        (
            "took",
            format!(
                "{:.1} s on {} threads",
                manifest.duration_s, manifest.threads
            ),
        ),
    ] {
        page.raw("<tr>");
        page.element("th", " scope=\"row\"", name);
        page.element("td", "", &value);
        page.raw("</tr>\n");
    }
    page.raw("</table>\n");
    let files = ["study.toml", "scenario.toml"].map(|name| results.path.join(name));
    let text = match manifest.scenario.as_str() {
        "" => files
            .iter()
            .find_map(|file| std::fs::read_to_string(file).ok()),
        scenario => Some(scenario.to_owned()),
    };
    if let Some(text) = text {
        page.raw("<details><summary>The scenario or study as it was run</summary>\n");
        page.element("pre", "", &text);
        page.raw("</details>\n");
    }
}

fn show(page: &mut Page, figure: &Figure) {
    page.raw(&format!(
        "<figure data-name=\"{}\">\n",
        escaped(&figure.name)
    ));
    page.raw(&figure.to_live_svg());
    page.element("figcaption", "", &figure.caption);
    page.raw("</figure>\n");
}

/// The alternatives of a sweep, ranked: the values of its first axis of names.
fn ranking(results: &ResultSet, known: &KnownMetrics) -> Option<String> {
    let points = &results.points;
    let axis = points
        .axes
        .iter()
        .find(|axis| axis.numbers().is_none() && axis.distinct().len() > 1)?;
    let metrics = ranked(results, known);
    let selection = Selection {
        metrics: metrics.iter().map(|it| it.0.to_owned()).collect(),
        entities: Vec::new(),
    };
    let mut comparison = Comparison::over_axis(results, &axis.key, &selection).ok()?;
    comparison.rows.retain(|row| row.entity == "all");
    comparison.rows.truncate(RANKINGS);
    comparison.alone.retain(|it| it.contains(" of all"));
    (!comparison.rows.is_empty()).then(|| comparison.to_text(false))
}

/// The metrics in the results by which alternatives are ranked: the telling ones of which
/// one value is better than another.
fn ranked<'a>(results: &'a ResultSet, known: &KnownMetrics) -> Vec<(&'a str, Unit)> {
    let telling = known.telling();
    let is_ranked = |name: &str| {
        let metric = telling.iter().find(|metric| metric.name == name);
        metric.is_some_and(|metric| metric.better != Better::Neither)
    };
    let mut ranked = results.metric_names();
    ranked.retain(|(name, _)| is_ranked(name));
    ranked
}

fn list_of_points(page: &mut Page, results: &ResultSet, known: &KnownMetrics) {
    let points = &results.points;
    let shown = ranked(results, known);
    page.raw("<table class=\"rows\">\n<thead><tr><th>point</th>");
    for axis in &points.axes {
        page.element("th", "", points.name_of(axis));
    }
    for (metric, _) in &shown {
        page.element("th", " class=\"number\"", metric);
    }
    page.raw("</tr></thead>\n<tbody>\n");
    for (at, &number) in points.numbers.iter().enumerate() {
        page.raw(&format!(
            "<tr><td><a href=\"#point-{number}\">{number}</a></td>"
        ));
        for axis in &points.axes {
            page.element("td", "", &axis.values[at]);
        }
        for (metric, unit) in &shown {
            let found = results
                .find(number, metric, "all")
                .and_then(MetricValues::interval);
            let text = found.map_or_else(String::new, |it| unit.format_interval(&it));
            page.element("td", " class=\"number\"", &text);
        }
        page.raw("</tr>\n");
    }
    page.raw("</tbody>\n</table>\n");
}

fn point_page(page: &mut Page, results: &ResultSet, number: u32, known: &KnownMetrics) {
    page.raw(&format!("<section class=\"page\" id=\"point-{number}\">\n"));
    page.element("h2", "", &format!("Point {number}"));
    page.raw("<table>\n");
    for (key, value) in results.points.parameters(number) {
        page.raw("<tr>");
        page.element("th", " scope=\"row\"", key);
        page.element("td", "", value);
        page.raw("</tr>\n");
    }
    page.raw("</table>\n");
    metrics_table(page, results.at(number), known);
    page.raw("<p><a href=\"#results\">All points</a></p>\n");
    page.end();
}

fn metrics_table(page: &mut Page, metrics: &[MetricValues], known: &KnownMetrics) {
    page.raw(
        "<table class=\"rows\">\n<thead><tr><th>metric</th><th>entity</th><th class=\"number\">mean ± 95 %</th>\
         <th class=\"number\">least</th><th class=\"number\">most</th><th class=\"number\">n</th></tr></thead>\n<tbody>\n",
    );
    for values in metrics {
        let interval = values.interval();
        let finite = values.finite();
        let least = finite.iter().copied().fold(f64::INFINITY, f64::min);
        let most = finite.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        page.raw("<tr>");
        match known.find(&values.metric).map(|metric| metric.description) {
            Some(meaning) => {
                let title = format!(" title=\"{}\"", escaped(meaning));
                page.element("td", &title, &values.metric);
            }
            None => page.element("td", "", &values.metric),
        }
        page.element("td", "", &values.entity);
        let mean = interval.map_or_else(|| "n/a".to_owned(), |it| values.unit.format_interval(&it));
        page.element("td", " class=\"number\"", &mean);
        page.element("td", " class=\"number\"", &values.unit.format(least));
        page.element("td", " class=\"number\"", &values.unit.format(most));
        page.element("td", " class=\"number\"", &finite.len().to_string());
        page.raw("</tr>\n");
    }
    page.raw("</tbody>\n</table>\n");
}

fn how_to_reproduce(page: &mut Page, results: &ResultSet) {
    let manifest = &results.manifest;
    let text = format!(
        "With {} {}, the same inputs and the same seed, this command gives the same bytes in every file except the manifest, on any number of threads:",
        manifest.program, manifest.version
    );
    page.element("p", "", &text);
    page.element("pre", "", &shell(&manifest.command_line));
    page.element(
        "p",
        "",
        "To test whether new results differ significantly from these:",
    );
    page.element(
        "pre",
        "",
        &format!("soe compare NEW --against {}", results.name()),
    );
    for (name, files) in [
        ("Inputs", &manifest.inputs),
        ("Files of the folder", &manifest.results),
    ] {
        if !files.is_empty() {
            page.raw(&format!(
                "<details><summary>{name} (SHA-256)</summary>\n<table>\n"
            ));
            for (path, digest) in files {
                page.raw("<tr>");
                page.element("td", "", path);
                page.raw("<td>");
                page.element("code", "", digest);
                page.raw("</td></tr>\n");
            }
            page.raw("</table></details>\n");
        }
    }
}

fn columns(page: &mut Page, results: &ResultSet) {
    let is_here = |it: &TableColumns| results.path.join(format!("{}.csv", it.table)).is_file();
    for TableColumns { table, columns } in dictionary().into_iter().filter(is_here) {
        page.raw("<details><summary>");
        page.element("code", "", &table);
        page.raw("</summary>\n<table>\n");
        for column in columns.iter() {
            page.raw("<tr><td>");
            page.element("code", "", &column.name);
            page.raw("</td>");
            page.element("td", "", &column.unit);
            page.element("td", "", &column.description);
            page.raw("</tr>\n");
        }
        page.raw("</table></details>\n");
    }
}

/// A command line as a shell takes it.
fn shell(arguments: &[String]) -> String {
    let quoted = |argument: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+%@".contains(&byte);
        match !argument.is_empty() && argument.bytes().all(plain) {
            true => argument.clone(),
            false => format!("'{}'", argument.replace('\'', "'\\''")),
        }
    };
    let all: Vec<String> = arguments.iter().map(quoted).collect();
    all.join(" ")
}

/// A page of HTML under construction.
#[derive(Default)]
struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn element(&mut self, name: &str, attributes: &str, text: &str) {
        // Writing into a string cannot fail.
        let _ = writeln!(self.0, "<{name}{attributes}>{}</{name}>", escaped(text));
    }

    fn section(&mut self, id: &str, heading: &str) {
        self.raw(&format!("<section id=\"{id}\">\n"));
        self.element("h2", "", heading);
    }

    fn end(&mut self) {
        self.raw("</section>\n");
    }
}

/// Text that cannot become markup, in an element or an attribute.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\n' | '\t' => html.push(character),
            character if character.is_control() => html.push('\u{fffd}'),
            character => html.push(character),
        }
    }
    html
}
