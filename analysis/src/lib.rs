//! Results: tables of records, statistics with confidence intervals, plots, result folders.
