//! Results: tables of records, statistics with confidence intervals, plots, result folders.

mod folder;
mod manifest;
mod statistics;
mod summary;
mod table;
mod text;
mod unit;

pub use folder::{FolderError, ResultFile, ResultFolder};
pub use manifest::{Manifest, sha256, sha256_file};
pub use statistics::{
    CONFIDENCE, Interval, QuantileRule, Sorted, mean, population_deviation, quantile_interval,
    sample_deviation, sum,
};
pub use summary::{Summary, SummaryRow};
pub use table::{
    CallRecord, Column, ColumnType, CsvTable, Metric, MetricRecord, NameId, Names, Outcome, Record,
    SampleRecord, TABLE_FORMAT, TableColumns, dictionary, dictionary_markdown, write_json_line,
};
pub use text::TextTable;
pub use unit::Unit;
