//! Generates and inspects traces.

use std::path::{Path, PathBuf};

use super::args::layout;
use super::topology::write_file;
use super::{CommandError, print};
use crate::trace::{self, Layout};
use crate::workload as traces;

/// Generates or inspects a trace of tasks.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum WorkloadCommand {
    /// Generate a trace that resembles the real one of the published studies
    Generate(Generate),
    /// Describe a trace
    Inspect(Inspect),
}

/// What trace to make.
#[derive(Clone, Debug, clap::Args)]
pub struct Generate {
    /// Number of jobs, three in ten of which have states
    #[arg(long, value_name = "NUMBER", default_value_t = 15_000)]
    pub jobs: u32,
    /// Seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Output file; standard output if not given
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What trace to look into.
#[derive(Clone, Debug, clap::Args)]
pub struct Inspect {
    /// The trace
    pub file: PathBuf,
    /// Layout of its rows: `spar` (arrival,job,task,duration,cpu,memory,instances) or
    /// `alibaba` (task,instances,job,type,status,start,end,cpu,memory)
    #[arg(long, value_name = "LAYOUT", default_value = "spar", value_parser = layout)]
    pub row_layout: Layout,
    /// The same as `--row-layout alibaba`, for old command lines
    #[arg(long, hide = true, conflicts_with = "row_layout")]
    pub alibaba: bool,
    /// A second trace, in the layout of Spar, to show beside it
    #[arg(long, value_name = "FILE")]
    pub beside: Option<PathBuf>,
    /// Also draw the distributions, as SVG files in this folder
    #[arg(long, value_name = "FOLDER")]
    pub figures: Option<PathBuf>,
}

/// Makes or inspects a trace.
///
/// # Errors
/// If files cannot be read or written, or rows make no sense.
pub fn workload(command: &WorkloadCommand) -> Result<(), CommandError> {
    match command {
        WorkloadCommand::Generate(args) => {
            let text = traces::generate(args.jobs as usize, args.seed);
            match &args.output {
                Some(path) => write_file(path, &text)?,
                None => print(&text)?,
            }
        }
        WorkloadCommand::Inspect(args) => {
            let layout = if args.alibaba {
                Layout::Alibaba
            } else {
                args.row_layout
            };
            let profile = traces::inspect(&trace::read(&args.file, layout)?);
            print(&profile.to_string())?;
            let name = |path: &Path| path.display().to_string();
            let mut shown = vec![(name(&args.file), profile)];
            if let Some(path) = &args.beside {
                let other = traces::inspect(&trace::read(path, Layout::Spar)?);
                print(&format!("\n{other}"))?;
                let (first, own) = &shown[0];
                print(&format!("\n{}", own.beside(first, &other, &name(path))))?;
                shown.push((name(path), other));
            }
            if let Some(folder) = &args.figures {
                let shown: Vec<_> = shown.iter().map(|(name, of)| (name.as_str(), of)).collect();
                for (figure, svg) in traces::Profile::figures(&shown) {
                    write_file(&folder.join(figure).with_extension("svg"), &svg)?;
                }
            }
        }
    }
    Ok(())
}
