//! What the tables of a sweep hold, what is said of them, and what becomes of them elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{STUDY, files, soe, stderr, stdout, study, succeeds};

/// The rows of a CSV file, the header first.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    let line = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().map(line).collect()
}

fn described(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("columns.json")).unwrap()).unwrap()
}

/// A column of a table in the dictionary of a folder.
fn column<'a>(described: &'a Value, table: &str, name: &str) -> &'a Value {
    let find = |list: &'a Value, key: &str, name: &str| {
        let mut list = list.as_array().unwrap().iter();
        list.find(|it| it[key] == name).unwrap()
    };
    let table = find(&described["tables"], "table", table);
    find(&table["columns"], "name", name)
}

/// Asserts that the dictionary has the tables of the folder, each with its columns, and the metrics that they mention,
/// and nothing else; returns the names of the tables.
fn assert_is_described(folder: &Path) -> BTreeSet<String> {
    let described = described(folder);
    let mut tables = BTreeSet::new();
    for table in described["tables"].as_array().unwrap() {
        let name = table["table"].as_str().unwrap();
        let columns = table["columns"].as_array().unwrap();
        let names: Vec<_> = columns
            .iter()
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        let rows = rows(&folder.join(format!("{name}.csv")));
        assert_eq!(rows[0], names, "{name}");
        for column in columns {
            assert_ne!(column["description"], "", "{name}: {column}");
        }
        // Texts may hold commas; tables without them can be looked at like this.
        for row in rows.iter().skip(1).filter(|row| row.len() == names.len()) {
            for (column, cell) in columns.iter().zip(row) {
                let fits = match column["type"].as_str().unwrap() {
                    "integer" => cell.parse::<u64>().is_ok(),
                    "float" => cell.is_empty() || cell.parse::<f64>().is_ok(),
                    _ => true,
                };
                assert!(fits, "{name}: {column}: {cell}");
            }
        }
        assert!(tables.insert(name.to_owned()), "{name} is there twice");
    }
    let there = files(folder).into_keys();
    let there = there.filter_map(|name| name.strip_suffix(".csv").map(str::to_owned));
    assert_eq!(tables, there.collect());
    let mut mentioned = BTreeSet::new();
    for (table, at) in [("metrics", 2), ("profiles", 1)] {
        if tables.contains(table) {
            let rows = rows(&folder.join(format!("{table}.csv")));
            mentioned.extend(rows.into_iter().skip(1).map(|mut row| row.swap_remove(at)));
        }
    }
    let metrics = described["metrics"].as_array().unwrap();
    let names = metrics
        .iter()
        .map(|it| it["name"].as_str().unwrap().to_owned());
    assert_eq!(names.collect::<BTreeSet<_>>(), mentioned);
    assert!(
        metrics
            .iter()
            .all(|it| it["unit"].is_string() && it["description"] != "")
    );
    tables
}

/// The study with an axis of times in place of policies.
fn with_units() -> String {
    let (head, _) = STUDY.split_once("[[axis]]\nname = \"policy\"").unwrap();
    format!(
        "{head}[[axis]]\nkey = \"network.latency\"\nlabel = \"one way\"\nvalues = [\"0.5 ms\", \"10ms\"]\n\
         [[axis]]\nname = \"mixed\"\nkey = \"run.warm-up\"\nvalues = [\"500 ms\", \"1 s\"]\n\
         [[figure]]\nname = \"latency\"\nmetric = \"latency_mean@all\"\nx = \"latency\"\nseries = \"rate\"\n"
    )
}

#[test]
fn the_dictionary_of_a_folder_has_what_is_in_it_and_nothing_else() {
    let folder = study();
    let path = folder.path();
    let finding = "[[finding]]\nname = \"turn\"\nclaim = \"dealing out in turn is no slower, even so\"\n\
                   metric = \"latency_mean@all\"\naxis = \"policy\"\nvalue = \"round-robin\"\nthan = \"random\"\n\
                   is = \"not-more\"\n";
    fs::write(path.join("study.toml"), format!("{STUDY}{finding}")).unwrap();
    succeeds(path, &["sweep", "study.toml", "--replications", "2", "-q"]);
    let tables = assert_is_described(&path.join("results/study"));
    assert!(
        !tables.contains("calls") && !tables.contains("samples"),
        "{tables:?}"
    );
    for table in [
        "summary",
        "metrics",
        "points",
        "replications",
        "findings",
        "figures/latency-mean",
    ] {
        assert!(tables.contains(table), "{table}: {tables:?}");
    }

    let tables = tables_of_study(path, "statesim-001", "parameters.jobs=20");
    assert!(
        tables.contains("averages") && tables.contains("replications"),
        "{tables:?}"
    );
    let tables = tables_of_study(path, "statesim-000", "filter=[\"jobs = 50\"]");
    assert!(tables.contains("profiles"), "{tables:?}");
}

/// The tables of a small run of a study of the program, which are described.
fn tables_of_study(path: &Path, name: &str, set: &str) -> BTreeSet<String> {
    let small = "trace.generate=300";
    let args = [
        "study",
        name,
        "--replications",
        "2",
        "--set",
        small,
        "--set",
        set,
        "-q",
    ];
    succeeds(path, &args);
    assert_is_described(&path.join("results").join(name))
}

#[test]
fn an_axis_of_numbers_of_one_unit_is_written_as_numbers_with_the_unit_in_the_dictionary() {
    let folder = study();
    let path = folder.path();
    fs::write(path.join("study.toml"), with_units()).unwrap();
    succeeds(path, &["sweep", "study.toml", "--replications", "2", "-q"]);
    let results = path.join("results/study");
    assert_is_described(&results);
    let points = rows(&results.join("points.csv"));
    assert_eq!(points[0], ["point", "rate", "latency", "mixed"]);
    assert_eq!(points[1], ["0", "5", "0.5", "500 ms"]);
    assert_eq!(points[4], ["3", "5", "10", "1 s"]);
    let described = described(&results);
    let latency = column(&described, "points", "latency");
    assert_eq!(
        (&latency["unit"], &latency["type"]),
        (&"ms".into(), &"float".into())
    );
    assert_eq!(latency["description"], "one way");
    assert_eq!(column(&described, "points", "mixed")["type"], "text");
    // The same in the tables beside figures.
    let name = fs::read_dir(results.join("figures")).unwrap();
    let mut names: Vec<_> = name.map(|it| it.unwrap().path()).collect();
    names.retain(|it| it.extension().unwrap() == "csv");
    let figure = rows(&names[0]);
    let x: BTreeSet<_> = figure.iter().skip(1).map(|row| row[2].as_str()).collect();
    assert_eq!(x, BTreeSet::from(["0.5", "10"]));
    let table = format!("figures/{}", names[0].file_stem().unwrap().display());
    assert_eq!(column(&described, &table, "x")["unit"], "ms");
    assert_eq!(column(&described, &table, "mean")["unit"], "ns");

    // Who reads the folder knows the unit, with a table of points as it used to be as well.
    let plot = |folder: &str| {
        let args = [
            "plot", folder, "--x", "latency", "--width", "300", "--output", "plots",
        ];
        let drawn = stdout(&succeeds(path, &args));
        fs::read_to_string(path.join(drawn.lines().next().unwrap())).unwrap()
    };
    let now = plot("results/study");
    assert!(
        now.contains("latency (ms)") || now.contains("latency [ms]"),
        "{now}"
    );
    succeeds(path, &["compare", "results/study", "--over", "latency"]);
    let report = |output: &str| {
        succeeds(path, &["report", "results/study", "--output", output]);
        fs::read_to_string(path.join(output)).unwrap()
    };
    assert!(report("new.html").contains("0.5 ms"));
    let text = fs::read_to_string(results.join("points.csv")).unwrap();
    let text = text
        .replace(",0.5,", ",0.5 ms,")
        .replace(",10,500", ",10 ms,500");
    let text = text.replace(",10,1 s", ",10 ms,1 s");
    fs::write(results.join("points.csv"), text).unwrap();
    fs::write(results.join("columns.json"), "[]\n").unwrap();
    assert!(now == plot("results/study"));
}

#[test]
fn every_table_of_a_sweep_is_exported_and_points_are_as_wide_as_in_csv() {
    let folder = study();
    let path = folder.path();
    fs::write(path.join("study.toml"), with_units()).unwrap();
    succeeds(path, &["sweep", "study.toml", "--replications", "2", "-q"]);
    let results = path.join("results/study");
    let args = [
        "export",
        "results/study",
        "--format",
        "jsonl",
        "--output",
        "lines",
    ];
    succeeds(path, &args);
    succeeds(path, &["export", "results/study", "--output", "parquet"]);
    for file in fs::read_dir(&results).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|it| it == "csv") {
            let stem = file.file_stem().unwrap().to_str().unwrap();
            let lines = fs::read_to_string(path.join(format!("lines/{stem}.jsonl"))).unwrap();
            assert_eq!(lines.lines().count() + 1, rows(&file).len(), "{stem}");
            assert!(path.join(format!("parquet/{stem}.parquet")).is_file());
        }
    }
    let points = fs::read_to_string(path.join("lines/points.jsonl")).unwrap();
    let first: Value = serde_json::from_str(points.lines().next().unwrap()).unwrap();
    // Of several scales, the base unit is the common one.
    let expected = serde_json::json!({"point": 0, "rate": 5.0, "latency": 0.5, "mixed": 0.5});
    assert_eq!(first, expected);
    let parquet = fs::read(path.join("parquet/points.parquet")).unwrap();
    let parquet = String::from_utf8_lossy(&parquet);
    let column = r#"{"name":"latency","unit":"ms","type":"float""#;
    assert!(parquet.contains(column), "{parquet}");
    let version = format!("soe version {}", env!("CARGO_PKG_VERSION"));
    assert!(parquet.contains(&version));
}

#[test]
fn only_results_of_the_program_are_replaced_by_force() {
    let folder = study();
    let path = folder.path();
    let foreign = path.join("results/study");
    fs::create_dir_all(&foreign).unwrap();
    fs::write(foreign.join("manifest.json"), "{\"short_name\": \"App\"}").unwrap();
    fs::write(foreign.join("app.js"), "precious").unwrap();
    let args = ["sweep", "study.toml", "--replications", "2"];
    let refused = soe(path, &args);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--force"), "{}", stderr(&refused));
    let refused = soe(path, &[&args[..], &["--force"]].concat());
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert_eq!(stderr(&refused).lines().count(), 1, "{}", stderr(&refused));
    assert_eq!(fs::read(foreign.join("app.js")).unwrap(), b"precious");
}
