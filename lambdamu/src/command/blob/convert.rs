//! Between the published rows and the file of accesses that simulations take.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use analysis::{WholeFile, console};
use sim_core::libstdcxx::general;
use soe_traces::blob::COLUMNS;

use super::super::CommandError;
use super::{RowArgs, for_each_access, key};
use crate::timestamps::{AppAccesses, TimestampReader, write_app, write_header};

/// Converts the trace Azure Functions Blob 2020 to the file that LambdaMuSim takes, and back
///
/// The file has the times of all accesses of each application, and whether they are
/// writes. Rows of one application that are not in the order of time are sorted.
#[derive(Clone, Debug, clap::Args)]
pub struct ConvertArgs {
    /// Rows to convert, in the format of azurefunctions-accesses-2020.csv
    #[arg(long, value_name = "FILE")]
    pub input_raw: Option<PathBuf>,
    /// Write the accesses in --input-raw to this file
    #[arg(long, value_name = "FILE", requires = "input_raw")]
    pub output_timestamp: Option<PathBuf>,
    /// Print the accesses in this file: a line with the key of each application, then
    /// lines with time (six digits) and 1 for a write, 0 for a read
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input_raw", "output_raw"])]
    pub dump_timestamp: Option<PathBuf>,
    /// Accesses to convert back to rows
    #[arg(
        long,
        value_name = "FILE",
        requires = "output_raw",
        conflicts_with = "input_raw"
    )]
    pub input_timestamp: Option<PathBuf>,
    /// Write the accesses in --input-timestamp to this file as rows, in the order of time.
    /// Fields that accesses do not have are empty or 0
    #[arg(long, value_name = "FILE", requires = "input_timestamp")]
    pub output_raw: Option<PathBuf>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented by its type")]
    pub rows: RowArgs,
}

/// Runs the command.
///
/// # Errors
/// If an input is wrong or the output cannot be written. No file is half-written.
pub fn convert(args: &ConvertArgs) -> Result<(), CommandError> {
    if let (Some(input), Some(output)) = (&args.input_raw, &args.output_timestamp) {
        let apps = grouped(input, args.rows)?;
        return write(output, |file| {
            write_header(file)?;
            apps.iter().try_for_each(|app| write_app(file, app))
        });
    }
    if let Some(input) = &args.dump_timestamp {
        let mut reader = TimestampReader::open(input)?;
        while let Some(app) = reader.next_app()? {
            let mut text = format!("{}\n", app.key);
            for (time, is_write) in app.accesses {
                // Writing to a string does not fail.
                let _ = writeln!(text, "\t{}\t{}", general(time), u8::from(is_write));
            }
            console::print(&text).map_err(CommandError::Print)?;
        }
        return Ok(());
    }
    if let (Some(input), Some(output)) = (&args.input_timestamp, &args.output_raw) {
        return write_rows(input, output);
    }
    Err(CommandError::Usage(
        "expected --input-raw with --output-timestamp, --dump-timestamp, or --input-timestamp \
         with --output-raw"
            .into(),
    ))
}

/// The accesses of all applications, in the order of their keys.
pub(super) fn grouped(
    input: &std::path::Path,
    rows: RowArgs,
) -> Result<Vec<AppAccesses>, CommandError> {
    let mut apps: BTreeMap<String, Vec<(f64, bool)>> = BTreeMap::new();
    for_each_access(input, rows, |access| {
        let key = key(access);
        let entry = (access.time_ms, access.is_write);
        match apps.get_mut(&key) {
            Some(accesses) => accesses.push(entry),
            None => drop(apps.insert(key, vec![entry])),
        }
        Ok(())
    })?;
    let apps = apps.into_iter().map(|(key, mut accesses)| {
        // Stable: accesses at the same time stay as they were.
        accesses.sort_by(|a, b| a.0.total_cmp(&b.0));
        AppAccesses { key, accesses }
    });
    Ok(apps.collect())
}

fn write(
    path: &std::path::Path,
    content: impl FnOnce(&mut io::BufWriter<&mut WholeFile>) -> io::Result<()>,
) -> Result<(), CommandError> {
    let mut file = WholeFile::create(path).map_err(|cause| CommandError::Place {
        path: path.to_owned(),
        cause,
    })?;
    let mut buffer = io::BufWriter::with_capacity(1 << 18, &mut file);
    let written = content(&mut buffer).and_then(|()| io::Write::flush(&mut buffer));
    drop(buffer);
    written
        .and_then(|()| file.finish())
        .map_err(|cause| CommandError::Write {
            path: path.to_owned(),
            cause,
        })
}

/// Rows of all applications, merged by time; at the same time by key.
fn write_rows(input: &std::path::Path, output: &std::path::Path) -> Result<(), CommandError> {
    let mut reader = TimestampReader::open(input)?;
    let mut apps = Vec::new();
    while let Some(app) = reader.next_app()? {
        if app.key.bytes().filter(|&byte| byte == b',').count() != 1 {
            return Err(CommandError::Usage(format!(
                "{}: key is `{}`, expected a user and an application, separated by a comma",
                input.display(),
                app.key.escape_debug()
            )));
        }
        apps.push(app);
    }
    let mut order: Vec<(f64, u32, u32)> = Vec::new();
    for (app, number) in apps.iter().zip(0..) {
        let times = app.accesses.iter().zip(0..);
        order.extend(times.map(|((time, _), access)| (*time, number, access)));
    }
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    write(output, |file| {
        use io::Write;
        writeln!(file, "{}", COLUMNS.join(","))?;
        for (time, app, access) in order {
            let app = &apps[app as usize];
            let flags = match app.accesses[access as usize].1 {
                true => "False,True",
                false => "True,False",
            };
            writeln!(file, "{time},,{},,,,,0,{flags}", app.key)?;
        }
        Ok(())
    })
}
