//! The page with the results of a sweep, a single file without external resources.

use std::fmt::Write;

use analysis::Unit;

use super::figures::Picture;
use crate::finished::Estimates;
use crate::runner::Prepared;
use crate::study::{Plan, Subject};
use crate::verdict::Verdict;

pub(crate) const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
figure { display: inline-block; margin: 0.5rem; vertical-align: top; max-width: 100%; }
figure > svg { background: #fff; border-radius: 4px; width: 34rem; max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) { figure > svg { filter: invert(0.92) hue-rotate(180deg); } }
.figures { display: flex; flex-wrap: wrap; column-gap: 1rem; }
.figures h2 { font-size: 1.1rem; margin: 1.2rem 0 0 0.5rem; }
figcaption { font-size: 0.9rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: 0.1rem 0.8rem 0.1rem 0; text-align: right; }
td.name, th.name { text-align: left; }
pre { overflow-x: auto; }
.wide { overflow-x: auto; }
";

/// Rows of a table that are shown; the files have all.
const MOST_ROWS: usize = 400;

/// The whole page.
pub(super) fn index(
    plan: &Plan,
    prepared: &Prepared,
    estimates: &Estimates,
    (pictures, verdicts): (&[Picture], &[Verdict]),
    unsteady: &[String],
    study: &str,
) -> String {
    let title = match plan.title.as_str() {
        "" => "Study",
        title => title,
    };
    let title = escape(title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    page += &about(plan, prepared, estimates);
    if !unsteady.is_empty() {
        page += "<h2>Not steady</h2>\n<ul>\n";
        for line in unsteady {
            let _ = writeln!(page, "<li>{}</li>", escape(line));
        }
        page += "</ul>\n";
    }
    if !verdicts.is_empty() {
        page += "<h2>Findings</h2>\n<ul>\n";
        for verdict in verdicts {
            let _ = writeln!(page, "<li>{}</li>", escape(&verdict.line()));
        }
        page += "</ul>\n";
    }
    page += "<div class=\"figures\">\n";
    for group in pictures.chunk_by(|one, next| one.title == next.title) {
        let heading = group.first().map_or("", |picture| &picture.title);
        // Writing into a string cannot fail.
        let _ = writeln!(page, "<section>\n<h2>{}</h2>", escape(heading));
        for picture in group {
            let _ = writeln!(
                page,
                "<figure>\n{}<figcaption>{} <a href=\"figures/{name}.csv\">CSV</a> \
             <a href=\"figures/{name}.svg\">SVG</a></figcaption>\n</figure>",
                picture.svg,
                escape(&picture.panel),
                name = picture.name,
            );
        }
        page += "</section>\n";
    }
    page += "</div>\n";
    page += &table(plan, estimates);
    let _ = write!(
        page,
        "<h2>The study as run</h2>\n<pre>{}</pre>\n</body>\n</html>\n",
        escape(study)
    );
    page
}

fn about(plan: &Plan, prepared: &Prepared, estimates: &Estimates) -> String {
    let replications: u64 = estimates
        .counts
        .iter()
        .map(|(count, _)| u64::from(*count))
        .sum();
    let failed: u64 = estimates
        .counts
        .iter()
        .map(|(_, failed)| u64::from(*failed))
        .sum();
    let kind = match plan.subject {
        Subject::Scenario(_) => "simulated scenario",
        Subject::Statesim(_) => "StateSim",
        Subject::Lambdamu(_) => "LambdaMuSim",
    };
    let mut lines = vec![format!(
        "{kind}: {} points, {replications} replications, seed {}. Bands are 95 % intervals \
         (Student t).",
        plan.points.len(),
        plan.seed
    )];
    if failed > 0 {
        lines.push(format!(
            "{failed} replications failed; failures.csv has the reasons."
        ));
    }
    lines.extend(prepared.about().iter().cloned());
    for axis in &plan.axes {
        let labels: Vec<_> = axis.items.iter().map(|item| item.label.as_str()).collect();
        let shown = labels.len().min(20);
        let more = if shown < labels.len() { ", …" } else { "" };
        lines.push(format!(
            "{}: {}{more}",
            axis.label,
            labels[..shown].join(", ")
        ));
    }
    let items: String = lines
        .iter()
        .map(|line| format!("<li>{}</li>\n", escape(line)))
        .collect();
    format!("<ul>\n{items}</ul>\n")
}

/// Every metric at every point.
fn table(plan: &Plan, estimates: &Estimates) -> String {
    let mut text = "<h2>Numbers</h2>\n<details><summary>Means with 95 % intervals \
                    (<a href=\"summary.csv\">all as CSV</a>, \
                    <a href=\"metrics.csv\">every replication</a>)</summary>\n\
                    <div class=\"wide\"><table>\n<tr>"
        .to_owned();
    for axis in &plan.axes {
        text += &format!("<th class=\"name\">{}</th>", escape(&axis.label));
    }
    text += "<th class=\"name\">entity</th><th class=\"name\">metric</th><th>mean</th></tr>\n";
    let mut rows = 0;
    for (number, point) in plan.points.iter().enumerate() {
        for estimate in estimates.points[number]
            .iter()
            .filter(|it| it.column.at.is_none())
        {
            rows += 1;
            if rows > MOST_ROWS {
                continue;
            }
            text += "<tr>";
            for (axis, &item) in plan.axes.iter().zip(point) {
                text += &format!(
                    "<td class=\"name\">{}</td>",
                    escape(&axis.items[item].label)
                );
            }
            let column = &estimate.column;
            let unit: Unit = column.metric.unit;
            let mean = estimate.moments.interval();
            let mean = mean.map_or("n/a".to_owned(), |mean| unit.format_interval(&mean));
            text += &format!(
                "<td class=\"name\">{}</td><td class=\"name\">{}</td><td>{}</td></tr>\n",
                escape(&column.entity),
                column.metric.name,
                escape(&mean)
            );
        }
    }
    text += "</table></div>\n";
    if rows > MOST_ROWS {
        text += &format!("<p>The first {MOST_ROWS} of {rows} rows.</p>\n");
    }
    text + "</details>\n"
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
