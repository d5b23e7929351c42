//! Parquet files are the bytes that other programs were seen to read.

#![allow(clippy::unwrap_used)]

use analysis::{Cell, ParquetTable, dictionary};

fn metrics() -> ParquetTable<Vec<u8>> {
    let mut tables = dictionary().into_iter();
    let metrics = tables.find(|it| it.table == "metrics").unwrap();
    ParquetTable::new(Vec::new(), metrics.columns).unwrap()
}

#[test]
fn a_table_is_the_file_that_pandas_polars_duckdb_and_arrow_have_read() {
    // The file was read with PyArrow, pandas, polars and DuckDB, value by value. It names the version that wrote it:
    // with another one, UPDATE_GOLDEN=1 writes it again.
    let mut table = metrics();
    for point in 0..3_u32 {
        for replication in 0..12_u32 {
            let head = [
                Cell::Integer(point.into()),
                Cell::Integer(replication.into()),
            ];
            let latency = Cell::Float(1e6 * f64::from(point + 1) + f64::from(replication));
            let text = ["latency_mean", "all", "ns"].map(Cell::Text);
            table
                .write(&[&head[..], &text, &[latency]].concat())
                .unwrap();
            let share = match replication % 5 {
                4 => Cell::Missing,
                _ => Cell::Float(f64::from(replication) / 16.0),
            };
            let text = ["share", "µ, large", "1"].map(Cell::Text);
            table.write(&[&head[..], &text, &[share]].concat()).unwrap();
        }
    }
    let found = table.finish().unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/metrics.parquet");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    assert!(
        found == std::fs::read(path).unwrap(),
        "differs from tests/golden/metrics.parquet"
    );
}

#[test]
fn a_row_that_does_not_fit_is_refused() {
    let row = |cell| {
        [
            Cell::Integer(0),
            Cell::Integer(0),
            Cell::Text("x"),
            Cell::Text("y"),
            Cell::Text("1"),
            cell,
        ]
    };
    let refused = |row: &[Cell<'_>]| metrics().write(row).unwrap_err().to_string();
    assert_eq!(
        refused(&row(Cell::Missing)[..5]),
        "5 cells, but there are 6 columns"
    );
    assert_eq!(
        refused(&row(Cell::Text("1.0"))),
        "Text(\"1.0\") does not fit the column value (Float)"
    );
    let mut large = row(Cell::Missing);
    large[0] = Cell::Integer(1 << 63);
    assert!(refused(&large).ends_with("does not fit the column point (Integer)"));
}

#[test]
fn a_table_of_many_rows_has_several_row_groups_and_one_of_none_has_none() {
    let row = [
        Cell::Integer(7),
        Cell::Integer(0),
        Cell::Text("x"),
        Cell::Text("y"),
        Cell::Text("1"),
        Cell::Float(0.5),
    ];
    let length = |rows: usize| {
        let mut table = metrics();
        (0..rows).for_each(|_| table.write(&row).unwrap());
        table.finish().unwrap().len()
    };
    let (none, one, many) = (length(0), length(1), length(300_000));
    assert!(none < one && one < many);
    // Plain numbers take eight bytes, equal texts next to nothing.
    assert!(many < 300_000 * 25, "{many}");
}
