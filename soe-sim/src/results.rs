//! The results of a run: tables, summary, and the folder that holds them.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use analysis::{
    CallRecord, CsvTable, FolderError, Manifest, MetricRecord, Names, PartsRecord, ResultFolder,
    SampleRecord, Summary, write_json_line,
};
use sim_core::SimDuration;
use soe_model::deployment::Deployment;

use crate::run::{Progress, RunError, RunOptions, run};
use crate::world::{ObservedRun, Observer, ReplicationResult};

/// How many calls of the first replication are kept to be shown.
const SHOWN: usize = 20;

/// What to record, beside the summary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recording {
    /// Every call.
    pub calls: bool,
    /// Where the latency of every call went.
    pub parts: bool,
    /// Time series, sampled once per this simulated time.
    pub samples: Option<SimDuration>,
}

/// The results of all replications of a run.
#[derive(Debug)]
pub struct Results {
    /// Each replication that was completed, in order.
    pub replications: Vec<ReplicationResult>,
    /// Every metric with its interval.
    pub summary: Summary,
    /// The metrics of every replication, and the names in them.
    pub metrics: (Vec<MetricRecord>, Names),
    /// The first calls of replication 0, in order of their end, and the names in
    /// them.
    pub first_calls: (Vec<CallRecord>, Names),
    tables: Vec<Tables>,
}

/// Tables of one replication, in files that vanish when they are dropped.
#[derive(Debug, Default)]
struct Tables {
    calls: Option<File>,
    parts: Option<File>,
    samples: Option<File>,
}

/// Keeps the first calls, and writes all calls and samples if asked to.
struct Recorder {
    shown: usize,
    first: Vec<CallRecord>,
    names: Names,
    calls: Option<CsvTable<BufWriter<File>, CallRecord>>,
    parts: Option<CsvTable<BufWriter<File>, PartsRecord>>,
    samples: Option<CsvTable<BufWriter<File>, SampleRecord>>,
    error: Option<io::Error>,
}

impl Results {
    /// Runs `deployment` and collects its results.
    ///
    /// Recorded tables wait in temporary files, so that memory does not grow with
    /// the number of calls.
    ///
    /// # Errors
    /// If the deployment contradicts itself, or a temporary file cannot be written.
    pub fn of(
        deployment: &Deployment,
        recording: Recording,
        threads: Option<usize>,
        progress: &Progress,
    ) -> Result<Self, RunError<io::Error>> {
        let options = RunOptions {
            threads,
            sample_period: recording.samples,
        };
        let observe = |replication| Recorder::new(replication, recording);
        let observed = run(deployment, &options, progress, observe)?;
        Self::collect(deployment, observed).map_err(RunError::Observer)
    }

    /// The results of replications that took place elsewhere, such as in the live
    /// system. Nothing is sampled.
    ///
    /// # Errors
    /// If a temporary file cannot be written.
    pub fn of_observed(
        deployment: &Deployment,
        recording: Recording,
        runs: Vec<ObservedRun>,
    ) -> io::Result<Self> {
        let recording = Recording {
            samples: None,
            ..recording
        };
        let mut observed = Vec::with_capacity(runs.len());
        for run in runs {
            let mut recorder = Recorder::new(run.replication, recording)?;
            let observer = recorder
                .as_mut()
                .map(|recorder| recorder as &mut dyn Observer);
            observed.push((run.result(deployment, observer), recorder));
        }
        Self::collect(deployment, observed)
    }

    fn collect(
        deployment: &Deployment,
        observed: Vec<(ReplicationResult, Option<Recorder>)>,
    ) -> io::Result<Self> {
        let mut replications = Vec::with_capacity(observed.len());
        let mut tables = Vec::new();
        let mut first_calls = (Vec::new(), Names::new());
        for (result, recorder) in observed {
            if let Some(mut recorder) = recorder {
                if result.replication == 0 {
                    first_calls.0 = std::mem::take(&mut recorder.first);
                    first_calls.1 = std::mem::take(&mut recorder.names);
                }
                tables.push(recorder.finish()?);
            }
            replications.push(result);
        }
        let metrics = records(&replications);
        let summary = Summary::new(
            metrics.0.iter().copied(),
            &metrics.1,
            replications.len() as u32,
            deployment.run.warm_up.as_nanos(),
        );
        Ok(Self {
            replications,
            summary,
            metrics,
            first_calls,
            tables,
        })
    }

    /// Writes everything into a folder, which appears whole or not at all.
    ///
    /// `scenario` is the text of the scenario as it was run, `manifest` says how.
    /// Only the manifest may differ between two runs of the same scenario.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(
        mut self,
        folder: ResultFolder,
        scenario: &str,
        manifest: Manifest,
    ) -> Result<PathBuf, FolderError> {
        folder.write("scenario.toml", scenario.as_bytes())?;
        folder.write("summary.json", &json(&self.summary))?;
        folder.write(
            "summary.csv",
            &in_memory(|buffer| self.summary.write_csv(buffer)),
        )?;
        let (metrics, names) = &self.metrics;
        let table = in_memory(|buffer| {
            let mut table = CsvTable::<_, MetricRecord>::new(buffer)?;
            metrics
                .iter()
                .try_for_each(|metric| table.write(metric, names))?;
            table.finish().map(drop)
        });
        folder.write("metrics.csv", &table)?;
        let lines = in_memory(|buffer| {
            let write = |metric| write_json_line(&mut *buffer, metric, names);
            metrics.iter().try_for_each(write)
        });
        folder.write("metrics.jsonl", &lines)?;
        folder.write("tables.txt", self.tables().as_bytes())?;
        let mut tables = std::mem::take(&mut self.tables);
        let calls = tables.iter_mut().filter_map(|it| it.calls.take());
        join(&folder, "calls.csv", calls.collect())?;
        let parts = tables.iter_mut().filter_map(|it| it.parts.take());
        join(&folder, "parts.csv", parts.collect())?;
        let samples = tables.iter_mut().filter_map(|it| it.samples.take());
        join(&folder, "samples.csv", samples.collect())?;
        folder.describe([], self.metrics.0.iter().map(|record| record.metric))?;
        folder.commit(manifest)
    }

    /// The summary as JSON.
    pub fn summary_json(&self) -> String {
        String::from_utf8_lossy(&json(&self.summary)).into_owned()
    }

    /// The summary as CSV.
    pub fn summary_csv(&self) -> String {
        let text = in_memory(|buffer| self.summary.write_csv(buffer));
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The forwarding tables at the end of the first replication.
    pub fn tables(&self) -> String {
        let mut text = String::new();
        for (broker, tables) in self.replications.iter().flat_map(|first| &first.tables) {
            text += &format!("{broker}\n{tables}\n");
        }
        text
    }

    /// The fingerprints of the replications, in order, in hexadecimal.
    pub fn fingerprints(&self) -> Vec<String> {
        let fingerprint = |result: &ReplicationResult| format!("{:016x}", result.fingerprint);
        self.replications.iter().map(fingerprint).collect()
    }
}

/// The metrics of all replications as records.
fn records(replications: &[ReplicationResult]) -> (Vec<MetricRecord>, Names) {
    let mut names = Names::new();
    let mut records = Vec::new();
    for result in replications {
        records.extend(result.metrics.iter().map(|value| MetricRecord {
            point: 0,
            replication: result.replication,
            metric: value.metric,
            entity: names.intern(&value.entity),
            value: value.value,
        }));
    }
    (records, names)
}

/// One file from the parts of the replications, in order, with one header line.
fn join(folder: &ResultFolder, name: &str, parts: Vec<File>) -> Result<(), FolderError> {
    use std::io::{BufRead, BufReader, Seek};
    if parts.is_empty() {
        return Ok(());
    }
    let mut file = folder.file(name)?;
    for (number, mut part) in parts.into_iter().enumerate() {
        let begin = || -> io::Result<BufReader<File>> {
            part.rewind()?;
            let mut part = BufReader::new(part);
            if number > 0 {
                part.skip_until(b'\n')?;
            }
            Ok(part)
        };
        let part = begin().map_err(|source| FolderError::Io {
            path: folder.path().join(name),
            action: "read it",
            source,
        })?;
        file.append(part)?;
    }
    file.finish()
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    in_memory(|buffer| {
        serde_json::to_writer_pretty(&mut *buffer, value)?;
        buffer.write_all(b"\n")
    })
}

fn in_memory(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Vec<u8> {
    let mut buffer = Vec::new();
    write(&mut buffer).expect("memory takes whatever is written to it");
    buffer
}

impl Recorder {
    fn new(replication: u32, recording: Recording) -> io::Result<Option<Self>> {
        if replication > 0 && !recording.calls && !recording.parts && recording.samples.is_none() {
            return Ok(None);
        }
        let file = |wanted: bool| wanted.then(tempfile::tempfile).transpose();
        let calls = file(recording.calls)?.map(BufWriter::new);
        let parts = file(recording.parts)?.map(BufWriter::new);
        let samples = file(recording.samples.is_some())?.map(BufWriter::new);
        Ok(Some(Self {
            shown: if replication == 0 { SHOWN } else { 0 },
            first: Vec::new(),
            names: Names::new(),
            calls: calls.map(CsvTable::new).transpose()?,
            parts: parts.map(CsvTable::new).transpose()?,
            samples: samples.map(CsvTable::new).transpose()?,
            error: None,
        }))
    }

    fn finish(self) -> io::Result<Tables> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let file =
            |writer: BufWriter<File>| writer.into_inner().map_err(|error| error.into_error());
        let calls = self.calls.map(|table| table.finish().and_then(file));
        let parts = self.parts.map(|table| table.finish().and_then(file));
        let samples = self.samples.map(|table| table.finish().and_then(file));
        Ok(Tables {
            calls: calls.transpose()?,
            parts: parts.transpose()?,
            samples: samples.transpose()?,
        })
    }
}

impl Observer for Recorder {
    fn call(&mut self, call: &CallRecord, names: &Names) {
        if self.first.len() < self.shown {
            self.first.push(*call);
            self.names = names.clone();
        }
        if let Some(calls) = &mut self.calls
            && let Err(error) = calls.write(call, names)
        {
            self.error.get_or_insert(error);
        }
        if let Some(table) = &mut self.parts
            && let Some(parts) = call.parts
            && let Err(error) = table.write(&PartsRecord::of(call, parts), names)
        {
            self.error.get_or_insert(error);
        }
    }

    fn sample(&mut self, sample: &SampleRecord, names: &Names) {
        if let Some(samples) = &mut self.samples
            && let Err(error) = samples.write(sample, names)
        {
            self.error.get_or_insert(error);
        }
    }
}
