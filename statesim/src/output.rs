//! Writes outcomes to files, which appear when all are complete or not at all.

pub mod native;
mod staging;
mod tables;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::evaluation::Outcome;
use crate::network::Network;
use sim_core::libstdcxx::write_general;
use staging::Staging;

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As the original: two files per allocation policy, execution policy and seed.
    #[default]
    Native,
    /// All replications in one file for jobs and one for nodes, with a header.
    Csv,
    /// The same as JSON of the orientation that pandas calls `split`: names of columns
    /// and rows of values.
    Json,
}

/// Why results cannot be written.
#[derive(Debug)]
pub struct OutputError {
    path: PathBuf,
    cause: std::io::Error,
}

impl OutputError {
    /// Whether the place that was asked for is taken by something else.
    pub fn is_taken(&self) -> bool {
        self.cause.kind() == std::io::ErrorKind::AlreadyExists
    }
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write `{}`: {}", self.path.display(), self.cause)
    }
}

impl std::error::Error for OutputError {}

/// Results in the making.
#[derive(Debug)]
pub struct Results {
    format: Format,
    staging: Staging,
    has_rows: [bool; 2],
}

/// The text of some outcomes, not yet in a file.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    jobs: Vec<u8>,
    nodes: Vec<u8>,
}

/// Turns outcomes into text; any number of threads may do so at once.
#[derive(Clone, Copy, Debug)]
pub struct Encoder<'a>(&'a Results);

impl Results {
    /// Prepares results that will be in `folder`.
    ///
    /// # Errors
    /// If a folder beside it cannot be made.
    pub fn create(folder: &Path, format: Format) -> Result<Self, OutputError> {
        let mut results = Self {
            format,
            staging: Staging::create(folder)?,
            has_rows: [false; 2],
        };
        results.put(&tables::header(format))?;
        Ok(results)
    }

    /// What turns outcomes into text.
    pub fn encoder(&self) -> Encoder<'_> {
        Encoder(self)
    }

    /// Adds text, in the order in which it is to be in the files.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(&mut self, chunk: &Chunk) -> Result<(), OutputError> {
        let mut texts = [&chunk.jobs[..], &chunk.nodes[..]];
        for (text, has_rows) in texts.iter_mut().zip(&mut self.has_rows) {
            if self.format == Format::Json && !*has_rows && !text.is_empty() {
                // The comma between rows.
                *text = &text[1..];
            }
            *has_rows |= !text.is_empty();
        }
        self.put(&texts)
    }

    fn put(&mut self, texts: &[impl AsRef<[u8]>; 2]) -> Result<(), OutputError> {
        for (name, text) in tables::files(self.format).into_iter().zip(texts) {
            self.staging.append(name, text.as_ref())?;
        }
        Ok(())
    }

    /// Moves everything to where it belongs. Files of the same name are replaced,
    /// others in the folder stay.
    ///
    /// # Errors
    /// If files cannot be moved.
    pub fn finish(mut self) -> Result<(), OutputError> {
        self.put(&tables::footer(self.format))?;
        self.staging.commit()
    }
}

impl Encoder<'_> {
    /// The text of the outcomes of one replication.
    ///
    /// # Errors
    /// If a file of the native format cannot be written.
    pub fn encode(&self, outcomes: &[Outcome], network: &Network) -> Result<Chunk, OutputError> {
        let mut chunk = Chunk::default();
        for outcome in outcomes {
            if self.0.format == Format::Native {
                chunk.jobs.clear();
                native::write_jobs(outcome, &mut chunk.jobs);
                self.0
                    .staging
                    .write(&native::job_file(outcome), &chunk.jobs)?;
                chunk.nodes.clear();
                native::write_nodes(outcome, &mut chunk.nodes);
                self.0
                    .staging
                    .write(&native::node_file(outcome), &chunk.nodes)?;
            } else {
                tables::write_jobs(self.0.format, outcome, &mut chunk.jobs);
                tables::write_nodes(self.0.format, outcome, network, &mut chunk.nodes);
            }
        }
        if self.0.format == Format::Native {
            chunk = Chunk::default();
        }
        Ok(chunk)
    }
}

/// A number as `printf("%g")` writes it.
pub fn format_general(value: f64) -> String {
    let mut text = Vec::new();
    write_general(value, &mut text);
    text.into_iter().map(char::from).collect()
}

/// Rounds the times of an outcome to the six digits that the original's files have.
///
/// The published averages were computed from the files, so that their last digit
/// depends on it.
pub fn round_as_written(outcome: &mut Outcome) {
    let mut text = Vec::new();
    let mut round = |value: &mut f64| {
        text.clear();
        write_general(*value, &mut text);
        let read = std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.parse().ok());
        if let Some(read) = read {
            *value = read;
        }
    };
    for job in &mut outcome.jobs {
        round(&mut job.processing);
        round(&mut job.network);
    }
}
