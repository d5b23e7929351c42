//! One figure of each kind, with made-up numbers of the shape that studies have.
//!
//! Run with a folder to write to: `cargo run -p analysis --example figures -- figures`

use analysis::{Axis, Chart, Interval, Reference, Series, Sorted};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(
        std::env::args()
            .nth(1)
            .unwrap_or_else(|| "figures".to_owned()),
    );
    std::fs::create_dir_all(&folder)?;
    let figures = [
        ("latency-over-load", latency_over_load()),
        ("ratio-over-size", ratio_over_size()),
        ("distribution", distribution()),
        ("histogram", histogram()),
        ("utilization", utilization()),
        ("policies", policies()),
        ("queue", queue()),
        ("growth", growth()),
        (
            "empty",
            Chart::new(Axis::linear("x", ""), Axis::linear("nothing", "")).to_svg(),
        ),
    ];
    for (name, svg) in figures {
        std::fs::write(folder.join(name).with_extension("svg"), svg)?;
    }
    Ok(())
}

fn estimate(mean: f64, half_width: f64) -> Interval {
    Interval {
        mean,
        half_width: Some(half_width),
        n: 30,
    }
}

/// Lines with confidence bands and a deadline.
fn latency_over_load() -> String {
    let policies = [
        "random",
        "least-impedance",
        "round-robin",
        "proportional-fairness",
    ];
    let mut chart = Chart::new(
        Axis::linear("load", ""),
        Axis::linear("95th percentile of latency", "ms").from_zero(),
    )
    .reference(Reference::horizontal("deadline", 900.0));
    for (place, name) in policies.iter().enumerate() {
        let points = (1..=9).map(|i| {
            let load = f64::from(i) / 10.0;
            let mean = 100.0 / (1.0 - load) * (1.0 - 0.18 * place as f64);
            (load, estimate(mean, mean * load * 0.12))
        });
        chart = chart.series(Series::line(name, points));
    }
    chart.to_svg()
}

/// Both axes logarithmic, parity as a reference.
fn ratio_over_size() -> String {
    let sizes = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
    let line = |power: f64, factor: f64| {
        sizes.map(|size: f64| {
            (
                size,
                estimate(factor * size.powf(power), 0.08 * factor * size.powf(power)),
            )
        })
    };
    Chart::new(
        Axis::logarithmic("state size / argument size", ""),
        Axis::logarithmic("latency ratio", ""),
    )
    .series(Series::line("StateLocal / PureFaaS", line(-0.7, 0.4)))
    .series(Series::line("StateLocal / StatePropagate", line(-0.3, 0.8)))
    .reference(Reference::horizontal("parity", 1.0))
    .reference(Reference::vertical("equal sizes", 1.0))
    .to_svg()
}

/// Empirical distributions of many values.
fn distribution() -> String {
    let mut chart = Chart::new(
        Axis::linear("total delay", "ms").range(0.0, 2000.0),
        Axis::linear("CDF", ""),
    );
    for (name, mean) in [
        ("UnchainedLocal", 250.0),
        ("UnchainedRemote", 400.0),
        ("UnchainedExternal", 700.0),
    ] {
        let exponential: Sorted = (0..20_000)
            .map(|i| 40.0 - mean * (1.0 - (f64::from(i) + 0.5) / 20_000.0).ln())
            .collect();
        chart = chart.series(Series::cdf(name, &exponential));
    }
    chart.to_svg()
}

/// Chain lengths as a share of all chains.
fn histogram() -> String {
    let edges: Vec<f64> = (0..=24).map(|i| f64::from(i) + 1.5).collect();
    let heights: Vec<f64> = (0..24).map(|i| 0.38 * 0.72_f64.powi(i)).collect();
    Chart::new(
        Axis::linear("tasks in a chain", ""),
        Axis::linear("share of chains", ""),
    )
    .series(Series::histogram("", &edges, &heights))
    .to_svg()
}

/// Bars of two series with whiskers, long names below.
fn utilization() -> String {
    let names = [
        "raspberry-0",
        "raspberry-1",
        "tx2-0",
        "nuc-0",
        "intel-server-0",
    ];
    let bars = |values: [f64; 5]| (0..5).map(move |i| (i as f64, estimate(values[i], 3.0)));
    Chart::new(Axis::names("", names), Axis::linear("utilization", "%"))
        .series(Series::bars(
            "least-impedance",
            bars([92.0, 88.0, 61.0, 40.0, 17.0]),
        ))
        .series(Series::bars(
            "round-robin",
            bars([99.0, 98.0, 70.0, 30.0, 6.0]),
        ))
        .series(Series::bars("random", bars([95.0, 97.0, 66.0, 35.0, 9.0])))
        .to_svg()
}

/// Few short names, one series, values below zero.
fn policies() -> String {
    Chart::new(
        Axis::names("execution policy", ["A", "B", "C"]),
        Axis::linear("saving", "%"),
    )
    .title("Saving against the original")
    .series(Series::bars(
        "",
        [
            (0.0, estimate(12.0, 2.0)),
            (1.0, estimate(-7.0, 1.5)),
            (2.0, estimate(3.0, 4.0)),
        ],
    ))
    .to_svg()
}

/// A value over time.
fn queue() -> String {
    let mut state = 7_u32;
    let mut length = 3.0_f64;
    let points = (0..300).map(|i| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        length = (length + if state >> 31 == 0 { 1.0 } else { -1.0 }).max(0.0);
        (f64::from(i) * 0.1, length)
    });
    let points: Vec<_> = points.collect();
    Chart::new(
        Axis::linear("time", "s"),
        Axis::linear("tasks in the queue", "").from_zero(),
    )
    .series(Series::steps("arm", points))
    .to_svg()
}

/// Seven lines, many decades, a gap.
fn growth() -> String {
    let mut chart = Chart::new(
        Axis::logarithmic("pending events", ""),
        Axis::linear("events per second", "1/s"),
    );
    for place in 0..7 {
        let points = (1..=6).map(|power| {
            let speed = 9e6 / (1.0 + f64::from(power) * 0.15 * f64::from(place));
            (
                10_f64.powi(power),
                if place == 3 && power == 4 {
                    f64::NAN
                } else {
                    speed
                },
            )
        });
        chart = chart.series(Series::line(&format!("structure {place}"), points));
    }
    chart.to_svg()
}
