//! Results of a run: tables, summaries with confidence intervals, figures and result folders.
//!
//! This crate is independent of simulations, services and studies. A program that runs one of them fills three tables
//! with plain numbers, **calls**, **samples** and **metrics** ([`CallRecord`], [`SampleRecord`], [`MetricRecord`]). All
//! reports start from these. This example leads from a finished run to a result folder:
//!
//! ```
//! use analysis::{
//!     Axis, CallRecord, Chart, CsvTable, Manifest, Metric, MetricRecord, Names, Outcome, QuantileRule, ResultFolder,
//!     Series, Sorted, Summary, Unit,
//! };
//!
//! // 1. Records refer to names by number, so that collecting millions of them costs no text.
//! let mut names = Names::new();
//! let client = names.intern("client");
//! let function = names.intern("clambda0");
//! let computer = Some(names.intern("arm"));
//! let call = |replication: u32, call: u64| CallRecord {
//!     replication, call, client, function, path: None, computer,
//!     input_bytes: 10_000, output_bytes: Some(10_000), sent_ns: call * 1_000_000_000,
//!     latency_ns: Some(101_000_000 + call * 1000 + u64::from(replication) * 10_000),
//!     processing_ns: Some(100_040_000), load1_percent: Some(0), hops: 0, outcome: Outcome::Ok, parts: None,
//! };
//! let calls: Vec<CallRecord> = (0..3).flat_map(|r| (0..10).map(move |n| call(r, n))).collect();
//!
//! // 2. Each replication yields one value of each metric.
//! static P95: Metric = Metric::new("latency_p95", Unit::Nanoseconds, "95th percentile of the latency of completed calls");
//! let metrics = calls.chunk_by(|a, b| a.replication == b.replication).map(|calls| {
//!     let latencies: Sorted = calls.iter().filter_map(|call| call.latency_ns).map(|ns| ns as f64).collect();
//!     let value = latencies.quantile(0.95, QuantileRule::Interpolated).unwrap_or(f64::NAN);
//!     MetricRecord { point: 0, replication: calls[0].replication, metric: &P95, entity: client, value }
//! });
//!
//! // 3. A summary has the mean over replications with its interval (Student's t, 95 %).
//! let summary = Summary::new(metrics, &names, 3, 0);
//! assert_eq!(summary.rows[0].to_text(), "101.019 ± 0.025 ms");
//!
//! // 4. Figures are SVG, ready for a column of a paper.
//! let latencies: Sorted = calls.iter().filter_map(|call| call.latency_ns).map(|ns| ns as f64 / 1e6).collect();
//! let figure = Chart::new(Axis::linear("latency", "ms"), Axis::linear("CDF", ""))
//!     .series(Series::cdf("clambda0", &latencies))
//!     .to_svg();
//!
//! // 5. The folder appears whole, with a manifest that has the digest of every file, or not at all.
//! # let parent = tempfile::tempdir()?;
//! # let path = parent.path().join("results");
//! let folder = ResultFolder::create(&path, false)?;
//! let mut table = CsvTable::new(folder.file("calls.csv")?)?;
//! for call in &calls {
//!     table.write(call, &names)?;
//! }
//! table.finish()?.finish()?;
//! let mut file = folder.file("summary.csv")?;
//! summary.write_csv(&mut file)?;
//! file.finish()?;
//! folder.write("latency.svg", figure.as_bytes())?;
//! folder.commit(Manifest { program: "soe".into(), seed: 1, replications: 3, ..Manifest::default() })?;
//! assert_eq!(Manifest::read(&path)?.results.len(), 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Later, you can open two such folders and compare them:
//!
//! ```
//! use analysis::{Comparison, Manifest, ResultFolder, ResultSet, Selection};
//! # let parent = tempfile::tempdir()?;
//! # for (name, shift) in [("before", 0.0), ("after", 2e6)] {
//! #     let mut metrics = "point,replication,metric,entity,unit,value\n".to_owned();
//! #     for (replication, common) in [100e6, 140e6, 120e6, 190e6].iter().enumerate() {
//! #         let value = common - shift * (1.0 + replication as f64 / 50.0);
//! #         metrics += &format!("0,{replication},latency_mean,all,ns,{value:?}\n");
//! #     }
//! #     let folder = ResultFolder::create(parent.path().join(name), false)?;
//! #     folder.write("metrics.csv", metrics.as_bytes())?;
//! #     folder.commit(Manifest { seed: 1, replications: 4, ..Manifest::default() })?;
//! # }
//! let before = ResultSet::read(parent.path().join("before"))?;
//! let after = ResultSet::read(parent.path().join("after"))?;
//! let comparison = Comparison::of_folders(&[&before, &after], &Selection::default())?;
//! // Each by itself varies by ± 60 ms, but within each replication 2 ms are saved.
//! assert!(comparison.paired);
//! assert_eq!(comparison.to_text(false).lines().nth(1).unwrap(), "\
//! latency_mean  all     138 ± 62 ms  135 ± 62 ms  -2.060 ± 0.083 ms   -1.50 %  <0.001  lower");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where to find what
//!
//! | for | look at |
//! |---|---|
//! | the columns of every table | [`dictionary`], [`tables_reference`]; `TABLES.md` beside this crate |
//! | writing tables | [`CsvTable`], [`write_json_line`] |
//! | means, quantiles, distributions, intervals | [`Interval`], [`Sorted`], [`quantile_interval`], [`cdf_interval`] |
//! | numbers and tables for people | [`Unit`], [`TextTable`], [`short_numbers`], [`Summary::to_text`] |
//! | figures | [`Chart`], [`Series`], [`Axis`] |
//! | result folders | [`ResultFolder`], [`Manifest`] |
//! | single files that appear whole or not at all | [`WholeFile`] |
//! | reading them back | [`ResultSet`], [`CallStudy`], [`SampleStudy`] |
//! | single long runs | [`WarmUp`], [`BatchMeans`], [`Independence`], [`time_average`] |
//! | which differences are significant | [`Difference`], [`Ranking`], [`Comparison`], [`Regression`] |
//! | reasons to distrust a number | [`cautions`] |
//! | the figures of a folder, and a page about it | [`figures`](fn@figures), [`report`](fn@report) |
//! | tables for other programs | [`export`](fn@export), [`ParquetTable`] |
//!
//! # Promises
//!
//! The same records give the same bytes, on every platform: no code here reads a clock, draws a random number or
//! depends on the order of a hash map. Only `manifest.json` holds values that differ between equal runs. The columns of
//! the tables have a version, [`TABLE_FORMAT`].

mod calls;
mod caution;
mod chart;
mod columns;
mod comparison;
pub mod console;
mod export;
mod figures;
mod folder;
mod manifest;
mod parquet;
#[cfg(feature = "png")]
mod png;
mod report;
mod results;
mod samples;
mod statistics;
mod stems;
mod summary;
mod table;
mod text;
mod unit;
pub mod verdict;
mod whole;

pub use calls::{CallGroup, CallStudy, Cut, GroupBy, Transient};
pub use caution::cautions;
pub use chart::{Axis, Chart, HeatMap, Point, Reference, Series};
pub use columns::{ColumnCall, ColumnError};
pub use comparison::{Comparison, ComparisonRow, Regression, RegressionRow, Selection, Verdict};
pub use export::{ExportError, TableFormat, export};
pub use figures::{AxisLook, Figure, FigureError, FigureKind, FigureOptions, figures};
pub use folder::{FolderError, ResultFile, ResultFolder};
pub use manifest::{Manifest, sha256, sha256_file};
pub use parquet::{Cell, ParquetTable};
#[cfg(feature = "png")]
pub use png::{PngError, svg_to_png, without_glyph};
pub use report::{ReportOptions, report};
pub use results::{CallRow, MetricValues, PointAxis, Points, ReadError, ResultSet, SampleRow};
pub use samples::{SampleStudy, TimeSeries};
pub use statistics::{
    BatchMeans, Bounds, CONFIDENCE, Difference, Independence, Interval, Pair, Place, QuantileRule,
    Ranking, Sorted, WarmUp, autocorrelation, cdf_interval, holm, mean, order_statistic_interval,
    population_deviation, proportion_interval, quantile_interval, sample_deviation, sum,
    time_average,
};
pub use stems::Stems;
pub use summary::{Summary, SummaryRow};
pub use table::{
    Better, CallParts, CallRecord, Column, ColumnType, CsvTable, KnownMetrics, Metric,
    MetricRecord, NameId, Names, Outcome, PartsRecord, Record, SampleRecord, TABLE_FORMAT,
    TableColumns, dictionary, tables_reference, write_json_line,
};
pub use text::{TextTable, short_numbers};
pub use unit::Unit;
pub use whole::WholeFile;
