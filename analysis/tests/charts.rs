//! Charts are well-formed, stay in their frame, and are the same bytes everywhere.

#![allow(clippy::unwrap_used)]

use analysis::{Axis, Chart, HeatMap, Interval, Point, Reference, Series, Sorted};
use proptest::prelude::*;

/// Walks the elements of a document: every one closed, attributes quoted, no stray markup in text.
fn assert_well_formed(svg: &str) {
    let mut open = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        assert!(
            !rest[..start].contains('>'),
            "stray markup: {}",
            &rest[..start]
        );
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name.to_owned()));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap().to_owned());
        }
        rest = &rest[end + 1..];
    }
    assert_eq!((open, rest), (Vec::new(), "\n"));
}

fn attribute(element: &str, name: &str) -> f64 {
    let start = element.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
    element[start..]
        .split('"')
        .next()
        .unwrap()
        .trim_end_matches("pt")
        .parse()
        .unwrap()
}

fn latency_chart() -> Chart {
    let line = |slope: f64| {
        [100.0, 200.0, 300.0, 400.0, 500.0].map(|jobs: f64| {
            let mean = 40.0 + jobs * slope;
            (
                jobs,
                Interval {
                    mean,
                    half_width: Some(mean * 0.1),
                    n: 200,
                },
            )
        })
    };
    Chart::new(
        Axis::linear("jobs", ""),
        Axis::linear("network latency", "ms").from_zero(),
    )
    .series(Series::line("PureFaaS", line(0.5)))
    .series(Series::line("StatePropagate", line(0.3)))
    .series(Series::line("StateLocal", line(0.1)))
    .reference(Reference::horizontal("deadline", 200.0))
}

#[test]
fn the_same_chart_is_the_same_bytes_on_every_platform() {
    let golden = include_str!("golden/latency.svg").replace("\r\n", "\n");
    let found = latency_chart().to_svg();
    if found != golden {
        let place = std::env::temp_dir().join("latency.svg");
        std::fs::write(&place, &found).unwrap();
        panic!(
            "differs from tests/golden/latency.svg; found: {}",
            place.display()
        );
    }
}

#[test]
fn text_stays_text_and_cannot_become_markup() {
    let svg = Chart::new(
        Axis::linear("a < b & c", "\"s\""),
        Axis::names("", ["<x>", "y"]),
    )
    .title("T > 0")
    .series(Series::line("µ & <σ>", [(1.0, 2.0)]))
    .to_svg();
    assert_well_formed(&svg);
    assert!(
        svg.contains(">a &lt; b &amp; c (\"s\")</text>")
            && svg.contains(">µ &amp; &lt;σ&gt;</text>")
    );
    assert!(svg.contains("sans-serif"));
}

#[test]
fn series_differ_in_colour_dash_and_marker() {
    let svg = latency_chart().to_svg();
    for colour in ["#0072B2", "#D55E00", "#009E73"] {
        // One line in the plot and one in the legend, and a band.
        assert_eq!(svg.matches(&format!("stroke=\"{colour}\"")).count(), 2);
        assert_eq!(
            svg.matches(&format!("fill=\"{colour}\" fill-opacity"))
                .count(),
            1
        );
    }
    assert_eq!(svg.matches("stroke-dasharray=\"5 1.6\"").count(), 2);
    assert_eq!(svg.matches("stroke-dasharray=\"1.3 1.3\"").count(), 2);
}

#[test]
fn the_legend_lies_above_the_plot() {
    let svg = latency_chart().to_svg();
    let plot = svg
        .lines()
        .find(|line| line.starts_with("<svg x="))
        .unwrap();
    let top = attribute(plot, "y");
    for label in ["PureFaaS", "StatePropagate", "StateLocal", "deadline"] {
        let text = svg
            .lines()
            .find(|line| line.ends_with(&format!(">{label}</text>")))
            .unwrap();
        assert!(attribute(text, "y") < top, "{label}");
    }
}

#[test]
fn a_gap_in_the_data_is_a_gap_in_the_line() {
    let chart = |y: f64| {
        Chart::new(Axis::linear("x", ""), Axis::linear("y", ""))
            .series(Series::line(
                "",
                [(0.0, 1.0), (1.0, 2.0), (2.0, y), (3.0, 4.0), (4.0, 5.0)],
            ))
            .to_svg()
    };
    let lines = |svg: &str| svg.matches("stroke-linejoin").count();
    assert_eq!(lines(&chart(3.0)), 1);
    assert_eq!(lines(&chart(f64::NAN)), 2);
}

#[test]
fn a_million_values_make_a_small_file() {
    let sample: Sorted = (0..1_000_000).map(|i| f64::from(i).sqrt()).collect();
    let svg = Chart::new(Axis::linear("latency", "ms"), Axis::linear("CDF", ""))
        .series(Series::cdf("", &sample))
        .to_svg();
    assert_well_formed(&svg);
    assert!(svg.len() < 60_000, "{} bytes", svg.len());
}

#[test]
fn a_chart_without_data_says_so() {
    let chart = Chart::new(Axis::logarithmic("x", ""), Axis::linear("y", ""));
    assert!(chart.to_svg().contains(">no data</text>"));
    let nothing_positive = chart
        .series(Series::line("a", [(-1.0, 1.0), (0.0, 2.0)]))
        .to_svg();
    assert!(nothing_positive.contains(">no data</text>"));
    assert_well_formed(&nothing_positive);
}

#[test]
fn bars_of_several_series_stand_side_by_side() {
    let svg = Chart::new(Axis::names("", ["a", "b"]), Axis::linear("y", ""))
        .series(Series::bars("one", [(0.0, 1.0), (1.0, 2.0)]))
        .series(Series::bars("two", [(0.0, 3.0), (1.0, 4.0)]))
        .to_svg();
    assert_well_formed(&svg);
    let bars: Vec<&str> = svg
        .lines()
        .skip_while(|line| !line.starts_with("<svg x="))
        .filter(|l| l.starts_with("<rect"))
        .collect();
    let edges = |i: usize| {
        (
            attribute(bars[i], "x"),
            attribute(bars[i], "x") + attribute(bars[i], "width"),
        )
    };
    assert_eq!(bars.len(), 4);
    assert!((edges(0).1 - edges(2).0).abs() < 0.02);
    assert!(edges(2).1 < edges(1).0);
    let heights: Vec<f64> = bars.iter().map(|bar| attribute(bar, "height")).collect();
    for (place, times) in [(1, 2.0), (2, 3.0), (3, 4.0)] {
        assert!((heights[place] / heights[0] - times).abs() < 0.01);
    }
}

/// Text elements with how far each reaches in the direction in which it is written, at least.
fn reaches(svg: &str) -> Vec<(String, (f64, f64), bool)> {
    let lines = svg.lines().filter(|line| line.starts_with("<text"));
    let reach = |line: &str| {
        let (tag, rest) = line.split_once('>').unwrap();
        let text = rest.split_once('<').unwrap().0;
        let is_turned = tag.contains("rotate(-90");
        let place = attribute(tag, if is_turned { "y" } else { "x" });
        // Letters of these labels are wider than 3.5 points.
        let half = text.chars().count() as f64 * 3.5 / 2.0;
        let ends = match tag.contains("text-anchor=\"middle\"") {
            true => (place - half, place + half),
            false => (place, place),
        };
        (text.to_owned(), ends, is_turned)
    };
    lines.map(reach).collect()
}

#[test]
fn a_long_label_is_broken_between_words_and_shortened_only_if_that_is_not_enough() {
    let drawn = |label: &str| {
        let x = Axis::linear(label, "s");
        let chart = Chart::new(x, Axis::linear("mean latency", "ms"));
        let svg = chart
            .series(Series::line("", [(0.0, 1.0), (9.0, 2.0)]))
            .to_svg();
        assert_well_formed(&svg);
        svg
    };
    let short = drawn("time");
    assert!(short.contains(">time (s)</text>"));
    let label = "time since the first of all clients has sent its very first call to a broker";
    let long = drawn(label);
    let lines: Vec<String> = reaches(&long).into_iter().map(|it| it.0).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let shown = lines.join(" ");
    assert!(shown.contains(&format!("{label} (s)")), "{lines:?}");
    assert!(!lines.contains(&format!("{label} (s)").as_str()));
    // The plot stays as it was; the figure is not larger.
    assert_eq!(
        attribute(short.lines().next().unwrap(), "height"),
        attribute(long.lines().next().unwrap(), "height")
    );
    let endless = drawn(&[label; 9].join(", "));
    assert!(endless.contains("… (s)</text>"));
    assert!(
        endless.contains(&[label; 9].join(", ")),
        "those who hear it hear all of it"
    );
}

#[test]
fn reference_lines_can_be_told_apart_and_none_hides_on_the_axis() {
    let svg = Chart::new(
        Axis::linear("time", "s"),
        Axis::linear("latency", "ms").from_zero(),
    )
    .series(Series::steps("", [(0.0, 1.0), (50.0, 2.0), (100.0, 2.0)]))
    .reference(Reference::vertical("rule", 0.0))
    .reference(Reference::vertical("cut", 0.0))
    .reference(Reference::vertical("end", 100.0))
    .to_svg();
    let plot = svg
        .lines()
        .find(|line| line.starts_with("<svg x="))
        .unwrap();
    let (left, width) = (attribute(plot, "x"), attribute(plot, "width"));
    let mut looks = std::collections::BTreeMap::new();
    for line in svg.lines().filter(|line| line.starts_with("<path d=\"M")) {
        let (data, look) = line.split_once("\" ").unwrap();
        if look.contains("#222") || look.contains("#ddd") || look.contains("#0072B2") {
            continue;
        }
        let x: f64 = data[10..].split(' ').next().unwrap().parse().unwrap();
        looks
            .entry(look.to_owned())
            .or_insert_with(Vec::new)
            .push(x);
    }
    // Each once in the legend and once in the plot.
    assert_eq!(looks.len(), 3, "{looks:?}");
    for places in looks.values() {
        assert_eq!(places.len(), 2);
        let place = places[1];
        assert!(place > left + 2.0 && place < left + width - 2.0, "{place}");
    }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![5 => -1e3..1e3_f64, 2 => any::<f64>(), 1 => Just(0.0), 1 => Just(f64::NAN), 1 => Just(f64::MAX)]
}

fn axis() -> impl Strategy<Value = Axis> {
    prop_oneof![
        Just(Axis::linear("a", "b")),
        Just(Axis::linear("", "").from_zero()),
        Just(Axis::logarithmic("a", "")),
        (number(), number()).prop_map(|(low, high)| Axis::linear("a", "").range(low, high)),
        (number(), number()).prop_map(|(low, high)| Axis::logarithmic("a", "").range(low, high)),
        prop::collection::vec("[a-z]{0,20}", 0..9).prop_map(|names| Axis::names("a", names)),
    ]
}

fn series() -> impl Strategy<Value = Series> {
    let point = (number(), number(), prop::option::of((number(), number())));
    let points = prop::collection::vec(
        point.prop_map(|(x, y, interval)| Point { x, y, interval }),
        0..40,
    );
    (0..5, points, "\\PC{0,40}").prop_map(|(kind, points, label)| match kind {
        0 => Series::line(&label, points),
        1 => Series::steps(&label, points),
        2 => Series::bars(&label, points),
        3 => Series::cdf(&label, &points.iter().map(|point| point.y).collect()),
        _ => Series::histogram(
            &label,
            &points.iter().map(|point| point.x).collect::<Vec<_>>(),
            &points.iter().map(|point| point.y).collect::<Vec<_>>(),
        ),
    })
}

proptest! {
    #[test]
    fn whatever_the_data_the_document_is_well_formed_and_its_text_inside(
        x in axis(), y in axis(), all in prop::collection::vec(series(), 0..9), line in number(),
        width in 0.0..500.0_f64, height in 0.0..500.0_f64
    ) {
        let chart = Chart::new(x, y).size(width, height).reference(Reference::vertical("v", line));
        let svg = all.into_iter().fold(chart, Chart::series).reference(Reference::horizontal("h", line)).to_svg();
        assert_well_formed(&svg);
        let root = svg.lines().next().unwrap();
        let (width, height) = (attribute(root, "width"), attribute(root, "height"));
        for text in svg.lines().filter(|line| line.starts_with("<text")) {
            let (x, y) = (attribute(text, "x"), attribute(text, "y"));
            prop_assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "{text}");
        }
    }

    #[test]
    fn labels_are_inside_however_long_they_are(
        x in "[a-h]{1,30}( [a-h]{1,30}){0,40}", y in "[a-h]{1,30}( [a-h]{1,30}){0,40}",
        unit in "[a-h]{0,60}", width in 0.0..900.0_f64, height in 0.0..500.0_f64, power in -9..9_i32
    ) {
        let values = [(0.0, 0.0), (1.0, 10_f64.powi(power))];
        let chart = Chart::new(Axis::linear(&x, &unit), Axis::linear(&y, &unit).from_zero());
        let chart = chart.size(width, height).series(Series::line("", values)).to_svg();
        let map = HeatMap::new(&x, ["1", "2"], &y, ["a"], &y, &unit).width(width);
        let map = map.row([Some(1.0), Some(10_f64.powi(power))]).to_svg();
        for svg in [chart, map] {
            assert_well_formed(&svg);
            let root = svg.lines().next().unwrap();
            for (text, (low, high), is_turned) in reaches(&svg) {
                let end = attribute(root, if is_turned { "height" } else { "width" });
                prop_assert!(low >= 0.0 && high <= end, "{text}: {low} to {high} of {end}");
            }
        }
    }
}
