//! Checked laws for people and for programs: table, CSV, JSON, figure, page.

use std::fmt::Write;

use analysis::{Axis, Chart, FolderError, Manifest, Reference, ResultFolder, Series, TextTable};
use serde::Serialize;

use super::law::{Agreement, Checked, Effort, Law};
use crate::results::page::{STYLE, escape};

/// Version of the keys of the JSON and the columns of the CSV.
const TABLE_FORMAT: u32 = 1;

/// The laws, and what came out of each claim, in their order.
#[derive(Debug)]
pub struct TheoryReport<'a> {
    /// The laws.
    pub laws: &'a [Law],
    /// The claims of all laws.
    pub checked: &'a [Checked],
    /// What went into them.
    pub effort: &'a Effort,
    /// Whether the model was broken on purpose.
    pub broken: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    law: &'a str,
    case: &'a str,
    quantity: &'a str,
    unit: &'a str,
    expected: f64,
    tolerance: f64,
    measured: f64,
    half_width: Option<f64>,
    ratio: f64,
    agreement: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    table_format: u32,
    seed: u64,
    replications: u32,
    confidence: f64,
    broken: bool,
    passed: bool,
    claims: Vec<Row<'a>>,
}

impl<'a> TheoryReport<'a> {
    /// The claims of one law.
    fn of(&self, law: &'a str) -> impl Iterator<Item = &'a Checked> {
        self.checked.iter().filter(move |it| it.law == law)
    }

    /// Whether a law came out as it must: all claims agree or, of a broken model, at least one
    /// differs.
    pub fn passes(&self, law: &str) -> bool {
        let mut claims = self.checked.iter().filter(|it| it.law == law);
        match self.broken {
            false => claims.all(|it| it.agreement == Agreement::Agrees),
            true => claims.any(|it| it.agreement == Agreement::Differs),
        }
    }

    /// Whether all laws came out as they must.
    pub fn passed(&self) -> bool {
        self.laws.iter().all(|law| self.passes(law.name))
    }

    /// One line.
    pub fn conclusion(&self) -> String {
        let count = self.laws.len();
        let good = self.laws.iter().filter(|law| self.passes(law.name)).count();
        match self.broken {
            false => format!(
                "{good} of {count} laws hold ({} numbers, {} replications each)",
                self.checked.len(),
                self.effort.replications
            ),
            true => format!("{good} of {count} faults were found"),
        }
    }

    /// For a terminal.
    pub fn to_text(&self) -> String {
        let mut table = TextTable::new()
            .left("law")
            .left("case")
            .left("quantity")
            .right("theory")
            .right("measured")
            .right("off")
            .left("verdict");
        for it in self.checked {
            let measured = it.claim.unit.format_interval(&it.measured);
            table.row([
                it.law,
                it.case,
                &it.claim.what,
                &it.claim.unit.format(it.claim.expected),
                &measured,
                &off(it),
                it.agreement.word(),
            ]);
        }
        let mut text = table.render();
        if self.broken {
            text += "\nWhat was broken, and whether it was found:\n";
            let mut faults = TextTable::new().left("law").left("fault").left("");
            for law in self.laws {
                let found = match self.passes(law.name) {
                    true => "found",
                    false => "NOT FOUND",
                };
                faults.row([law.name, law.sabotage.what, found]);
            }
            text += &faults.render();
        }
        let confidence = self.effort.confidence * 100.0;
        let _ = write!(
            text,
            "\n{}; intervals are {confidence:.3} % each (Student t over replications)\n",
            self.conclusion()
        );
        text
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let row = |it: &'a Checked| Row {
            law: it.law,
            case: it.case,
            quantity: &it.claim.what,
            unit: it.claim.unit.symbol(),
            expected: it.claim.expected,
            tolerance: it.claim.tolerance,
            measured: it.measured.mean,
            half_width: it.measured.half_width,
            ratio: it.ratio(),
            agreement: match it.agreement {
                Agreement::Agrees => "agrees",
                Agreement::Differs => "differs",
                Agreement::Unclear => "unclear",
            },
        };
        self.checked.iter().map(row).collect()
    }

    /// For programs, one row per claim.
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in self.rows() {
            // Memory takes whatever is written to it.
            let _ = writer.serialize(row);
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// For programs, with what went into it.
    pub fn to_json(&self) -> String {
        let document = Document {
            table_format: TABLE_FORMAT,
            seed: self.effort.seed,
            replications: self.effort.replications,
            confidence: self.effort.confidence,
            broken: self.broken,
            passed: self.passed(),
            claims: self.rows(),
        };
        // Nothing of this cannot be written as JSON.
        serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
    }

    /// What was measured over what theory says, with intervals.
    pub fn figure(&self) -> String {
        // Of a number that is 0 there is no ratio.
        let shown: Vec<&Checked> = self
            .checked
            .iter()
            .filter(|it| it.claim.expected != 0.0)
            .collect();
        let name = |it: &&Checked| match it.case {
            "" => format!("{}: {}", it.law, it.claim.what),
            case => format!("{} ({case}): {}", it.law, it.claim.what),
        };
        // The first is at the top.
        let names: Vec<String> = shown.iter().rev().map(name).collect();
        let y = Axis::names("", names.iter().map(String::as_str));
        let x = Axis::linear("measured / theory", "");
        let mut chart = Chart::new(x, y).size(900.0, 120.0 + 16.0 * shown.len() as f64);
        let groups = [
            ("agrees", Agreement::Agrees),
            ("differs", Agreement::Differs),
            ("unclear", Agreement::Unclear),
        ];
        for (label, agreement) in groups {
            let rows = shown.iter().rev().enumerate();
            let of_group = rows.filter(|(_, it)| it.agreement == agreement);
            let spans: Vec<(f64, f64, f64)> = of_group
                .map(|(row, it)| {
                    let half = it.measured.half_width.unwrap_or(0.0) / it.claim.expected.abs();
                    // What is exact is still to be seen.
                    let half = half.max(2e-4);
                    (it.ratio() - half, it.ratio() + half, row as f64)
                })
                .collect();
            if !spans.is_empty() {
                chart = chart.series(Series::spans(label, spans));
            }
        }
        chart.reference(Reference::vertical("theory", 1.0)).to_svg()
    }

    /// A page with everything, and nothing loaded from elsewhere.
    pub fn to_html(&self) -> String {
        let title = match self.broken {
            false => "The simulator against theory",
            true => "Theory against a simulator that is broken on purpose",
        };
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>\n{STYLE}figure > svg {{ width: 60rem; }}\n</style>\n\
             </head>\n<body>\n<h1>{title}</h1>\n<p>{}. Seed {}.</p>\n",
            escape(&self.conclusion()),
            self.effort.seed
        );
        let _ = write!(
            page,
            "<figure>\n{}<figcaption>Intervals of {:.3} % over {} replications.</figcaption>\n\
             </figure>\n",
            self.figure(),
            self.effort.confidence * 100.0,
            self.effort.replications
        );
        for law in self.laws {
            let _ = write!(
                page,
                "<h2>{}</h2>\n<p>{}.</p>\n<p><small>{}. Broken on purpose: {}.</small></p>\n\
                 <div class=\"wide\"><table>\n<tr><th class=\"name\">case</th>\
                 <th class=\"name\">quantity</th><th>theory</th><th>measured</th><th>off</th>\
                 <th></th></tr>\n",
                escape(law.name),
                escape(law.statement),
                escape(law.source),
                escape(law.sabotage.what)
            );
            for it in self.of(law.name) {
                let _ = writeln!(
                    page,
                    "<tr><td class=\"name\">{}</td><td class=\"name\">{}</td><td>{}</td>\
                     <td>{}</td><td>{}</td><td>{}</td></tr>",
                    escape(it.case),
                    escape(&it.claim.what),
                    escape(&it.claim.unit.format(it.claim.expected)),
                    escape(&it.claim.unit.format_interval(&it.measured)),
                    off(it),
                    it.agreement.word()
                );
            }
            page += "</table></div>\n";
            for case in &law.cases {
                let name = match case.name {
                    "" => "The scenario".to_owned(),
                    name => format!("The scenario, {name}"),
                };
                let _ = writeln!(
                    page,
                    "<details><summary>{}</summary><pre>{}</pre></details>",
                    escape(&name),
                    escape(&case.scenario)
                );
            }
        }
        page + "</body>\n</html>\n"
    }

    /// Writes page, figure, CSV and JSON into a folder, which appears whole or not at all.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, folder: ResultFolder, manifest: Manifest) -> Result<(), FolderError> {
        folder.write("index.html", self.to_html().as_bytes())?;
        folder.write("theory.svg", self.figure().as_bytes())?;
        folder.write("theory.csv", self.to_csv().as_bytes())?;
        folder.write("theory.json", self.to_json().as_bytes())?;
        folder.commit(manifest).map(drop)
    }
}

/// How far a measurement is off, for people.
fn off(it: &Checked) -> String {
    let share = it.ratio() - 1.0;
    match share.abs() {
        0.0 => "0".to_owned(),
        // Of nothing there is no share.
        size if !size.is_finite() => "-".to_owned(),
        size if size < 5e-5 => format!("{:+.2} ppm", share * 1e6),
        _ => format!("{:+.2} %", share * 100.0),
    }
}
