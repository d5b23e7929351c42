//! The figures of the calls of a run, which are read once and mostly not kept, are those of all calls kept.

#![allow(clippy::unwrap_used)]

use analysis::{
    Axis, Chart, FigureKind, FigureOptions, GroupBy, Manifest, Reference, ReportOptions,
    ResultFolder, ResultSet, Series, Sorted, Unit, WarmUp, figures, mean, report,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use tempfile::TempDir;

/// Warm-up of the runs, nanoseconds.
const WARM_UP: u64 = 40_000_000;

#[derive(Clone, Debug)]
struct Call {
    replication: u32,
    number: u64,
    function: String,
    computer: String,
    sent: u64,
    latency: Option<u64>,
    is_ok: bool,
}

impl Call {
    fn completed_in(&self) -> Option<u64> {
        self.latency.filter(|_| self.is_ok)
    }
}

/// Runs of some replications, each with its calls in any order, some of them without outcome, some not recorded.
fn runs() -> impl Strategy<Value = Vec<Call>> {
    let call = (
        0..4_u32,
        0..40_u32,
        200_000..9_000_000_u64,
        prop::option::weighted(0.95, prop::bool::weighted(0.9)),
    );
    let replication = prop::collection::vec(call, 0..220)
        .prop_map(|calls| (0_u64..).zip(calls).collect::<Vec<_>>())
        .prop_shuffle();
    // One function or several, which appear early or late; one computer, some, or more than there can be boxes.
    let kinds = (
        prop::sample::select(vec![1, 2, 4]),
        prop::sample::select(vec![1, 5, 40]),
        0..250_u64,
        prop::sample::select(vec![0, 3, 17]),
    );
    (prop::collection::vec(replication, 1..4), kinds).prop_map(
        |(replications, (functions, computers, since, missing))| {
            let mut calls = Vec::new();
            for (replication, rows) in (0..).zip(replications) {
                for (number, (function, computer, latency, outcome)) in rows {
                    if missing > 0 && number % missing == 2 {
                        continue;
                    }
                    let function = match number >= since {
                        true => function % functions,
                        false => 0,
                    };
                    calls.push(Call {
                        replication,
                        number,
                        function: format!("f{function}"),
                        computer: format!("c{}", computer % computers),
                        sent: number * 1_000_000,
                        latency: outcome.map(|_| latency),
                        is_ok: outcome == Some(true),
                    });
                }
            }
            calls
        },
    )
}

fn folder(calls: &[Call]) -> (TempDir, ResultSet) {
    let mut table = "replication,call,client,function,path,computer,input_bytes,output_bytes,sent_ns,latency_ns,\
                     processing_ns,load1_percent,hops,outcome,error\n"
        .to_owned();
    for call in calls {
        let Call {
            replication,
            number,
            function,
            computer,
            sent,
            ..
        } = call;
        let latency = call.latency.map_or(String::new(), |ns| ns.to_string());
        let outcome = match (call.is_ok, call.latency) {
            (true, _) => "ok",
            (false, Some(_)) => "error",
            (false, None) => "in progress",
        };
        writeln!(
            table,
            "{replication},{number},user,{function},,{computer},1,,{sent},{latency},,,0,{outcome},"
        )
        .unwrap();
    }
    let parent = tempfile::tempdir().unwrap();
    let folder = ResultFolder::create(parent.path().join("run"), false).unwrap();
    let metrics = "point,replication,metric,entity,unit,value\n0,0,x,all,ns,1\n";
    let summary = format!("{{\"warm_up_ns\": {WARM_UP}}}");
    for (file, text) in [
        ("calls.csv", table.as_str()),
        ("metrics.csv", metrics),
        ("summary.json", &summary),
    ] {
        folder.write(file, text.as_bytes()).unwrap();
    }
    folder.commit(Manifest::default()).unwrap();
    let results = ResultSet::read(parent.path().join("run")).unwrap();
    (parent, results)
}

fn drawn(results: &ResultSet, options: &FigureOptions) -> Vec<String> {
    let figures = figures(results, options).unwrap();
    figures.iter().map(analysis::Figure::to_svg).collect()
}

/// The groups that figures show, from all calls.
fn groups(calls: &[Call], by: Option<GroupBy>) -> Vec<(String, Vec<f64>)> {
    let counted = calls.iter().filter(|call| call.sent >= WARM_UP);
    let completed: Vec<&Call> = counted
        .filter(|call| call.completed_in().is_some())
        .collect();
    let of = |name: fn(&Call) -> &str| {
        let names: BTreeSet<&str> = completed.iter().map(|call| name(call)).collect();
        let latencies = |group: &str| {
            let calls = completed.iter().filter(|call| name(call) == group);
            calls
                .filter_map(|call| call.completed_in())
                .map(|ns| ns as f64)
                .collect()
        };
        names
            .iter()
            .map(|group| ((*group).to_owned(), latencies(group)))
            .collect::<Vec<_>>()
    };
    let function = || of(|call| &call.function);
    let computer = || of(|call| &call.computer);
    match by {
        Some(GroupBy::Function) => function(),
        Some(GroupBy::Computer) => computer(),
        _ if function().len() > 1 => function(),
        _ if computer().len() > 1 => computer(),
        _ => of(|_| "all"),
    }
}

/// Divisor and symbol of an axis of times of this size.
fn scale(largest: f64) -> (f64, &'static str) {
    let shown = Unit::Nanoseconds.format(largest);
    match shown.split_once(' ').unwrap().1 {
        "s" => (1e9, "s"),
        "ms" => (1e6, "ms"),
        "µs" => (1e3, "µs"),
        _ => (1.0, "ns"),
    }
}

/// Distribution functions and box plots of all calls.
fn distributions(calls: &[Call], by: Option<GroupBy>, logarithmic: bool) -> Vec<String> {
    let mut groups = groups(calls, by);
    groups.truncate(24);
    let medians = groups.iter().map(|(_, latencies)| {
        let sorted = Sorted::new(latencies.clone());
        sorted.values()[sorted.len() / 2]
    });
    let (factor, symbol) = match medians.fold(0.0, f64::max) {
        0.0 => (1.0, "ns"),
        largest => scale(largest),
    };
    let scaled = |latencies: &[f64]| latencies.iter().map(|ns| ns / factor).collect::<Sorted>();
    let samples: Vec<Sorted> = groups.iter().map(|(_, it)| scaled(it)).collect();
    let axis = || match logarithmic {
        true => Axis::logarithmic("latency", symbol),
        false => Axis::linear("latency", symbol),
    };
    let mut cdf = Chart::new(axis(), Axis::linear("share of calls", ""));
    for ((name, _), sample) in groups.iter().zip(&samples).take(7) {
        let name = if groups.len() > 1 { name } else { "" };
        cdf = cdf.series(Series::cdf(name, sample));
    }
    let names = groups.iter().map(|(name, _)| name.as_str());
    let boxes = Chart::new(Axis::names("", names), axis())
        .series(Series::boxes("", (0..).map(f64::from).zip(&samples)));
    vec![cdf.to_svg(), boxes.to_svg()]
}

/// Both figures of the warm-up from all calls.
fn warm_up(calls: &[Call]) -> Vec<String> {
    let replications: BTreeSet<u32> = calls.iter().map(|call| call.replication).collect();
    let series: Vec<Vec<(f64, f64)>> = replications
        .iter()
        .map(|replication| {
            let mut of: Vec<&Call> = calls
                .iter()
                .filter(|call| call.replication == *replication)
                .collect();
            of.sort_by_key(|call| call.number);
            let completed = of
                .iter()
                .filter_map(|it| Some((it.sent as f64, it.completed_in()? as f64)));
            completed.collect()
        })
        .collect();
    let length = series.iter().map(Vec::len).min().unwrap_or(0);
    let at = |n: usize, of: fn(&(f64, f64)) -> f64| {
        let values: Vec<f64> = series.iter().map(|it| of(&it[n])).collect();
        mean(&values).unwrap()
    };
    let times: Vec<f64> = (0..length).map(|n| at(n, |it| it.0)).collect();
    let latencies: Vec<f64> = (0..length).map(|n| at(n, |it| it.1)).collect();
    let Some(found) = WarmUp::of(&latencies) else {
        return Vec::new();
    };
    let ends = if found.cut == 0 {
        0.0
    } else {
        times[found.cut].floor()
    };
    let batches = latencies.chunks_exact(5).map(|part| mean(part).unwrap());
    let mut line: Vec<(f64, f64)> = times.iter().step_by(5).copied().zip(batches).collect();
    let end = line.last().unwrap().0;
    line.push((end, line.last().unwrap().1));
    let (time, time_symbol) = scale(end);
    let (factor, symbol) = scale(line.iter().map(|it| it.1).fold(0.0, f64::max));
    let shown = |ns: f64| match ns {
        0.0 => "0 s".to_owned(),
        ns => Unit::Nanoseconds.format(ns),
    };
    let steps = line.iter().map(|it| (it.0 / time, it.1 / factor));
    let mser = Reference::vertical(&format!("MSER-5: {}", shown(ends)), ends / time);
    let run = format!("cut by the run: {}", shown(WARM_UP as f64));
    let settling = Chart::new(
        Axis::linear("time", time_symbol),
        Axis::linear("latency", symbol).from_zero(),
    )
    .series(Series::steps("", steps))
    .reference(mser)
    .reference(Reference::vertical(&run, WARM_UP as f64 / time));
    let errors = found
        .errors
        .iter()
        .map(|(cut, error)| (*cut as f64, error.sqrt() / factor));
    let y_axis = Axis::linear("standard error of the rest", symbol);
    let rule = Chart::new(Axis::linear("calls cut", ""), y_axis)
        .series(Series::steps("", errors))
        .reference(Reference::vertical("MSER-5", found.cut as f64));
    vec![settling.to_svg(), rule.to_svg()]
}

#[test]
fn a_second_function_that_appears_late_is_not_overlooked() {
    let call = |number: u64| Call {
        replication: 0,
        number,
        function: format!("f{}", u8::from(number >= 400)),
        computer: format!("c{}", number % 40),
        sent: WARM_UP + number,
        latency: Some(1_000_000 + number * 10_007 % 999_983),
        is_ok: true,
    };
    let calls: Vec<Call> = (0..500).map(call).collect();
    let options = FigureOptions {
        kinds: vec![FigureKind::Cdf, FigureKind::Box],
        ..FigureOptions::default()
    };
    for calls in [&calls[..], &calls[..400]] {
        let (_parent, results) = folder(calls);
        let found = drawn(&results, &options);
        assert_eq!(found, distributions(calls, None, false));
        assert_eq!(found[0].contains(">f1</text>"), calls.len() > 400);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn distributions_are_those_of_all_calls_by_what_tells_most(
        calls in runs(), by in prop::sample::select(vec![None, Some(GroupBy::Function), Some(GroupBy::Computer)]),
        logarithmic in any::<bool>()
    ) {
        let (_parent, results) = folder(&calls);
        let options = FigureOptions {
            kinds: vec![FigureKind::Cdf, FigureKind::Box],
            group: by,
            log_x: logarithmic,
            log_y: logarithmic,
            ..FigureOptions::default()
        };
        prop_assert_eq!(drawn(&results, &options), distributions(&calls, by, logarithmic));
    }

    #[test]
    fn the_warm_up_is_that_of_all_calls(calls in runs()) {
        let (_parent, results) = folder(&calls);
        let options = FigureOptions { kinds: vec![FigureKind::WarmUp], ..FigureOptions::default() };
        prop_assert_eq!(drawn(&results, &options), warm_up(&calls));
    }

    #[test]
    fn the_order_of_the_rows_of_a_replication_changes_nothing(calls in runs()) {
        let options = ReportOptions {
            title: None,
            figures: FigureOptions::default(),
        };
        let page = |calls: &[Call]| {
            let (_parent, results) = folder(calls);
            let page = report(&results, &options).unwrap();
            let judged = page.split("<h2>How far to trust it</h2>").nth(1).unwrap();
            let judged = judged.split("</section>").next().unwrap();
            let path = results.path.display().to_string();
            (drawn(&results, &options.figures), judged.replace(&path, "run"))
        };
        let mut sorted = calls.clone();
        sorted.sort_by_key(|call| (call.replication, call.number));
        prop_assert_eq!(page(&calls), page(&sorted));
    }
}
