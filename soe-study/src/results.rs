//! The results of a finished sweep: tables, figures, and the folder that holds them.

mod figures;
mod findings;
pub(crate) mod page;
mod published;
mod records;
mod tables;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use analysis::verdict::Judgement;
use analysis::{Manifest, ResultFolder, Summary, SummaryRow, TableColumns};

use crate::error::SweepError;
use crate::executor::Sweep;
use crate::finished::{Estimate, Estimates, Finished};
use crate::runner::Prepared;
use crate::study::{Plan, Selector, Subject};
use records::Records;
use tables::field;

impl Sweep<'_, Prepared> {
    /// Writes the results of a finished sweep into a folder, which appears whole or
    /// not at all. `study` is the text of the study as it was run.
    ///
    /// The same study, seed and code give the same bytes, whatever was run when and
    /// where; only the manifest may differ.
    ///
    /// # Errors
    /// If the journals cannot be read or the folder cannot be written.
    pub fn write(
        &mut self,
        plan: &Plan,
        prepared: &Prepared,
        study: &str,
        folder: ResultFolder,
        manifest: Manifest,
    ) -> Result<PathBuf, SweepError> {
        let failures = self.failures.clone();
        let mut records = Records::new(&folder)?;
        let mut finished = Finished::new(self, plan, |point, replication, layout, values| {
            records.write(point, replication, layout, values)
        })?;
        records.finish()?;
        let estimates = &finished.estimates;
        folder.write("study.toml", study.as_bytes())?;
        let (axes, points) = tables::points(plan);
        folder.write("points.csv", points.as_bytes())?;
        let summary = summary(estimates, prepared.warm_up());
        let replications = replications(estimates, &summary.verdicts);
        folder.write("replications.csv", replications.as_bytes())?;
        folder.write(
            "summary.csv",
            &in_memory(|buffer| summary.write_csv(buffer)),
        )?;
        folder.write(
            "summary.json",
            &in_memory(|buffer| summary.write_json(buffer)),
        )?;
        if let Some(text) = profiles(estimates) {
            folder.write("profiles.csv", text.as_bytes())?;
        }
        if !failures.is_empty() {
            let mut text = "point,replication,reason\n".to_owned();
            for failed in &failures {
                let reason = field(&failed.reason);
                text += &format!("{},{},{reason}\n", failed.point, failed.replication);
            }
            folder.write("failures.csv", text.as_bytes())?;
        }
        if let Subject::Statesim(subject) = &plan.subject
            && let Some(text) = published::table(plan, subject, &finished.estimates)
        {
            folder.write("averages.csv", text.as_bytes())?;
        }
        let (pictures, empty) = figures::draw(&mut finished, &summary.verdicts)?;
        let mut notes = unreported(plan, &finished.estimates);
        notes.extend(unsteady(&summary.verdicts));
        let empty = empty.iter();
        notes.extend(empty.map(|name| format!("figure `{name}` has nothing to show")));
        for picture in &pictures {
            folder.write(
                &format!("figures/{}.svg", picture.name),
                picture.svg.as_bytes(),
            )?;
            folder.write(
                &format!("figures/{}.csv", picture.name),
                picture.csv.as_bytes(),
            )?;
        }
        let verdicts = findings::decide(&mut finished)?;
        if !verdicts.is_empty() {
            folder.write("findings.csv", findings::table(&verdicts).as_bytes())?;
        }
        let of_figures = pictures.iter().map(|picture| picture.columns.clone());
        let own = std::iter::once(TableColumns::points(axes)).chain(of_figures);
        let metrics = finished.estimates.points.iter().flatten();
        folder.describe(own, metrics.map(|estimate| estimate.column.metric))?;
        let page = page::index(
            plan,
            prepared,
            &finished.estimates,
            (pictures.as_slice(), verdicts.as_slice()),
            &unsteady(&summary.verdicts),
            study,
        );
        self.verdicts = verdicts;
        self.notes = notes;
        folder.write("index.html", page.as_bytes())?;
        Ok(folder.commit(manifest)?)
    }
}

/// How many points are not steady, a line for each verdict, with the first of them.
fn unsteady(verdicts: &[Judgement]) -> Vec<String> {
    let mut kinds: Vec<(&Judgement, usize)> = Vec::new();
    for judgement in verdicts.iter().filter(|it| !it.verdict.is_steady()) {
        let same = |(first, _): &&mut (&Judgement, usize)| first.verdict == judgement.verdict;
        match kinds.iter_mut().find(same) {
            Some((_, count)) => *count += 1,
            None => kinds.push((judgement, 1)),
        }
    }
    let all = verdicts.len();
    let line = |(first, count): &(&Judgement, usize)| {
        format!(
            "{count} of {all} points: {}, the first is point {} ({})",
            first.verdict, first.point, first.reason
        )
    };
    kinds.iter().map(line).collect()
}

/// Which metrics of interest no replication reported, a line each.
fn unreported(plan: &Plan, estimates: &Estimates) -> Vec<String> {
    let wanted = plan.metrics.iter().chain(&plan.replications.of);
    let is_reported = |selector: &Selector| {
        let mut all = estimates.points.iter().flatten();
        all.any(|Estimate { column, moments }| {
            moments.n() > 0 && selector.selects(column.metric.name, &column.entity)
        })
    };
    let mut notes: Vec<String> = Vec::new();
    for selector in wanted.filter(|selector| !is_reported(selector)) {
        let note = format!("metric `{selector}`: no replication reported a value");
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

fn in_memory(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Vec<u8> {
    let mut buffer = Vec::new();
    write(&mut buffer).expect("memory takes whatever is written to it");
    buffer
}

fn replications(estimates: &Estimates, verdicts: &[Judgement]) -> String {
    let mut text = "point,replications,failed,fingerprint,verdict,reason\n".to_owned();
    let rows = estimates.counts.iter().zip(&estimates.fingerprints);
    for (number, ((count, failed), fingerprint)) in rows.enumerate() {
        let fingerprint = match fingerprint {
            0 => String::new(),
            fingerprint => format!("{fingerprint:016x}"),
        };
        let judged = verdicts.binary_search_by_key(&(number as u32), |it| it.point);
        let (verdict, reason) = match judged {
            Ok(place) => (verdicts[place].verdict.name(), &*verdicts[place].reason),
            Err(_) => ("", ""),
        };
        let reason = field(reason);
        text += &format!("{number},{count},{failed},{fingerprint},{verdict},{reason}\n");
    }
    text
}

fn summary(estimates: &Estimates, warm_up_ns: u64) -> Summary {
    let mut rows = Vec::new();
    for (point, all) in estimates.points.iter().enumerate() {
        // As elsewhere: metric by metric, and each in the order of its entities.
        let mut order: HashMap<&str, usize> = HashMap::new();
        let mut sorted: Vec<(usize, &Estimate)> = Vec::new();
        for estimate in all.iter().filter(|estimate| estimate.column.at.is_none()) {
            let next = order.len();
            let rank = *order.entry(estimate.column.metric.name).or_insert(next);
            sorted.push((rank, estimate));
        }
        sorted.sort_by_key(|(rank, _)| *rank);
        rows.extend(sorted.into_iter().map(|(_, Estimate { column, moments })| {
            let interval = moments.interval();
            SummaryRow {
                point: point as u32,
                metric: column.metric.name.to_owned(),
                entity: column.entity.clone(),
                unit: column.metric.unit,
                mean: interval.map(|interval| interval.mean),
                low: interval.and_then(|interval| interval.low()),
                high: interval.and_then(|interval| interval.high()),
                n: moments.n() as usize,
                verdict: None,
            }
        }));
    }
    let counts = estimates.counts.iter().map(|(count, _)| *count);
    Summary::from_rows(rows, counts.max().unwrap_or(0), warm_up_ns)
}

/// The quantities that have values at several points; empty if none has.
fn profiles(estimates: &Estimates) -> Option<String> {
    let mut text = "point,metric,entity,at,unit,mean,low,high,n\n".to_owned();
    let empty = text.len();
    for (point, all) in estimates.points.iter().enumerate() {
        for Estimate { column, moments } in all {
            let (Some(at), Some(interval)) = (column.at, moments.interval()) else {
                continue;
            };
            let number = |number: Option<f64>| number.map_or(String::new(), |it| it.to_string());
            text += &format!(
                "{point},{},{},{at},{},{},{},{},{}\n",
                column.metric.name,
                field(&column.entity),
                column.metric.unit.symbol(),
                interval.mean,
                number(interval.low()),
                number(interval.high()),
                interval.n
            );
        }
    }
    (text.len() > empty).then_some(text)
}
