//! `soe analyze` for column files of clients: `time latency load responder function hops`,
//! a line for each call, times in seconds. The original's experiments call them `out.*`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use analysis::{
    ColumnCall as Call, ColumnError, MetricValues, QuantileRule, Sorted, Summary, Unit,
};
use soe_model::units::parse_duration;

use crate::cli::{AnalyzeArgs, By, Format};
use crate::failure::{Failure, print};

/// Reports column files; each is a replication.
pub fn run(args: &AnalyzeArgs, quantiles: &[f64]) -> Result<(), Failure> {
    let after = match args.warm_up.as_deref() {
        None => 0.0,
        Some("auto") => {
            let text = "--warm-up auto needs a result folder; name a time for column files";
            return Err(Failure::input(text));
        }
        Some(text) => match parse_duration(text) {
            Ok(time) => time.as_nanos() as f64 / 1e9,
            Err(error) => return Err(Failure::input(format!("--warm-up: {error}"))),
        },
    };
    let group: fn(&Call) -> &str = match args.by {
        None => |_| "all",
        Some(By::Computer) => |call| &call.computer,
        Some(By::Function) => |call| &call.function,
        Some(_) => {
            let text = "--by: column files have computers and functions only";
            return Err(Failure::input(text));
        }
    };
    let files: Vec<&PathBuf> = std::iter::once(&args.folder).chain(&args.files).collect();
    let mut groups: BTreeMap<String, Vec<(u32, Vec<Call>)>> = BTreeMap::new();
    for (replication, file) in (0..).zip(&files) {
        let text = soe_model::text::read(file)
            .map_err(|error| Failure::input(format!("{}: {error}", file.display())))?;
        let mut calls: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        let read = Call::read(&text).map_err(|error| match error {
            ColumnError::Line(..) => Failure::input(format!("{}:{error}", file.display())),
            ColumnError::Empty => Failure::input(format!("{}: {error}", file.display())),
        });
        for call in read? {
            if call.time >= after {
                calls.entry(group(&call).to_owned()).or_default().push(call);
            }
        }
        for (name, calls) in calls {
            groups.entry(name).or_default().push((replication, calls));
        }
    }
    let mut metrics: Vec<_> = groups
        .iter()
        .flat_map(|(name, of)| measure(name, of, quantiles))
        .collect();
    metrics.retain(|it| args.metric.is_empty() || args.metric.contains(&it.metric));
    metrics.retain(|it| args.entity.is_empty() || args.entity.contains(&it.entity));
    if metrics.is_empty() {
        let text = "nothing that was asked for is in the files after the warm-up";
        return Err(Failure::input(format!("{}: {text}", args.folder.display())));
    }
    let replications = u32::try_from(files.len()).unwrap_or(u32::MAX);
    let summary = Summary::of(&metrics, replications, (after * 1e9) as u64);
    let mut text = Vec::new();
    match args.format {
        Format::Csv => summary.write_csv(&mut text).map_err(Failure::run)?,
        Format::Json => summary.write_json(&mut text).map_err(Failure::run)?,
        Format::Text => {
            let head = format!("{} column files, each a replication\n\n", files.len());
            return print(&(head + &summary.to_text()));
        }
    }
    print(&String::from_utf8_lossy(&text))
}

/// The metrics of a group of calls, a value for each replication.
fn measure(name: &str, group: &[(u32, Vec<Call>)], quantiles: &[f64]) -> Vec<MetricValues> {
    let metric = |metric: String, unit: Unit, value: &dyn Fn(&[Call]) -> f64| MetricValues {
        point: 0,
        metric,
        entity: name.to_owned(),
        unit,
        values: group
            .iter()
            .map(|(replication, calls)| (*replication, value(calls)))
            .collect(),
    };
    let mean = |calls: &[Call], of: &dyn Fn(&Call) -> f64| {
        analysis::sum(calls.iter().map(of)) / calls.len() as f64
    };
    let latencies = |calls: &[Call]| Sorted::new(calls.iter().map(|it| it.latency * 1e9).collect());
    let mut metrics = vec![
        metric("calls".to_owned(), Unit::Count, &|calls| calls.len() as f64),
        metric("latency_mean".to_owned(), Unit::Nanoseconds, &|calls| {
            mean(calls, &|call| call.latency * 1e9)
        }),
    ];
    for q in quantiles {
        let label = format!("latency_p{}", (q * 1e6).round() / 1e4);
        metrics.push(metric(label, Unit::Nanoseconds, &|calls| {
            let latencies = latencies(calls);
            let quantile = latencies.quantile(*q, QuantileRule::Interpolated);
            quantile.unwrap_or(f64::NAN)
        }));
    }
    metrics.push(metric("load_mean".to_owned(), Unit::Ratio, &|calls| {
        mean(calls, &|call| call.load / 100.0)
    }));
    metrics.push(metric("hops_mean".to_owned(), Unit::Count, &|calls| {
        mean(calls, &|call| call.hops)
    }));
    metrics
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
0.4 0.3 10 10.1.0.2:10000 clambda0 2
0.6 0.2 20 10.1.0.2:10000 clambda0 2
0.8 0.1 30 10.1.0.3:10000 clambda0 1
";

    #[test]
    fn the_lines_of_clients_are_measured() {
        let calls = Call::read(TEXT).unwrap();
        let metrics = measure("all", &[(0, calls)], &[0.5]);
        let value = |name: &str| {
            let metric = metrics.iter().find(|it| it.metric == name).unwrap();
            metric.values[0].1
        };
        assert_eq!(value("calls"), 3.0);
        assert!((value("latency_mean") - 2e8).abs() < 1.0);
        assert!((value("latency_p50") - 2e8).abs() < 1.0);
        assert!((value("load_mean") - 0.2).abs() < 1e-12);
        assert!((value("hops_mean") - 5.0 / 3.0).abs() < 1e-12);
    }
}
