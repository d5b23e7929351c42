//! The options of the commands that read results.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::Format;

pub const ANALYZE_EXAMPLES: &str = "\
Examples:
  soe analyze results/readme-1
  soe analyze results/readme-1 --metric latency_mean --metric latency_p95
  soe analyze results/readme-1 --by computer --quantiles 0.5,0.99,0.999
  soe analyze results/readme-1 --warm-up auto --format csv
  soe analyze out.1 out.2 --by computer --warm-up \"10 s\"

Intervals are 95 % (Student's t) over replications. With calls.csv (soe run
--calls) there are also the warm-up by the rule MSER-5, the correlation of
consecutive calls, and batch means for a single long replication; with
samples.csv, averages over time. With --by, --quantiles or --warm-up, the output
covers only the calls. CSV and JSON have the first table as data; the rest is only
in the text.";

pub const COMPARE_EXAMPLES: &str = "\
Examples:
  soe compare results/random results/least-impedance
  soe compare results/a results/b results/c --metric latency_p95 --pairs
  soe compare results/policies --over policy --metric latency_p95
  soe compare results/new --against results/old --tolerance 1%

Results with the same seed have the same random numbers, so differences are taken
within replications. More than two alternatives are ranked; those that share a
letter cannot be distinguished.

Exit status: 0 success (with --against: nothing changed), 1 something changed
(with --against), 2 wrong input.";

pub const PLOT_EXAMPLES: &str = "\
Examples:
  soe plot results/readme-1
  soe plot results/readme-1 --kind cdf --group computer --log-x --format png
  soe plot results/policies --metric latency_p95 --x rate --by policy
  soe plot results/policies --kind heat --x rate --by cores --output figures

For a run, all figures are drawn for which it has data: the utilization of its
computers and, if it recorded calls and samples, distributions, a timeline, time
series and the warm-up. For a sweep, without options, the figures of its study are
written; with another size, --log-x or --log-y, they are drawn anew, at all points.
--kind, --metric, --entity, --x, --by and --group draw other figures. Without
--kind, these are lines with 95 % bands over a numeric axis, bars over an axis of
names, and heat maps over two axes; without --x and --by, their axes are those that
the study shows. The default size is one column of a paper.";

pub const REPORT_EXAMPLES: &str = "\
Examples:
  soe report results/readme-1
  soe report results/policies --x rate --by policy --output policies.html

The page shows what was run, the figures of `soe plot` (drag to zoom, click the
legend to hide a series), tables, a page for each point of a sweep, how far the
numbers can be trusted and how to reproduce them. It is a single file without
external resources.";

pub const EXPORT_EXAMPLES: &str = "\
Examples:
  soe export results/readme-1
  soe export results/readme-1 --format jsonl --output readme-jsonl

Every table of the folder becomes a file, except those in figures/, which repeat
the content of others. pandas, polars, DuckDB and R read Parquet files; their
metadata has the unit and description of each column. Points have a column for each
axis, numeric if all its values are numbers.";

#[derive(Args, Debug)]
pub struct AnalyzeArgs {
    /// The result folder, or an output file of a client (`out.*` of the original)
    #[arg(value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub folder: PathBuf,

    /// More output files of clients, each a replication
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// Only this metric; may be repeated
    #[arg(long)]
    pub metric: Vec<String>,

    /// Only this entity (a computer, a function, `all`); may be repeated
    #[arg(long)]
    pub entity: Vec<String>,

    /// Report the calls of calls.csv, grouped
    #[arg(long, value_enum)]
    pub by: Option<By>,

    /// Report the calls of calls.csv with these quantiles of latency and
    /// processing time [default: 0.5,0.9,0.95,0.99]
    #[arg(long, value_name = "Q,Q,...", value_delimiter = ',')]
    pub quantiles: Option<Vec<String>>,

    /// Report the calls of calls.csv that were sent after this time (such as
    /// "10 s"), or `auto` for the rule MSER-5 [default: that of the run]
    #[arg(long, value_name = "TIME")]
    pub warm_up: Option<String>,

    /// Format of standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// How calls are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The function called
    Function,
    /// The client that called
    Client,
    /// The computer that executed the call
    Computer,
    /// The brokers that the call went through
    Path,
}

#[derive(Args, Debug)]
pub struct CompareArgs {
    /// The result folders, one per alternative
    #[arg(value_name = "DIR", required = true, value_hint = ValueHint::DirPath)]
    pub folders: Vec<PathBuf>,

    /// Compare the values of this axis of a sweep, with all other axes equal
    #[arg(long, value_name = "AXIS", conflicts_with = "against")]
    pub over: Option<String>,

    /// Check whether results differ from those in OLD; see the exit status
    #[arg(long, value_name = "OLD", value_hint = ValueHint::DirPath)]
    pub against: Option<PathBuf>,

    /// With --against: relative change up to which a significant difference is
    /// accepted, such as 1%
    #[arg(long, value_name = "SHARE", default_value = "0", requires = "against")]
    pub tolerance: String,

    /// With --against: also show unchanged metrics
    #[arg(long, requires = "against")]
    pub all: bool,

    /// Only this metric; may be repeated
    #[arg(long)]
    pub metric: Vec<String>,

    /// Only this entity (a computer, a function, `all`); may be repeated
    #[arg(long)]
    pub entity: Vec<String>,

    /// Show the difference of every pair of more than two alternatives
    #[arg(long)]
    pub pairs: bool,

    /// Format of standard output
    #[arg(long, value_enum, default_value_t = CompareFormat::Text)]
    pub format: CompareFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// Tables for people
    Text,
    /// Every pair as CSV
    Csv,
}

#[derive(Args, Debug)]
pub struct PlotArgs {
    /// The result folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,

    /// Only figures of this kind; may be repeated [default: all for which there are
    /// data; for a sweep, those of its study]
    #[arg(long, value_enum)]
    pub kind: Vec<Kind>,

    /// Only this metric in bars, lines, heat maps and time series; may be repeated
    /// [default: all; for a sweep, those of its study, or the most informative ones]
    #[arg(long)]
    pub metric: Vec<String>,

    /// Only this entity (a computer, a function, `all`) in the same figures; may be
    /// repeated
    #[arg(long)]
    pub entity: Vec<String>,

    /// The horizontal axis of figures of a sweep
    #[arg(long, value_name = "AXIS")]
    pub x: Option<String>,

    /// The axis of a sweep whose values become series
    #[arg(long, value_name = "AXIS")]
    pub by: Option<String>,

    /// How distributions group calls
    #[arg(long, value_enum)]
    pub group: Option<By>,

    /// Logarithmic horizontal axis
    #[arg(long)]
    pub log_x: bool,

    /// Logarithmic vertical axis
    #[arg(long)]
    pub log_y: bool,

    /// Width, in points (1/72 inch), 160 to 2880
    #[arg(long, value_name = "POINTS", default_value_t = 252.0)]
    pub width: f64,

    /// Height without legend, in points, 90 to 2880; the height of a heat map
    /// follows from its rows
    #[arg(long, value_name = "POINTS", default_value_t = 166.0)]
    pub height: f64,

    /// The replication in figures that show only one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub replication: u32,

    /// Most calls of a timeline, 1 to 10000
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub calls: usize,

    /// File format
    #[arg(long, value_enum, default_value_t = Picture::Svg)]
    pub format: Picture,

    /// Dots per inch of PNG files, 10 to 2400
    #[arg(long, default_value_t = 300.0)]
    pub dpi: f64,

    /// The folder for the figures, whose files are replaced [default: DIR-plots
    /// in the current folder]
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct ReportArgs {
    /// The result folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,

    /// The heading [default: the title of the study, or the name of the folder]
    #[arg(long)]
    pub title: Option<String>,

    /// Only figures of this metric; may be repeated [default: the most informative
    /// ones]
    #[arg(long)]
    pub metric: Vec<String>,

    /// The horizontal axis of figures of a sweep
    #[arg(long, value_name = "AXIS")]
    pub x: Option<String>,

    /// The axis of a sweep whose values become series
    #[arg(long, value_name = "AXIS")]
    pub by: Option<String>,

    /// The file, which is replaced [default: DIR.html in the current folder]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Metrics of a sweep over a numeric axis, with confidence bands
    Lines,
    /// Metrics over names, with confidence intervals
    Bars,
    /// Metrics of a sweep over two axes, as colours
    Heat,
    /// Distribution functions of latency
    Cdf,
    /// Box plots of latency
    Box,
    /// Calls as bars over time
    Timeline,
    /// Time series
    Series,
    /// Utilization of all processors, stacked
    Stacked,
    /// Where the latency of calls goes: means of its parts, stacked
    Parts,
    /// End of the warm-up, and the values on which the rule works
    WarmUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Picture {
    /// For papers
    Svg,
    /// For slides and pages
    Png,
    /// Both
    Both,
}

#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The result folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,

    /// The format
    #[arg(long, value_enum, default_value_t = ExportFormat::Parquet)]
    pub format: ExportFormat,

    /// The folder for the files, which are replaced [default: DIR-parquet or
    /// DIR-jsonl in the current folder]
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Apache Parquet
    Parquet,
    /// One JSON object per line
    Jsonl,
}
