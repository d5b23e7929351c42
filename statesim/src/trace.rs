//! Reads traces of tasks, row by row.
//!
//! Two layouts are supported: that of *Spar*, the generator of job traces
//! (`arrival,job,task,duration,cpu,memory,instances`), and that of the file
//! `batch_task.csv` of Alibaba's cluster trace of 2018
//! (`task,instances,job,type,status,start,end,cpu,memory`). In both, the name of a task
//! lists its dependencies: `R4_1_2` is the fourth task of its job and needs the results
//! of the first and the second. Tasks without such a name (`task_...`, `MergeTask`,
//! `..Stg..`) have no dependencies and are skipped.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use soe_model::text::Lines;

pub use crate::jobs::TraceCounts;
use crate::jobs::{Jobs, JobsBuilder, Split, TaskRecord};

/// The layout of the rows of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// `arrival,job,task,duration,cpu,memory,instances`
    #[default]
    Spar,
    /// `task,instances,job,type,status,start,end,cpu,memory`
    Alibaba,
}

/// Why a trace could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file could not be opened or read.
    #[error("cannot read `{file}`: {cause}")]
    Unreadable {
        /// Which file.
        file: String,
        /// What the system said.
        cause: io::Error,
    },
    /// A row has the right form, but a number in it makes no sense.
    #[error("{file}:{line}: {message}")]
    Malformed {
        /// Which file.
        file: String,
        /// Which line, from 1.
        line: usize,
        /// What was found and what is allowed.
        message: String,
    },
}

/// The highest number a task may have; the real traces stay below 1000.
const MAX_TASK_NUMBER: u64 = 65_536;

/// Reads the jobs of a trace file.
///
/// # Errors
/// If the file cannot be read, or a row has a number that makes no sense.
pub fn read(path: impl AsRef<Path>, layout: Layout) -> Result<Jobs, TraceError> {
    let path = path.as_ref();
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => parse(&name, BufReader::with_capacity(1 << 16, file), layout),
        Err(cause) => Err(TraceError::Unreadable { file: name, cause }),
    }
}

/// Reads the jobs of a trace; messages call it `name`.
///
/// Reading stops at the first empty line.
///
/// # Errors
/// If reading fails, a row has a number that makes no sense, or the rows of a job do not
/// follow each other.
pub fn parse(name: &str, text: impl BufRead, layout: Layout) -> Result<Jobs, TraceError> {
    let mut builder = JobsBuilder::default();
    let malformed = |line, message| TraceError::Malformed {
        file: name.to_owned(),
        line,
        message,
    };
    let unreadable = |cause| TraceError::Unreadable {
        file: name.to_owned(),
        cause,
    };
    let mut lines = Lines::new(text);
    while let Some((number, row)) = lines.next_line().map_err(unreadable)? {
        if row.is_empty() {
            break;
        }
        add_row(&mut builder, number, row, layout).map_err(|message| malformed(number, message))?;
    }
    builder.finish().map_err(|split| {
        let Split { job, first, second } = split;
        let column = match layout {
            Layout::Spar => 2,
            Layout::Alibaba => 3,
        };
        let message = format!(
            "job `j_{job}` has rows at line {first} and, after rows of other jobs, here: sort the \
             rows by job, for example with `sort -s -t, -k{column},{column}`"
        );
        malformed(second, message)
    })
}

/// The fields of a row that matter, in either layout.
struct Fields<'a> {
    job: &'a str,
    task: &'a str,
    cpu: &'a str,
    memory: &'a str,
    time: Time<'a>,
}

enum Time<'a> {
    Duration(&'a str),
    StartAndEnd(&'a str, &'a str),
}

fn fields(row: &str, layout: Layout) -> Option<Fields<'_>> {
    let mut fields = [""; 9];
    let mut count = 0;
    for field in row.split(',').filter(|field| !field.is_empty()) {
        *fields.get_mut(count)? = field;
        count += 1;
    }
    match (layout, fields, count) {
        (Layout::Spar, [_, job, task, duration, cpu, memory, ..], 7) => Some(Fields {
            job,
            task,
            cpu,
            memory,
            time: Time::Duration(duration),
        }),
        (Layout::Alibaba, [task, _, job, _, _, start, end, cpu, memory], 9) => Some(Fields {
            job,
            task,
            cpu,
            memory,
            time: Time::StartAndEnd(start, end),
        }),
        _ => None,
    }
}

fn add_row(
    builder: &mut JobsBuilder,
    line: usize,
    row: &str,
    layout: Layout,
) -> Result<(), String> {
    builder.counts.rows += 1;
    let Some(fields) = fields(row, layout) else {
        builder.counts.foreign_rows += 1;
        return Ok(());
    };
    let Some(job) = fields.job.strip_prefix("j_") else {
        builder.counts.foreign_rows += 1;
        return Ok(());
    };
    if ["task_", "MergeTask", "Stg"]
        .iter()
        .any(|part| fields.task.contains(part))
    {
        builder.counts.independent_rows += 1;
        return Ok(());
    }
    let duration = match fields.time {
        Time::Duration(duration) => {
            let seconds = seconds("duration", duration)?;
            u32::try_from(seconds)
                .map_err(|_| format!("duration is `{duration}`, expected at most {} s", u32::MAX))?
        }
        Time::StartAndEnd(start, end) => {
            let (start, end) = (seconds("start", start)?, seconds("end", end)?);
            match end
                .checked_sub(start)
                .and_then(|seconds| u32::try_from(seconds).ok())
            {
                Some(seconds) => seconds,
                None => {
                    builder.counts.unfinished_rows += 1;
                    return Ok(());
                }
            }
        }
    };
    let record = TaskRecord {
        duration,
        cpu: amount("cpu", fields.cpu)?,
        memory: amount("memory", fields.memory)?,
    };
    let job =
        digits(job).ok_or_else(|| format!("job is `j_{job}`, expected `j_` and a whole number"))?;
    builder.job(job, line);
    add_task(builder, fields.task, record)
}

/// Adds a task by its name, `R4_1_2`: the kind, its number, the numbers it needs.
fn add_task(builder: &mut JobsBuilder, name: &str, record: TaskRecord) -> Result<(), String> {
    let numbers = name.strip_prefix(|kind: char| kind.is_ascii_alphabetic());
    let numbers = numbers.unwrap_or_default().split('_');
    let mut numbers = numbers.filter(|part| !part.is_empty());
    let task = match numbers.next() {
        Some(number) => task_index(name, number)?,
        None => {
            return Err(format!(
                "task is `{name}`, expected a letter and a number such as M1 or R2_1"
            ));
        }
    };
    builder.task(task, record);
    for number in numbers {
        builder.dependency(task, task_index(name, number)?);
    }
    Ok(())
}

fn task_index(task: &str, number: &str) -> Result<u32, String> {
    match digits(number) {
        Some(value @ 1..=MAX_TASK_NUMBER) => Ok(value as u32 - 1),
        _ => Err(format!(
            "task is `{task}` with the number `{number}`, expected 1 to {MAX_TASK_NUMBER}"
        )),
    }
}

/// A number written with nothing but digits.
fn digits(text: &str) -> Option<u64> {
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

/// A number of seconds in any notation, without its fraction: `12.7` is 12, `1.5E+02` is 150.
fn seconds(what: &str, text: &str) -> Result<u64, String> {
    let trimmed = text.trim();
    digits(trimmed)
        .or_else(|| {
            let number = trimmed.parse::<f64>().ok()?;
            // Below this every whole number is exact.
            (0.0..9_007_199_254_740_992.0)
                .contains(&number)
                .then_some(number as u64)
        })
        .ok_or_else(|| format!("{what} is `{text}`, expected a number of seconds, 0 or more"))
}

fn amount(what: &str, text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        _ => Err(format!("{what} is `{text}`, expected a number, 0 or more")),
    }
}
