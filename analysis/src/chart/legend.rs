//! The legend: keys and labels in rows above the plot.

use super::LINE;
use super::series::{Mark, Reference, Series};
use super::style::{Style, text_width};
use super::svg::{Anchor, Svg, number};
use super::wrap::fitted;

/// Length of a key.
const KEY: f64 = 20.0;
/// Space between a key and its label.
const KEY_GAP: f64 = 3.0;
/// Space between entries.
const GAP: f64 = 9.0;
/// Space between the legend and the plot.
const BELOW: f64 = 2.0;

/// Attributes of the first reference line, the second and so on, here and in the plot. The first are drawn on top, so that
/// those at the same place can be told apart: dashes over a wide pale line.
const REFERENCES: [&str; 4] = [
    " stroke=\"#555\" stroke-width=\".8\" stroke-dasharray=\"2.4 1.8\" fill=\"none\"",
    " stroke=\"#bbb\" stroke-width=\"2.4\" fill=\"none\"",
    " stroke=\"#555\" stroke-width=\".8\" stroke-dasharray=\"5 1.2 1 1.2\" fill=\"none\"",
    " stroke=\"#bbb\" stroke-width=\"2.4\" stroke-dasharray=\"1.2 1.2\" fill=\"none\"",
];

/// Attributes of the reference line at this place in the chart.
pub(super) fn reference_stroke(index: usize) -> &'static str {
    REFERENCES[index % REFERENCES.len()]
}

/// The entries of a legend and their arrangement in columns.
pub(super) struct Legend {
    entries: Vec<(Key, String)>,
    /// Left edge of each column.
    columns: Vec<f64>,
}

enum Key {
    Series(Mark, Style, usize),
    Reference {
        vertical: bool,
        stroke: &'static str,
    },
}

impl Legend {
    /// Arranges the labelled series and reference lines within a width.
    pub(super) fn new(series: &[Series], references: &[Reference], width: f64) -> Self {
        let series = series.iter().enumerate();
        let of_series = series.map(|(index, series)| {
            (
                Key::Series(series.mark, Style::of(index), index),
                &series.label,
            )
        });
        let of_references = references.iter().enumerate().map(|(index, line)| {
            let key = Key::Reference {
                vertical: line.vertical,
                stroke: reference_stroke(index),
            };
            (key, &line.label)
        });
        let entries: Vec<(Key, String)> = of_series
            .chain(of_references)
            .filter(|(_, label)| !label.is_empty())
            .map(|(key, label)| (key, fitted(label, width - KEY - KEY_GAP)))
            .collect();
        let most = (1..=entries.len())
            .rev()
            .find(|&count| total(&column_widths(&entries, count)) <= width);
        // As few columns as the number of rows needs: four entries in rows of two, not three and one.
        let rows = entries.len().div_ceil(most.unwrap_or(1));
        let widths = column_widths(&entries, entries.len().div_ceil(rows.max(1)));
        let left = (width - total(&widths)).max(0.0) / 2.0;
        let columns = widths.iter().scan(left, |edge, width| {
            Some(std::mem::replace(edge, *edge + width + GAP))
        });
        Self {
            columns: columns.collect(),
            entries,
        }
    }

    pub(super) fn height(&self) -> f64 {
        match self.entries.len().div_ceil(self.columns.len().max(1)) {
            0 => 0.0,
            rows => rows as f64 * LINE + BELOW,
        }
    }

    /// Draws the entries in the middle of the width that starts at `x`.
    pub(super) fn draw(&self, svg: &mut Svg, x: f64, y: f64) {
        for (row, entries) in self.entries.chunks(self.columns.len().max(1)).enumerate() {
            let y = y + (row as f64 + 0.5) * LINE;
            for ((key, label), column) in entries.iter().zip(&self.columns) {
                if let Key::Series(_, _, index) = key {
                    svg.begin_legend(*index);
                }
                key.draw(svg, x + column, y);
                svg.text(
                    (x + column + KEY + KEY_GAP, y + 2.8),
                    Anchor::Start,
                    label,
                    "",
                );
                if matches!(key, Key::Series(..)) {
                    svg.end();
                }
            }
        }
    }
}

/// The width of each column if entries are set in rows of `count`.
fn column_widths(entries: &[(Key, String)], count: usize) -> Vec<f64> {
    let mut widths = vec![0.0; count];
    for (index, (_, label)) in entries.iter().enumerate() {
        widths[index % count] = f64::max(widths[index % count], KEY + KEY_GAP + text_width(label));
    }
    widths
}

fn total(widths: &[f64]) -> f64 {
    widths.iter().sum::<f64>() + GAP * widths.len().saturating_sub(1) as f64
}

impl Key {
    fn draw(&self, svg: &mut Svg, x: f64, y: f64) {
        let middle = x + KEY / 2.0;
        match self {
            Key::Reference { vertical, stroke } => match vertical {
                false => svg.line((x, y), (x + KEY, y), stroke),
                true => svg.line((middle, y - 4.0), (middle, y + 4.0), stroke),
            },
            Key::Series(mark, style, _) if mark.is_filled() => {
                svg.rect(x + 4.0, y - 3.5, KEY - 8.0, 7.0, &style.fill());
            }
            Key::Series(mark, style, _) => {
                svg.line((x, y), (x + KEY, y), &style.stroke());
                if mark.has_markers() {
                    marker(svg, (middle, y), style, false);
                }
            }
        }
    }
}

/// Draws the marker of a series, filled or hollow.
pub(super) fn marker(svg: &mut Svg, (x, y): (f64, f64), style: &Style, hollow: bool) {
    let attributes = match hollow {
        false => format!(
            " fill=\"{}\" stroke=\"#fff\" stroke-width=\".4\"",
            style.colour
        ),
        true => format!(
            " fill=\"#fff\" stroke=\"{}\" stroke-width=\"1.2\"",
            style.colour
        ),
    };
    svg.path(
        &format!("M{} {}{}", number(x), number(y), style.marker),
        &attributes,
    );
}
