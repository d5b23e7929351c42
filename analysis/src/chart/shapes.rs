//! Drawing of boxes, stacked areas and spans.

use super::frame::{Frame, WHISKER, group_width};
use super::series::{BoxShape, Mark, Point, Series};
use super::style::{INK, Style};
use super::svg::{Svg, number};

/// Share of its row that a span is high.
const SPAN: f64 = 0.8;
/// Radius of an outlier.
const OUTLIER: f64 = 0.9;
/// Outliers closer than this to the one before cannot be told apart and are left out.
const CLOSE: f64 = 0.8;

/// An area between the ends of the intervals, which hold from each point to the next.
pub(super) fn area(svg: &mut Svg, frame: &Frame, series: &Series, style: &Style) {
    let place = |point: Point| {
        let (low, high) = point.interval?;
        Some((frame.x.at(point.x)?, frame.y.at(low)?, frame.y.at(high)?))
    };
    let places: Vec<(f64, f64, f64)> = series.points().filter_map(place).collect();
    let (Some(first), Some(last)) = (places.first(), places.last()) else {
        return;
    };
    let mut data = format!("M{} {}", number(first.0), number(first.2));
    for (x, _, high) in &places[1..] {
        data += &format!("H{}V{}", number(*x), number(*high));
    }
    data += &format!("V{}", number(last.1));
    // Back along the lower side: down or up first, since each value holds to the right of its place.
    for pair in places.windows(2).rev() {
        data += &format!("V{}H{}", number(pair[0].1), number(pair[0].0));
    }
    svg.path(&(data + "Z"), &style.fill());
}

/// Boxes with median, whiskers and outliers, side by side with those of other series.
pub(super) fn boxes(svg: &mut Svg, frame: &Frame, all: &[Series], index: usize) {
    let (series, style) = (&all[index], Style::of(index));
    let of_boxes: Vec<usize> = (0..all.len())
        .filter(|&other| all[other].mark == Mark::Boxes)
        .collect();
    let group = group_width(frame, all, Mark::Boxes) * 0.7;
    let slot = group / of_boxes.len().max(1) as f64;
    let width = (slot * 0.85).min(28.0);
    let place = of_boxes.iter().position(|&other| other == index);
    let offset = (place.unwrap_or(0) as f64 + 0.5) * slot - group / 2.0;
    for (point, shape) in series.points().zip(&series.boxes) {
        if let Some(x) = frame.x.at(point.x) {
            one_box(svg, frame, (x + offset, width), point.y, shape, &style);
        }
    }
}

fn one_box(
    svg: &mut Svg,
    frame: &Frame,
    (x, width): (f64, f64),
    median: f64,
    shape: &BoxShape,
    style: &Style,
) {
    let y = |value: f64| frame.y.at(value);
    let (Some(low), Some(high), Some(middle)) =
        (y(shape.quartiles.0), y(shape.quartiles.1), y(median))
    else {
        return;
    };
    let line = format!(
        " stroke=\"{}\" stroke-width=\".8\" fill=\"none\"",
        style.colour
    );
    for (from, to) in [(low, shape.whiskers.0), (high, shape.whiskers.1)] {
        let Some(to) = y(to) else { continue };
        let [left, right, x, from, to] = [x - WHISKER, x + WHISKER, x, from, to].map(number);
        svg.path(&format!("M{x} {from}V{to}M{left} {to}H{right}"), &line);
    }
    svg.rect(
        x - width / 2.0,
        high,
        width,
        (low - high).abs(),
        &style.fill(),
    );
    // The median must be seen on a solid box as well as on a hatched one.
    for (colour, stroke) in [("#fff", "2.4"), (INK, "1.1")] {
        let attributes = format!(" stroke=\"{colour}\" stroke-width=\"{stroke}\" fill=\"none\"");
        svg.line(
            (x - width / 2.0, middle),
            (x + width / 2.0, middle),
            &attributes,
        );
    }
    let mut last = f64::INFINITY;
    let mut dots = String::new();
    for at in shape.outliers().filter_map(y) {
        if (at - last).abs() >= CLOSE {
            last = at;
            let (left, r, d) = (number(x - OUTLIER), number(OUTLIER), number(2.0 * OUTLIER));
            dots += &format!(
                "M{left} {}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0-{d} 0z",
                number(at)
            );
        }
    }
    if !dots.is_empty() {
        let attributes = format!(
            " stroke=\"{}\" stroke-width=\".4\" fill=\"none\"",
            style.colour
        );
        svg.path(&dots, &attributes);
    }
}

/// Horizontal bars.
pub(super) fn spans(svg: &mut Svg, frame: &Frame, series: &Series, style: &Style) {
    for (point, end) in series.points().zip(&series.ends) {
        let (row, half) = (point.y, SPAN / 2.0);
        let corners = frame
            .at(point.x, row + half)
            .zip(frame.at(*end, row - half));
        if let Some(((left, one), (right, other))) = corners {
            let (top, height) = (one.min(other), (one - other).abs());
            svg.rect(left, top, (right - left).max(0.2), height, &style.fill());
        }
    }
}
