//! Live runs and simulations of a scenario, for people and for programs.

use std::fmt::Write;

use analysis::{
    Axis, Chart, FolderError, Manifest, QuantileRule, ResultFolder, Series, Sorted, TextTable, Unit,
};
use serde::Serialize;

use super::{CallPairs, Comparison, Level, MetricComparison, Outcome, Overhead, Trial};
use crate::results::page::{STYLE, escape};

/// Version of the keys of the JSON.
const TABLE_FORMAT: u32 = 1;

/// A scenario, live and simulated.
#[derive(Debug)]
pub struct RealityReport<'a> {
    /// The scenario file.
    pub scenario: &'a str,
    /// The live runs.
    pub live: &'a [Trial],
    /// The simulations.
    pub simulated: &'a [Trial],
    /// The metrics of both.
    pub comparison: &'a Comparison,
    /// What a message costs.
    pub overhead: &'a Overhead,
    /// Why the machine was too busy for a verdict, if it was.
    pub busy: Option<&'a str>,
}

#[derive(Serialize)]
struct Row<'a> {
    metric: &'a str,
    entity: &'a str,
    unit: &'a str,
    decides: bool,
    live_mean: f64,
    live_low: f64,
    live_high: f64,
    simulated: f64,
    error: f64,
    outcome: &'a str,
    runs_needed: Option<u32>,
}

#[derive(Serialize)]
struct Pairs {
    calls: usize,
    same_computer: f64,
    mean_difference: f64,
    correlation: f64,
}

#[derive(Serialize)]
struct Document<'a> {
    table_format: u32,
    scenario: &'a str,
    verdict: &'a str,
    reason: &'a str,
    live_runs: usize,
    simulations: usize,
    message_cost_ns: [u64; 3],
    metrics: Vec<Row<'a>>,
    live_against_simulated: Option<Pairs>,
    live_against_live: Option<Pairs>,
}

impl<'a> RealityReport<'a> {
    /// In a word: `agrees`, `unclear`, `differs`, or `refused` where the machine was too busy.
    pub fn verdict(&self) -> &'static str {
        match self.busy {
            Some(_) => "refused",
            None => self.comparison.outcome().word(),
        }
    }

    /// One line with the reason.
    pub fn conclusion(&self) -> String {
        if let Some(busy) = self.busy {
            return format!("refused: the machine was too busy to judge: {busy}");
        }
        let deciding = |it: &&MetricComparison| it.level == Level::Decides;
        let metrics = || self.comparison.metrics().iter().filter(deciding);
        let outcome = self.comparison.outcome();
        let concerned: Vec<String> = metrics()
            .filter(|it| it.outcome == outcome)
            .map(|it| match it.entity.as_str() {
                "all" => it.metric.words.to_owned(),
                entity => format!("{} of {entity}", it.metric.words),
            })
            .collect();
        let concerned = concerned.join(", ");
        match outcome {
            Outcome::Agrees => format!(
                "agrees: {} metrics within 5 % or 1 ms, or as close as live runs are to each other",
                metrics().count()
            ),
            Outcome::Differs => format!("differs: {concerned}"),
            Outcome::Unclear => {
                let needed = metrics().filter_map(|it| it.needed).max();
                format!(
                    "unclear: {concerned}; about {} live runs would tell",
                    needed.unwrap_or_default()
                )
            }
        }
    }

    fn pairs(&self) -> (Option<CallPairs>, Option<CallPairs>) {
        let first = self.live.first();
        let of = |other: Option<&Trial>| CallPairs::of(&first?.calls, &other?.calls);
        (
            of(self.simulated.get(self.simulated.len() / 2)),
            of(self.live.get(1)),
        )
    }

    /// For a terminal.
    pub fn to_text(&self) -> String {
        let cost = [0.25, 0.5, 0.75].map(|q| self.overhead.quantile(q).to_string());
        let mut text = format!(
            "{}: {} live runs, {} simulations\na message takes {} (quartiles {} and {}, measured \
             with {} calls of a probe); that is the network of the simulations\n\n",
            self.scenario,
            self.live.len(),
            self.simulated.len(),
            cost[1],
            cost[0],
            cost[2],
            self.overhead.count()
        );
        let mut table = TextTable::new()
            .left("metric")
            .left("entity")
            .right("live")
            .right("lowest")
            .right("highest")
            .right("simulated")
            .right("error")
            .left("");
        for it in self.comparison.metrics() {
            table.row(cells(it));
        }
        text += &table.render();
        let (simulated, live) = self.pairs();
        let mut pairs = TextTable::new()
            .left("call by call")
            .right("calls")
            .right("same computer")
            .right("mean difference")
            .right("correlation");
        for (name, it) in [("live, simulated", simulated), ("live, live again", live)] {
            if let Some(it) = it {
                pairs.row([
                    name,
                    &it.count.to_string(),
                    &Unit::Ratio.format(it.same_computer),
                    &Unit::Ratio.format(it.mean_difference),
                    &format!("{:.3}", it.correlation),
                ]);
            }
        }
        if !pairs.is_empty() {
            text += "\n";
            text += &pairs.render();
        }
        let _ = writeln!(text, "\n{}", self.conclusion());
        text
    }

    /// For programs.
    pub fn to_json(&self) -> String {
        let row = |it: &'a MetricComparison| Row {
            metric: it.metric.name,
            entity: &it.entity,
            unit: it.metric.unit.symbol(),
            decides: it.level == Level::Decides,
            live_mean: it.real(),
            live_low: it.range().0,
            live_high: it.range().1,
            simulated: it.expected(),
            error: it.error(),
            outcome: it.outcome.word(),
            runs_needed: it.needed,
        };
        let pairs = |it: CallPairs| Pairs {
            calls: it.count,
            same_computer: it.same_computer,
            mean_difference: it.mean_difference,
            correlation: it.correlation,
        };
        let (simulated, live) = self.pairs();
        let reason = self.conclusion();
        let document = Document {
            table_format: TABLE_FORMAT,
            scenario: self.scenario,
            verdict: self.verdict(),
            reason: &reason,
            live_runs: self.live.len(),
            simulations: self.simulated.len(),
            message_cost_ns: [0.25, 0.5, 0.75].map(|q| self.overhead.quantile(q).as_nanos()),
            metrics: self.comparison.metrics().iter().map(row).collect(),
            live_against_simulated: simulated.map(pairs),
            live_against_live: live.map(pairs),
        };
        // Nothing of this cannot be written as JSON.
        serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
    }

    /// The distribution functions of the latencies of all live runs and one simulation.
    pub fn distributions(&self) -> String {
        let latencies = |trial: &Trial| {
            let calls = trial.calls.iter();
            let latencies = calls.filter_map(|call| call.latency_ns);
            Sorted::new(latencies.map(|it| it as f64).collect())
        };
        let all: Vec<Sorted> = self.live.iter().map(latencies).collect();
        let simulated = self.simulated.get(self.simulated.len() / 2).map(latencies);
        let high = |sample: &Sorted| sample.quantile(0.99, QuantileRule::Interpolated);
        let largest = all.iter().filter_map(high).fold(0.0, f64::max);
        let (factor, symbol) = Unit::Nanoseconds.axis_scale(largest);
        let scaled = |sample: &Sorted| {
            let values = sample.values().iter();
            Sorted::new(values.map(|it| it / factor).collect())
        };
        let y = Axis::linear("share of calls", "").from_zero();
        let mut chart = Chart::new(Axis::linear("latency", symbol), y);
        if let Some(simulated) = &simulated {
            chart = chart.series(Series::cdf("simulated", &scaled(simulated)));
        }
        for (number, sample) in all.iter().enumerate().take(6) {
            let label = format!("live {}", number + 1);
            chart = chart.series(Series::cdf(&label, &scaled(sample)));
        }
        chart.to_svg()
    }

    /// A page with everything, and nothing loaded from elsewhere.
    pub fn to_html(&self) -> String {
        let title = escape(&format!("{}: live and simulated", self.scenario));
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
             <p><b>{}</b></p>\n<p>A message takes {} (median of {} calls of a probe).</p>\n\
             <div class=\"wide\"><table>\n<tr><th class=\"name\">metric</th>\
             <th class=\"name\">entity</th><th>live</th><th>lowest</th><th>highest</th>\
             <th>simulated</th><th>error</th><th></th></tr>\n",
            escape(&self.conclusion()),
            self.overhead.quantile(0.5),
            self.overhead.count(),
        );
        for it in self.comparison.metrics() {
            page += "<tr>";
            for (column, cell) in cells(it).iter().enumerate() {
                let class = match column < 2 {
                    true => " class=\"name\"",
                    false => "",
                };
                let _ = write!(page, "<td{class}>{}</td>", escape(cell));
            }
            page += "</tr>\n";
        }
        let _ = write!(
            page,
            "</table></div>\n<figure>\n{}<figcaption>Distribution of latency.</figcaption>\n\
             </figure>\n<pre>{}</pre>\n</body>\n</html>\n",
            self.distributions(),
            escape(&self.to_text())
        );
        page
    }

    /// Writes page, figure and JSON into a folder, which appears whole or not at all.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, folder: ResultFolder, manifest: Manifest) -> Result<(), FolderError> {
        folder.write("index.html", self.to_html().as_bytes())?;
        folder.write("latency.svg", self.distributions().as_bytes())?;
        folder.write("validation.json", self.to_json().as_bytes())?;
        folder.commit(manifest).map(drop)
    }
}

/// A row of the table of metrics.
fn cells(it: &MetricComparison) -> [String; 8] {
    let unit = it.metric.unit;
    let (low, high) = it.range();
    let mut outcome = it.outcome.word().to_owned();
    if it.level == Level::Shown {
        outcome = format!("({outcome})");
    }
    let error = match it.metric.name {
        "share" => format!("{:+.1} points", it.error() * 100.0),
        _ => format!("{:+.1} %", it.error() * 100.0),
    };
    [
        it.metric.words.to_owned(),
        it.entity.clone(),
        unit.format(it.real()),
        unit.format(low),
        unit.format(high),
        unit.format(it.expected()),
        error,
        outcome,
    ]
}
