//! Drawing of axes and series into the plot.

use super::frame::{Frame, INVISIBLE, WHISKER, group_width};
use super::legend::{marker, reference_stroke};
use super::scale::Ticks;
use super::series::{Mark, Point, Reference, Series};
use super::shapes;
use super::style::{INK, Style};
use super::svg::{Anchor, Svg, number};

/// Steps lower or shorter than this many points are drawn as a slanted line.
const SMALL_STEP: f64 = 0.5;
/// Most points of a line that each have a marker.
const MOST_MARKERS: usize = 25;
/// Number of markers along a line with more points.
const SPARSE_MARKERS: usize = 6;

/// Draws grid, axes, ticks and their labels.
pub(super) fn draw_axes(
    svg: &mut Svg,
    frame: &Frame,
    x_ticks: &Ticks,
    y_ticks: &Ticks,
    slanted: bool,
) {
    let Frame { x, y } = frame;
    let (left, right, top, bottom) = (x.start, x.end, y.end, y.start);
    let thin = " stroke=\"#ddd\" stroke-width=\".5\"";
    let ink = format!(" stroke=\"{INK}\" stroke-width=\".6\" fill=\"none\"");
    svg.begin_axis('y');
    for (value, label) in &y_ticks.marks {
        let Some(at) = y.at(*value) else { continue };
        svg.line((left, at), (right, at), thin);
        svg.line((left - 3.0, at), (left, at), &ink);
        svg.label((left - 4.5, at + 2.8), Anchor::End, label, "");
    }
    for at in y_ticks.minor.iter().filter_map(|value| y.at(*value)) {
        svg.line((left - 1.6, at), (left, at), &ink);
    }
    svg.end();
    svg.begin_axis('x');
    for (value, label) in &x_ticks.marks {
        let Some(at) = x.at(*value) else { continue };
        svg.line((at, bottom), (at, bottom + 3.0), &ink);
        if slanted {
            svg.turned_label((at + 2.0, bottom + 9.0), Anchor::End, label, -30);
        } else {
            svg.label((at, bottom + 11.0), Anchor::Middle, label, "");
        }
    }
    for at in x_ticks.minor.iter().filter_map(|value| x.at(*value)) {
        svg.line((at, bottom), (at, bottom + 1.6), &ink);
    }
    svg.end();
    let corner = format!(
        "M{} {}V{}H{}",
        number(left),
        number(top),
        number(bottom),
        number(right)
    );
    svg.path(&corner, &ink);
}

/// Draws reference lines, bands and series, clipped to the plot, and markers on top.
pub(super) fn draw_series(svg: &mut Svg, frame: &Frame, all: &[Series], references: &[Reference]) {
    let (left, right, top, bottom) = (frame.x.start, frame.x.end, frame.y.end, frame.y.start);
    let styled = || {
        all.iter()
            .enumerate()
            .map(|(index, series)| (series, Style::of(index)))
    };
    styled()
        .filter(|(series, _)| series.mark.is_filled())
        .filter_map(|(_, style)| style.pattern())
        .for_each(|pattern| svg.raw(&pattern));

    // An inner document clips without a name that could collide with that of another figure on the same page.
    let [x, y, width, height] = [
        left - 0.6,
        top - 0.6,
        right - left + 1.2,
        bottom - top + 1.2,
    ]
    .map(number);
    let live = svg.plot_attributes(&format!(
        "{} {} {} {}",
        number(left),
        number(right),
        number(top),
        number(bottom)
    ));
    svg.raw(&format!(
        "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\"{live}>\n"
    ));
    for (index, line) in references.iter().enumerate().rev() {
        match line.vertical {
            true => frame.x.at(line.value).map(|x| ((x, top), (x, bottom))),
            false => frame.y.at(line.value).map(|y| ((left, y), (right, y))),
        }
        .into_iter()
        .for_each(|(from, to)| svg.line(from, to, reference_stroke(index)));
    }
    for (index, (series, style)) in styled().enumerate() {
        svg.begin_series(index);
        match series.mark {
            Mark::Line => band(svg, frame, series, &style),
            Mark::Areas => shapes::area(svg, frame, series, &style),
            Mark::Spans => shapes::spans(svg, frame, series, &style),
            Mark::Boxes
            | Mark::Bars
            | Mark::Piles
            | Mark::Histogram
            | Mark::Steps
            | Mark::Distribution => {}
        }
        svg.end();
    }
    draw_bars(svg, frame, all);
    for (index, (series, style)) in styled().enumerate() {
        svg.begin_series(index);
        match series.mark {
            Mark::Line => line(svg, frame, series, &style),
            Mark::Steps | Mark::Distribution => steps(svg, frame, series, &style),
            Mark::Boxes => shapes::boxes(svg, frame, all, index),
            Mark::Bars | Mark::Piles | Mark::Histogram | Mark::Areas | Mark::Spans => {}
        }
        svg.end();
    }
    svg.raw("</svg>\n");
    note_absence(svg, frame, all);
    for (index, (series, style)) in styled().enumerate() {
        if series.mark.has_markers() {
            svg.begin_series(index);
            markers(svg, frame, series, &style, index);
            svg.end();
        }
    }
}

/// Writes a note in the middle of a plot without data.
fn note_absence(svg: &mut Svg, frame: &Frame, series: &[Series]) {
    let mut points = series.iter().flat_map(Series::points);
    if !points.any(|point| frame.at(point.x, point.y).is_some()) {
        svg.text(frame.middle(), Anchor::Middle, "no data", "");
    }
}

/// Hands the places of a series to `draw`, part by part: it is parted by points that cannot be drawn. A distribution
/// has as many points as there were calls, so they are not gathered.
fn parts(
    frame: &Frame,
    series: &Series,
    mut draw: impl FnMut(&mut dyn Iterator<Item = (f64, f64)>),
) {
    let mut places = series
        .points()
        .map(|point| frame.at(point.x, point.y))
        .peekable();
    while places.peek().is_some() {
        draw(&mut places.by_ref().map_while(|place| place).fuse());
    }
}

/// Leaves out places that cannot be told from the one before; the last is always kept.
fn visible(places: impl Iterator<Item = (f64, f64)>) -> impl Iterator<Item = (f64, f64)> {
    let mut places = places.peekable();
    let mut last: Option<(f64, f64)> = None;
    std::iter::from_fn(move || {
        loop {
            let place = places.next()?;
            let moved = last.is_none_or(|(x, y)| {
                (place.0 - x).abs() >= INVISIBLE || (place.1 - y).abs() >= INVISIBLE
            });
            if moved || places.peek().is_none() {
                last = Some(place);
                return last;
            }
        }
    })
}

fn line(svg: &mut Svg, frame: &Frame, series: &Series, style: &Style) {
    parts(frame, series, |places| {
        let data = polyline(visible(places));
        if !data.is_empty() {
            svg.path(&data, &style.stroke());
        }
    });
}

fn polyline(places: impl Iterator<Item = (f64, f64)>) -> String {
    let mut data = String::new();
    for (x, y) in places {
        data += if data.is_empty() { "M" } else { "L" };
        data += &format!("{} {}", number(x), number(y));
    }
    data
}

/// Steps, except where they are too small to be seen: a slanted line then, whose dashes stay regular.
fn steps(svg: &mut Svg, frame: &Frame, series: &Series, style: &Style) {
    parts(frame, series, |places| {
        let mut data = String::new();
        let mut last: Option<(f64, f64)> = None;
        for (x, y) in visible(places) {
            data += &match last {
                None => format!("M{} {}", number(x), number(y)),
                Some(from) if (x - from.0).abs().min((y - from.1).abs()) < SMALL_STEP => {
                    format!("L{} {}", number(x), number(y))
                }
                Some(_) => format!("H{}V{}", number(x), number(y)),
            };
            last = Some((x, y));
        }
        if !data.is_empty() {
            svg.path(&data, &style.stroke());
        }
    });
}

/// The band of the intervals of a line; a point whose neighbours have none gets a whisker.
fn band(svg: &mut Svg, frame: &Frame, series: &Series, style: &Style) {
    let places = |point: Point| {
        let (low, high) = point.interval?;
        let x = frame.x.at(point.x)?;
        // The lower end of an interval may not exist on a logarithmic axis; the band then reaches the edge.
        Some((
            x,
            frame.y.at(low).unwrap_or(frame.y.start),
            frame.y.at(high)?,
        ))
    };
    let mapped: Vec<Option<(f64, f64, f64)>> = series.points().map(places).collect();
    for run in mapped.split(Option::is_none).filter(|run| !run.is_empty()) {
        let run = || run.iter().flatten().copied();
        if run().count() == 1 {
            let colour = format!(
                " stroke=\"{}\" stroke-width=\".8\" fill=\"none\"",
                style.colour
            );
            run().for_each(|(x, low, high)| whisker(svg, x, low, high, &colour));
            continue;
        }
        let upper = polyline(visible(run().map(|(x, _, high)| (x, high))));
        let back: Vec<_> = run().map(|(x, low, _)| (x, low)).collect();
        let lower = polyline(visible(back.into_iter().rev())).replacen('M', "L", 1);
        svg.path(
            &format!("{upper}{lower}Z"),
            &format!(" fill=\"{}\" fill-opacity=\".2\"", style.colour),
        );
    }
}

fn whisker(svg: &mut Svg, x: f64, low: f64, high: f64, attributes: &str) {
    let [left, right, x, low, high] = [x - WHISKER, x + WHISKER, x, low, high].map(number);
    svg.path(
        &format!("M{x} {low}V{high}M{left} {low}H{right}M{left} {high}H{right}"),
        attributes,
    );
}

/// Bars, those of several series side by side or on top of each other, and their whiskers.
fn draw_bars(svg: &mut Svg, frame: &Frame, all: &[Series]) {
    let base = frame.y.base();
    let bars: Vec<usize> = (0..all.len())
        .filter(|&index| all[index].mark == Mark::Bars)
        .collect();
    let group = group_width(frame, all, Mark::Bars) * 0.8;
    let width = group / bars.len().max(1) as f64;
    let ink = format!(" stroke=\"{INK}\" stroke-width=\".7\" fill=\"none\"");
    for (index, series) in all.iter().enumerate() {
        let style = Style::of(index);
        svg.begin_series(index);
        match series.mark {
            Mark::Histogram => {
                let points: Vec<Point> = series.points().collect();
                for pair in points.windows(2) {
                    let place = frame.at(pair[0].x, pair[0].y).zip(frame.x.at(pair[1].x));
                    if let Some(((left, top), right)) = place {
                        bar(svg, left, right, top, base, &style);
                    }
                }
            }
            Mark::Piles => {
                let half = group_width(frame, all, Mark::Piles) * 0.35;
                for point in series.points() {
                    let ends = point.interval.unwrap_or((0.0, point.y));
                    let ends = frame.y.at(ends.0).zip(frame.y.at(ends.1));
                    if let Some((x, (low, high))) = frame.x.at(point.x).zip(ends) {
                        bar(svg, x - half, x + half, high, low, &style);
                    }
                }
            }
            Mark::Bars => {
                let place = bars.iter().position(|&other| other == index).unwrap_or(0);
                let offset = place as f64 * width - group / 2.0;
                for point in series.points() {
                    let Some((x, top)) = frame.at(point.x, point.y) else {
                        continue;
                    };
                    bar(svg, x + offset, x + offset + width, top, base, &style);
                    let interval = point
                        .interval
                        .and_then(|(low, high)| frame.y.at(low).zip(frame.y.at(high)));
                    if let Some((low, high)) = interval {
                        whisker(svg, x + offset + width / 2.0, low, high, &ink);
                    }
                }
            }
            _ => {}
        }
        svg.end();
    }
    if !bars.is_empty() {
        svg.line((frame.x.start, base), (frame.x.end, base), &ink);
    }
}

fn bar(svg: &mut Svg, left: f64, right: f64, top: f64, base: f64, style: &Style) {
    svg.rect(
        left,
        top.min(base),
        (right - left).max(0.0),
        (base - top).abs(),
        &style.fill(),
    );
}

/// Markers at all points of a short line, at a few of a long one (at other places for each series).
fn markers(svg: &mut Svg, frame: &Frame, series: &Series, style: &Style, index: usize) {
    let places = || {
        let places = series.points().enumerate().filter_map(|(position, point)| {
            let (x, y) = frame.at(point.x, point.y)?;
            Some((x, y, series.is_hollow(position)))
        });
        places.filter(|(x, y, _)| frame.holds((*x, *y)))
    };
    let is_line = series.mark == Mark::Line;
    if is_line && places().nth(MOST_MARKERS).is_none() {
        places().for_each(|(x, y, hollow)| marker(svg, (x, y), style, hollow));
        return;
    }
    let (Some(first), Some(last)) = (places().next(), places().last()) else {
        return;
    };
    let spacing = (last.0 - first.0) / SPARSE_MARKERS as f64;
    let start = first.0 + spacing * (0.3 + 0.4 * (index % 3) as f64 / 2.0);
    let mut targets = (0..SPARSE_MARKERS)
        .map(|i| start + spacing * i as f64)
        .peekable();
    // The last point that is not right of the target: a step holds its value until the next.
    let mut before = None;
    let end = [(f64::INFINITY, f64::NAN, false)];
    for place in places().chain(end) {
        while let Some(target) = targets.next_if(|target| place.0 > *target) {
            if let Some((x, y, hollow)) = before {
                marker(svg, (if is_line { x } else { target }, y), style, hollow);
            }
        }
        before = Some(place);
    }
}
