//! `soe analyze`: the numbers of a result folder, and how far they can be trusted.

use std::collections::BTreeSet;

use analysis::{
    CallStudy, Cut, GroupBy, ResultSet, SampleStudy, Selection, Summary, Unit, cautions,
};
use soe_model::units::parse_duration;

use crate::cli::{AnalyzeArgs, By, Format};
use crate::failure::{Failure, print};

/// The quantiles that are reported if no others are asked for.
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// Runs the command.
pub fn run(args: &AnalyzeArgs) -> Result<(), Failure> {
    if args.folder.is_file() {
        let quantiles = quantiles(args.quantiles.as_deref())?;
        return crate::columns::run(args, &quantiles);
    }
    if let Some(file) = args.files.first() {
        let (folder, file) = (args.folder.display(), file.display());
        return Err(Failure::input(format!(
            "{file}: {folder} is no column file; several files are for column files of clients"
        )));
    }
    let results = ResultSet::read(&args.folder).map_err(Failure::input)?;
    let nothing = |why: &str| Failure::input(format!("{}: {why}", results.path.display()));
    if results.metrics.is_empty() {
        return Err(nothing(
            "metrics.csv has no rows, so there is nothing to analyze",
        ));
    }
    let selection = Selection {
        metrics: args.metric.clone(),
        entities: args.entity.clone(),
    };
    let quantiles = quantiles(args.quantiles.as_deref())?;
    let cut = match args.warm_up.as_deref() {
        None => Cut::AsRun,
        Some("auto") => Cut::Automatic,
        Some(text) => match parse_duration(text) {
            Ok(time) => Cut::At(time.as_nanos()),
            Err(error) => return Err(Failure::input(format!("--warm-up: {error}"))),
        },
    };
    let by = args.by.map_or(GroupBy::All, By::of);
    // With a question about calls, the answer is about them alone.
    let asked = args.by.is_some() || args.warm_up.is_some() || args.quantiles.is_some();
    let calls = match results.has_calls() {
        true => Some(CallStudy::measure(&results, by, cut, &quantiles).map_err(Failure::input)?),
        false if asked => {
            let how = match results.points.are_many() {
                true => "`soe sweep` records none, but `soe run --calls` does",
                false => "`soe run --calls` records it",
            };
            let needed = "no calls.csv, which --by, --quantiles and --warm-up need";
            return Err(nothing(&format!("{needed}; {how}")));
        }
        false => None,
    };
    let (calls, of_calls) = calls.unzip();
    let cut_ns = calls.as_ref().map_or(results.warm_up_ns, |it| it.cut_ns);

    let of_samples = match results.has_samples() && !asked {
        true => Some(SampleStudy::averages(&results, cut_ns).map_err(Failure::input)?),
        false => None,
    };
    let mut metrics = match (&of_calls, asked) {
        (Some(of_calls), true) => of_calls.clone(),
        _ => {
            selection.check(&results).map_err(Failure::input)?;
            results.metrics.clone()
        }
    };
    if metrics.is_empty() {
        let ungrouped = calls.as_ref().map_or(0, |it| it.ungrouped);
        return Err(nothing(&match ungrouped {
            0 => "calls.csv has no calls after the warm-up".to_owned(),
            count => format!(
                "calls.csv has {count} calls after the warm-up, but none was executed, so they \
                 belong to no computer and no path"
            ),
        }));
    }
    let known: BTreeSet<String> = metrics.iter().map(|it| it.metric.clone()).collect();
    metrics.retain(|it| selection.holds(&it.metric, &it.entity));
    if metrics.is_empty() {
        let known: Vec<_> = known.into_iter().collect();
        let why = format!(
            "no metric matches the selection; the results have {}",
            known.join(", ")
        );
        return Err(nothing(&why));
    }
    let replications = results.replications() as u32;
    let summary = Summary::of(&metrics, replications, cut_ns);
    match args.format {
        Format::Csv => {
            let mut text = Vec::new();
            summary.write_csv(&mut text).map_err(Failure::run)?;
            return print(&String::from_utf8_lossy(&text));
        }
        Format::Json => {
            let mut text = Vec::new();
            summary.write_json(&mut text).map_err(Failure::run)?;
            return print(&String::from_utf8_lossy(&text));
        }
        Format::Text => {}
    }
    let mut text = headline(&results);
    text += "\n";
    text += &summary.to_text_at(&results.points);
    if let Some(metrics) = of_calls.filter(|_| !asked) {
        text += "\nFrom the table of calls:\n";
        text += &Summary::of(&metrics, replications, cut_ns).to_text();
    }
    if let Some(metrics) = of_samples {
        text += "\nAverages over time, from the samples:\n";
        text += &Summary::of(&metrics, replications, cut_ns).to_text();
    }
    if let Some(calls) = &calls {
        text += "\n";
        text += &of_one_run(calls);
    }
    let cautions = cautions(&results, &metrics, calls.as_ref());
    if !cautions.is_empty() {
        text += "\nWorth knowing:\n";
        for caution in cautions {
            text += &format!("* {caution}\n");
        }
    }
    print(&text)
}

fn quantiles(texts: Option<&[String]>) -> Result<Vec<f64>, Failure> {
    let Some(texts) = texts else {
        return Ok(QUANTILES.to_vec());
    };
    let quantile = |text: &String| match text.parse::<f64>() {
        Ok(q) if (0.0..=1.0).contains(&q) => Ok(q),
        _ => Err(Failure::input(format!(
            "--quantiles: found `{text}`, expected a number from 0 to 1"
        ))),
    };
    texts.iter().map(quantile).collect()
}

/// What was run, one line.
fn headline(results: &ResultSet) -> String {
    let manifest = &results.manifest;
    let points = match results.points.numbers.len() {
        0 | 1 => String::new(),
        points => format!(", {points} points"),
    };
    format!(
        "{}: {} {}, seed {}{points}, {} replications, {}\n",
        results.path.display(),
        manifest.program,
        manifest.version,
        manifest.seed,
        results.replications(),
        manifest.date
    )
}

/// What the calls of each replication by itself say.
fn of_one_run(calls: &CallStudy) -> String {
    let mut text = String::new();
    let time = |ns: u64| match ns {
        0 => "0 s".to_owned(),
        ns => Unit::Nanoseconds.format(ns as f64),
    };
    if let Some(transient) = &calls.transient {
        let found = match transient.warm_up.settled {
            true => format!(
                "ends at {}, after {} calls",
                time(transient.ends_ns),
                transient.warm_up.cut
            ),
            false => "does not end before half of the run".to_owned(),
        };
        text += &format!(
            "Warm-up by MSER-5: {found}; cut here: {}\n",
            time(calls.cut_ns)
        );
    }
    if let Some(correlation) = calls.correlation {
        text += &format!("Correlation of the latencies of successive calls: {correlation:.2}\n");
    }
    if let [Some(batches)] = calls.batch_means[..] {
        text += &format!(
            "One replication alone: mean latency {} ({} batches of {} calls)\n",
            Unit::Nanoseconds.format_interval(&batches.interval),
            batches.interval.n,
            batches.batch_size
        );
    }
    text
}
