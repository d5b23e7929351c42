//! The report of a run for people.

use std::fmt::Write;

use analysis::verdict::Verdict;
use analysis::{CallParts, Outcome, Summary, SummaryRow, TextTable};
use soe_model::deployment::Deployment;

use crate::results::Results;
use crate::world::{ALL, Distribution};

/// No more entities than this are listed in a table.
const LISTED: usize = 12;

/// The tables of no more brokers than this are shown.
const TABLES: usize = 3;

/// The report of a run: calls, latency and processing time, computers, tables.
pub fn report(title: &str, deployment: &Deployment, results: &Results) -> String {
    let mut text = headline(title, deployment, results);
    for section in [
        calls(results),
        verdict(&results.summary),
        durations(&results.summary),
        parts(&results.summary),
        outcomes(&results.summary),
        computers(&results.summary),
        instances(&results.summary),
        tables(results),
    ] {
        if !section.is_empty() {
            text.push('\n');
            text += &section;
        }
    }
    text
}

fn headline(title: &str, deployment: &Deployment, results: &Results) -> String {
    let count = |number: usize, noun: &str| {
        let plural = if number == 1 { "" } else { "s" };
        format!("{number} {noun}{plural}")
    };
    let replications = results.replications.len();
    let warm_up = deployment.run.warm_up;
    let cut = if warm_up.is_zero() {
        "no warm-up".to_owned()
    } else {
        format!("warm-up of {warm_up} cut")
    };
    format!(
        "{title}: {}, {}, {}, {}\n{}, seed {}, {cut}; intervals are 95 % (Student t over replications)\n",
        count(deployment.clients.len(), "client"),
        count(deployment.brokers.len(), "broker"),
        count(deployment.computers.len(), "computer"),
        count(deployment.controllers.len(), "controller"),
        count(replications, "replication"),
        deployment.run.seed,
    )
}

/// The first calls of replication 0, as the original's client prints them.
fn calls(results: &Results) -> String {
    let (calls, names) = &results.first_calls;
    if calls.is_empty() {
        return String::new();
    }
    let total = row(&results.summary, "calls_sent", ALL).and_then(|row| row.mean);
    let mut text =
        "calls of replication 0 (time s, latency s, load %, computer, function, hops)\n".to_owned();
    for call in calls {
        let seconds = |nanos: u64| sim_core::libstdcxx::general(nanos as f64 / 1e9);
        let ended = call.sent_ns + call.latency_ns.unwrap_or(0);
        let latency = call.latency_ns.map_or("-".to_owned(), seconds);
        let computer = call
            .computer
            .map_or("-", |computer| names.resolve(computer));
        let _ = write!(
            text,
            "  {} {latency} {} {computer} {} {}",
            seconds(ended),
            call.load1_percent.unwrap_or(0),
            names.resolve(call.function),
            call.hops,
        );
        match call.outcome {
            Outcome::Ok => {}
            Outcome::Error(error) => text += &format!("  error: {}", names.resolve(error)),
            Outcome::Lost | Outcome::InProgress => text += &format!("  {}", call.outcome.label()),
        }
        text.push('\n');
    }
    if total.is_some_and(|total| total > calls.len() as f64) {
        text += "  ...\n";
    }
    text
}

/// Whether the numbers that follow describe a steady state, and why.
fn verdict(summary: &Summary) -> String {
    let verdicts = summary.verdicts.iter();
    let lines = verdicts.map(|judgement| match judgement.verdict {
        Verdict::Steady => format!("verdict: {judgement}\n"),
        verdict => format!("verdict: {judgement}\n{}\n", meaning(verdict)),
    });
    lines.collect()
}

/// What follows for the numbers of a run that is not steady.
fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Overloaded => {
            "  means, quantiles and intervals below grow with the length of the run: lower the load"
        }
        Verdict::Transient => {
            "  the numbers below mix several states: a longer warm-up or run, or no change during it"
        }
        Verdict::TooShort => "  the numbers below are of little worth: a longer run",
        Verdict::Empty => "  there is nothing to measure: a longer run, or a shorter warm-up",
        Verdict::Steady => "",
    }
}

/// Mean and quantiles of latency and processing time.
fn durations(summary: &Summary) -> String {
    let mut table = TextTable::new().left("");
    for column in ["mean", "50 %", "90 %", "95 %", "99 %"] {
        table = table.right(column);
    }
    let entities = entities(summary, "latency_mean");
    for (quantity, label) in [("latency", "latency"), ("processing", "processing time")] {
        for entity in entities.iter().take(LISTED) {
            let cells = ["mean", "p50", "p90", "p95", "p99"].map(|statistic| {
                let metric = format!("{quantity}_{statistic}");
                row(summary, &metric, entity).map_or("n/a".to_owned(), SummaryRow::to_text)
            });
            let label = if *entity == ALL {
                label.to_owned()
            } else {
                format!("{label} of {entity}")
            };
            table.row(std::iter::once(label).chain(cells));
        }
    }
    let mut text = table.render() + &more(entities.len(), LISTED, "functions");
    let completed = row(summary, "calls_completed", ALL).and_then(|row| row.mean);
    if completed.is_some_and(|calls| calls > Distribution::EXACT as f64) {
        text += "quantiles from a histogram: within 0.4 % of those of type 7\n";
    }
    text
}

/// Where the latency goes; nothing where that is not known.
fn parts(summary: &Summary) -> String {
    let entities = entities(summary, CallParts::METRICS[0]);
    if entities.is_empty() {
        return String::new();
    }
    let mut table = TextTable::new().left("mean");
    for part in CallParts::NAMES {
        table = table.right(part);
    }
    for entity in entities.iter().take(LISTED) {
        let cells = CallParts::METRICS.map(|metric| {
            row(summary, metric, entity).map_or("n/a".to_owned(), SummaryRow::to_text)
        });
        let label = match *entity {
            ALL => "latency".to_owned(),
            entity => format!("latency of {entity}"),
        };
        table.row(std::iter::once(label).chain(cells));
    }
    table.render() + &more(entities.len(), LISTED, "functions")
}

/// The fate of the calls.
fn outcomes(summary: &Summary) -> String {
    let columns = [
        ("calls", "calls_sent"),
        ("completed", "calls_completed"),
        ("lost", "calls_lost"),
        ("in progress", "calls_in_progress"),
        ("throughput", "throughput"),
        ("mean in progress", "calls_under_way"),
    ];
    let mut table = TextTable::new();
    for (header, _) in columns {
        table = table.right(header);
    }
    let cell = |metric| row(summary, metric, ALL).map_or("n/a".to_owned(), SummaryRow::to_text);
    table.row(columns.map(|(_, metric)| cell(metric)));
    table.render()
}

/// The share of each computer and the utilization of its processors.
fn computers(summary: &Summary) -> String {
    let mut table = TextTable::new()
        .left("computer")
        .right("share of calls")
        .left("processor")
        .right("utilization");
    let computers = entities(summary, "share");
    for computer in computers.iter().take(LISTED) {
        let share = row(summary, "share", computer).map(SummaryRow::to_text);
        let mut share = share.unwrap_or_default();
        let mut computer = (*computer).to_owned();
        let prefix = format!("{computer}/");
        let processors = summary
            .rows
            .iter()
            .filter(|row| row.metric == "utilization");
        for row in processors {
            if let Some(processor) = row.entity.strip_prefix(&prefix) {
                let (computer, share) = (std::mem::take(&mut computer), std::mem::take(&mut share));
                table.row([&computer, &share, processor, &row.to_text()]);
            }
        }
    }
    table.render() + &more(computers.len(), LISTED, "computers")
}

/// The instances of functions; nothing if containers are always warm.
fn instances(summary: &Summary) -> String {
    let columns = [
        ("cold calls", "cold_share"),
        ("wait for starts", "start_wait_mean"),
        ("rejected", "calls_rejected"),
        ("created", "instances_created"),
        ("evicted", "instances_evicted"),
        ("mean instances", "instances_mean"),
        ("busy", "instances_busy"),
        ("idle memory", "instance_memory_idle"),
    ];
    let entities = entities(summary, columns[0].1);
    if entities.is_empty() {
        return String::new();
    }
    let mut table = TextTable::new().left("instances");
    for (header, _) in columns {
        table = table.right(header);
    }
    for entity in entities.iter().take(LISTED) {
        let cell =
            |metric| row(summary, metric, entity).map_or("n/a".to_owned(), SummaryRow::to_text);
        let cells = columns.map(|(_, metric)| cell(metric));
        table.row(std::iter::once((*entity).to_owned()).chain(cells));
    }
    table.render() + &more(entities.len(), LISTED, "functions")
}

/// The tables of the brokers at the end of replication 0.
fn tables(results: &Results) -> String {
    let Some(first) = results.replications.first() else {
        return String::new();
    };
    let mut text = String::new();
    for (broker, tables) in first.tables.iter().take(TABLES) {
        let lines = tables.lines().count();
        text += &format!("tables of broker {broker} at the end of replication 0\n");
        for line in tables.lines().take(2 * LISTED) {
            text += &format!("  {line}\n");
        }
        if lines > 2 * LISTED {
            text += "  ...\n";
        }
    }
    text + &more(first.tables.len(), TABLES, "brokers")
}

fn more(count: usize, listed: usize, what: &str) -> String {
    if count > listed {
        format!("... and {} more {what}\n", count - listed)
    } else {
        String::new()
    }
}

fn entities<'a>(summary: &'a Summary, metric: &str) -> Vec<&'a str> {
    let rows = summary.rows.iter().filter(|row| row.metric == metric);
    rows.map(|row| row.entity.as_str()).collect()
}

fn row<'a>(summary: &'a Summary, metric: &str, entity: &str) -> Option<&'a SummaryRow> {
    let mut rows = summary.rows.iter();
    rows.find(|row| row.metric == metric && row.entity == entity)
}
