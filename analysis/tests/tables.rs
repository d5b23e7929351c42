//! Tables as files: headers, fields and round trips through a CSV reader.

#![allow(clippy::unwrap_used)]

use analysis::{
    CallRecord, CsvTable, Metric, MetricRecord, NameId, Names, Outcome, PartsRecord, Record,
    SampleRecord, Unit, dictionary, write_json_line,
};
use proptest::prelude::*;

static LOAD: Metric = Metric::new("load", Unit::Ratio, "Load");

fn csv_of<R: Record>(records: &[R], names: &Names) -> String {
    let mut table = CsvTable::new(Vec::new()).unwrap();
    records
        .iter()
        .for_each(|record| table.write(record, names).unwrap());
    String::from_utf8(table.finish().unwrap()).unwrap()
}

fn call(names: &mut Names) -> CallRecord {
    CallRecord {
        replication: 0,
        call: 7,
        client: names.intern("client"),
        function: names.intern("clambda0"),
        path: Some(names.intern("router1>router2")),
        computer: Some(names.intern("arm")),
        input_bytes: 10_000,
        output_bytes: Some(10_000),
        sent_ns: 1_000_000_000,
        latency_ns: Some(101_400_000),
        processing_ns: Some(100_040_000),
        load1_percent: Some(12),
        hops: 2,
        outcome: Outcome::Ok,
        parts: None,
    }
}

#[test]
fn a_completed_call_is_one_line() {
    let mut names = Names::new();
    let record = call(&mut names);
    assert_eq!(
        csv_of(&[record], &names),
        "replication,call,client,function,path,computer,input_bytes,output_bytes,sent_ns,latency_ns,processing_ns,\
         load1_percent,hops,outcome,error\n\
         0,7,client,clambda0,router1>router2,arm,10000,10000,1000000000,101400000,100040000,12,2,ok,\n"
    );
}

#[test]
fn what_a_call_does_not_have_is_an_empty_field() {
    let mut names = Names::new();
    let error = names.intern("no destination for \"f\", gave up");
    let base = CallRecord {
        path: None,
        computer: None,
        output_bytes: None,
        latency_ns: None,
        processing_ns: None,
        load1_percent: None,
        ..call(&mut names)
    };
    let failed = CallRecord {
        latency_ns: Some(5),
        outcome: Outcome::Error(error),
        ..base
    };
    let lost = CallRecord {
        outcome: Outcome::Lost,
        ..base
    };
    let late = CallRecord {
        outcome: Outcome::InProgress,
        ..base
    };
    let text = csv_of(&[failed, lost, late], &names);
    let lines: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "0,7,client,clambda0,,,10000,,1000000000,5,,,2,error,\"no destination for \"\"f\"\", gave up\"",
            "0,7,client,clambda0,,,10000,,1000000000,,,,2,lost,",
            "0,7,client,clambda0,,,10000,,1000000000,,,,2,in progress,",
        ]
    );
}

#[test]
fn json_lines_have_the_columns_of_the_dictionary_in_their_order() {
    fn keys<R: Record>(record: &R, names: &Names) -> Vec<String> {
        let mut line = Vec::new();
        write_json_line(&mut line, record, names).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert!(line.ends_with("}\n") && line.lines().count() == 1);
        // None of the values used here contains a comma or a colon.
        line.trim_matches(['{', '}', '\n'])
            .split(',')
            .map(|pair| pair.split(':').next().unwrap().trim_matches('"').to_owned())
            .collect()
    }
    fn expected<R: Record>() -> Vec<String> {
        R::COLUMNS
            .iter()
            .map(|column| column.name.clone().into_owned())
            .collect()
    }
    let mut names = Names::new();
    let call = call(&mut names);
    let entity = names.intern("arm");
    let sample = SampleRecord {
        replication: 0,
        time_ns: 1,
        entity,
        metric: &LOAD,
        value: 0.5,
    };
    let metric = MetricRecord {
        point: 0,
        replication: 0,
        metric: &LOAD,
        entity,
        value: f64::NAN,
    };
    assert_eq!(keys(&call, &names), expected::<CallRecord>());
    assert_eq!(keys(&sample, &names), expected::<SampleRecord>());
    assert_eq!(keys(&metric, &names), expected::<MetricRecord>());
}

#[test]
fn a_value_that_is_not_a_number_is_missing() {
    let mut names = Names::new();
    let entity = names.intern("arm");
    let metric = MetricRecord {
        point: 2,
        replication: 1,
        metric: &LOAD,
        entity,
        value: f64::NAN,
    };
    assert!(csv_of(&[metric], &names).ends_with("\n2,1,load,arm,1,\n"));
    let mut line = Vec::new();
    write_json_line(&mut line, &metric, &names).unwrap();
    assert!(
        String::from_utf8(line)
            .unwrap()
            .ends_with("\"unit\":\"1\",\"value\":null}\n")
    );
}

#[test]
fn every_table_is_in_the_dictionary() {
    let tables: Vec<_> = dictionary().into_iter().map(|table| table.table).collect();
    assert_eq!(
        tables,
        [
            "summary",
            CallRecord::TABLE,
            PartsRecord::TABLE,
            SampleRecord::TABLE,
            MetricRecord::TABLE,
            "replications",
            "profiles",
            "failures",
            "findings",
            "averages",
        ]
    );
}

#[test]
fn the_shipped_description_of_the_tables_is_that_of_the_code() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("TABLES.md");
    let reference = analysis::tables_reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &reference).unwrap();
    }
    let shipped = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        shipped.replace("\r\n", "\n") == reference,
        "analysis/TABLES.md is out of date: UPDATE_DOCS=1 cargo test -p analysis --test tables"
    );
}

fn optional<T: std::str::FromStr>(field: &str) -> Option<T> {
    if field.is_empty() {
        None
    } else {
        field.parse().ok()
    }
}

proptest! {
    #[test]
    fn calls_survive_a_csv_reader(
        texts in prop::collection::vec("\\PC*|[\",\r\n ]{1,4}", 5),
        numbers in prop::collection::vec(any::<u64>(), 4),
        times in prop::collection::vec(any::<Option<u64>>(), 2),
        load in any::<Option<u32>>(),
    ) {
        let mut names = Names::new();
        let ids: Vec<NameId> = texts.iter().map(|text| names.intern(text)).collect();
        let record = CallRecord {
            call: numbers[0], input_bytes: numbers[1], output_bytes: Some(numbers[2]), sent_ns: numbers[3],
            latency_ns: times[0], processing_ns: times[1], load1_percent: load,
            client: ids[0], function: ids[1], path: Some(ids[2]), computer: Some(ids[3]),
            outcome: Outcome::Error(ids[4]), ..call(&mut names)
        };
        let text = csv_of(&[record, record], &names);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        prop_assert_eq!(rows.len(), 2);
        for row in rows {
            prop_assert_eq!([&row[2], &row[3], &row[4], &row[5], &row[14]].map(str::to_owned).to_vec(), texts.clone());
            prop_assert_eq!([1, 6, 7, 8].map(|i| row[i].parse::<u64>().unwrap()).to_vec(), numbers.clone());
            prop_assert_eq!(vec![optional::<u64>(&row[9]), optional(&row[10])], times.clone());
            prop_assert_eq!(optional::<u32>(&row[11]), load);
        }
    }

    #[test]
    fn values_survive_a_csv_reader_to_the_last_bit(value in any::<f64>()) {
        let mut names = Names::new();
        let entity = names.intern("arm");
        let sample = SampleRecord { replication: 1, time_ns: 2, entity, metric: &LOAD, value };
        let text = csv_of(&[sample], &names);
        let field = text.trim_end().rsplit(',').next().unwrap();
        prop_assert_eq!(optional::<f64>(field), Some(value).filter(|v| v.is_finite()));
    }
}
