//! Heat maps: a value over two axes.

use super::axis::{Axis, Extent};
use super::style::{INK, text_width};
use super::svg::{Anchor, Label, Svg};
use super::{LINE, MARGIN, MOST_LINES, TICK, WIDTH};
use super::{centre, side, title_below, title_beside, title_height};

/// Colours from low to high: a sample of viridis (Smith and van der Walt, 2015), whose lightness rises evenly, so that
/// people with colour blindness and grey print show the same order.
const COLOURS: [(u8, u8, u8); 10] = [
    (68, 1, 84),
    (72, 40, 120),
    (62, 73, 137),
    (49, 104, 142),
    (38, 130, 142),
    (31, 158, 137),
    (53, 183, 121),
    (110, 206, 88),
    (181, 222, 43),
    (253, 231, 37),
];
/// Width of the scale of colours.
const BAR: f64 = 9.0;
/// Steps of the scale of colours.
const STEPS: usize = 64;
/// Highest map.
const HIGHEST: f64 = 220.0;
/// The default height of a cell.
const CELL: f64 = 22.0;

/// A value over two axes, as colour; small maps also show the number in each cell.
///
/// ```
/// use analysis::HeatMap;
/// let svg = HeatMap::new("rate (1/s)", ["10", "20"], "policy", ["random", "round-robin"], "latency", "ms")
///     .row([Some(10.0), Some(25.0)])
///     .row([Some(8.0), None])
///     .to_svg();
/// assert!(svg.contains(">latency (ms)<") && svg.contains(">n/a<"));
/// ```
#[derive(Clone, Debug)]
pub struct HeatMap {
    x: (String, Vec<String>),
    y: (String, Vec<String>),
    value: Axis,
    rows: Vec<Vec<Option<f64>>>,
    width: f64,
}

impl HeatMap {
    /// A map without values: the label and the names of both axes, and what the colours show with its unit.
    pub fn new<S: Into<String>, T: Into<String>>(
        x_label: &str,
        x_names: impl IntoIterator<Item = S>,
        y_label: &str,
        y_names: impl IntoIterator<Item = T>,
        label: &str,
        unit: &str,
    ) -> Self {
        Self {
            x: (
                x_label.to_owned(),
                x_names.into_iter().map(Into::into).collect(),
            ),
            y: (
                y_label.to_owned(),
                y_names.into_iter().map(Into::into).collect(),
            ),
            value: Axis::linear(label, unit),
            rows: Vec::new(),
            width: WIDTH,
        }
    }

    /// Adds the values of the next name of the vertical axis, from the bottom up; one per name of the horizontal axis.
    #[must_use]
    pub fn row(mut self, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        self.rows.push(values.into_iter().collect());
        self
    }

    /// Sets the width, in points; the default is 252, at least 160, at most 14 400.
    #[must_use]
    pub fn width(mut self, width: f64) -> Self {
        self.width = side(width, 160.0);
        self
    }

    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let cells = self.rows.iter().flatten().flatten().copied();
        cells.filter(|value| value.is_finite())
    }

    /// Draws the map as an SVG document.
    pub fn to_svg(&self) -> String {
        let (low, high) = self
            .values()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |range, it| {
                (range.0.min(it), range.1.max(it))
            });
        let (columns, rows) = (self.x.1.len().max(1), self.y.1.len().max(1));
        let x_axis = Axis::names(&self.x.0, self.x.1.iter().cloned());
        let y_axis = Axis::names(&self.y.0, self.y.1.iter().cloned());
        let none = Extent::of_y(&[], &[]);
        // The scale of colours should be as high as its label is long.
        let label = text_width(self.value.name()) + text_width(" (000)");
        let plot_height = (rows as f64 * CELL)
            .clamp(70.0, HIGHEST)
            .max(label.min(HIGHEST));
        let longest = self.width * 0.3;
        let y_ticks = y_axis.vertical_ticks(none, plot_height, longest);
        let scale_axis = self.value.clone().range(low, high);
        let scale_ticks = scale_axis.vertical_ticks(none, plot_height, longest);

        let along = plot_height + LINE / 2.0 + TICK + LINE;
        let y_title = y_axis.title(&y_ticks, along, MOST_LINES.1);
        let value_title = self.value.title(&scale_ticks, along, MOST_LINES.1);
        let left = MARGIN + title_height(&y_title) + TICK + y_ticks.widest();
        let beside = 6.0 + BAR + TICK + scale_ticks.widest() + title_height(&value_title) + MARGIN;
        let right = (self.width - beside).max(left + 20.0);
        let x_ticks = x_axis.horizontal_ticks(none, right - left, longest);
        let slanted = x_ticks.slanted(right - left);
        let left = match slanted {
            true => left.max(MARGIN + x_ticks.underhang(right - left)),
            false => left,
        };
        let top = MARGIN + LINE / 2.0;
        let bottom = top + plot_height;
        let x_title = x_axis.title(&x_ticks, self.width - 2.0 * MARGIN, MOST_LINES.0);
        let height = bottom + TICK + x_ticks.height(slanted) + title_height(&x_title) + MARGIN;

        let name = self.value.name();
        let description = format!("{name} over {} and {}", self.x.0, self.y.0);
        let mut svg = Svg::new(self.width, height, &description);
        let (cell_width, cell_height) = (
            (right - left) / columns as f64,
            (bottom - top) / rows as f64,
        );
        let share = |value: f64| match high > low {
            true => (value - low) / (high - low),
            false => 0.5,
        };
        let numbers = self.numbers(cell_width, cell_height);
        for (row, values) in self.rows.iter().take(rows).enumerate() {
            for (column, value) in values.iter().take(columns).enumerate() {
                let x = left + column as f64 * cell_width;
                let y = bottom - (row + 1) as f64 * cell_height;
                let value = value.filter(|value| value.is_finite());
                let shade = value.map(|value| colour(share(value)));
                let fill = shade.map_or("none".to_owned(), hexadecimal);
                // Cells overlap a little, or viewers show seams between them.
                let attributes = format!(" fill=\"{fill}\"");
                svg.rect(x, y, cell_width + 0.2, cell_height + 0.2, &attributes);
                let middle = (x + cell_width / 2.0, y + cell_height / 2.0 + 2.8);
                match (value, shade) {
                    (Some(value), Some(shade)) => {
                        if let Some(decimals) = numbers {
                            let text = crate::unit::fixed(value, decimals).replace('-', "\u{2212}");
                            let ink = if is_dark(shade) { "#fff" } else { INK };
                            let attributes = format!(" style=\"fill:{ink}\"");
                            svg.text(middle, Anchor::Middle, &text, &attributes);
                        }
                    }
                    _ if text_width("n/a") < cell_width => {
                        svg.text(middle, Anchor::Middle, "n/a", "");
                    }
                    _ => {}
                }
            }
        }
        let ink = format!(" stroke=\"{INK}\" stroke-width=\".6\" fill=\"none\"");
        svg.rect(left, top, right - left, bottom - top, &ink);
        let x_scale = x_axis.scale(x_ticks.low, x_ticks.high, left, right);
        for (value, label) in &x_ticks.marks {
            let Some(at) = x_scale.at(*value) else {
                continue;
            };
            if slanted {
                svg.turned_label((at + 2.0, bottom + 9.0), Anchor::End, label, -30);
            } else {
                svg.label((at, bottom + 11.0), Anchor::Middle, label, "");
            }
        }
        let y_scale = y_axis.scale(y_ticks.low, y_ticks.high, bottom, top);
        for (value, label) in &y_ticks.marks {
            if let Some(at) = y_scale.at(*value) {
                svg.label((left - 4.5, at + 2.8), Anchor::End, label, "");
            }
        }
        let middle = ((left + right) / 2.0, (top + bottom) / 2.0);
        let ends = (MARGIN, self.width - MARGIN);
        title_below(&mut svg, &x_title, (middle.0, height - MARGIN), ends);
        let ends = (top - LINE / 2.0, top - LINE / 2.0 + along);
        title_beside(&mut svg, &y_title, (MARGIN, middle.1), ends);

        if low <= high {
            let bar = right + 6.0;
            let step = (bottom - top) / STEPS as f64;
            for place in 0..STEPS {
                let shade = colour((place as f64 + 0.5) / STEPS as f64);
                let y = bottom - (place + 1) as f64 * step;
                let attributes = format!(" fill=\"{}\"", hexadecimal(shade));
                svg.rect(bar, y, BAR, step + 0.2, &attributes);
            }
            svg.rect(bar, top, BAR, bottom - top, &ink);
            let scale = scale_axis.scale(low, high, bottom, top);
            for (value, label) in &scale_ticks.marks {
                let at = scale.at(*value).filter(|at| high > low && *at >= top - 0.5);
                if let Some(at) = at.filter(|at| *at <= bottom + 0.5) {
                    svg.line((bar + BAR, at), (bar + BAR + 2.5, at), &ink);
                    svg.label((bar + BAR + 4.0, at + 2.8), Anchor::Start, label, "");
                }
            }
            if high <= low {
                let label = Label::plain(&crate::unit::fixed(low, 2));
                let place = (bar + BAR + 4.0, middle.1 + 2.8);
                svg.label(place, Anchor::Start, &label, "");
            }
            let y = centre(&value_title, middle.1, ends);
            for (line, label) in value_title.iter().enumerate() {
                let after = (value_title.len() - 1 - line) as f64 * LINE;
                let x = self.width - MARGIN - 2.0 - after;
                svg.turned_label((x, y), Anchor::Middle, label, -90);
            }
        }
        svg.finish()
    }

    /// Decimals of the numbers in the cells; `None` where they do not fit.
    fn numbers(&self, width: f64, height: f64) -> Option<usize> {
        let largest = self.values().map(f64::abs).fold(0.0, f64::max);
        let decimals = match largest {
            it if it >= 100.0 => 0,
            it if it >= 10.0 => 1,
            _ => 2,
        };
        let texts = self.values().map(|it| crate::unit::fixed(it, decimals));
        let widest = texts.map(|text| text_width(&text)).fold(0.0, f64::max);
        (widest + 3.0 < width && height >= LINE && largest < 1e6).then_some(decimals)
    }
}

/// The colour at a share of the scale.
fn colour(share: f64) -> (u8, u8, u8) {
    let place = share.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f64;
    let below = (place as usize).min(COLOURS.len() - 2);
    let weight = place - below as f64;
    let mix = |a: u8, b: u8| (f64::from(a) + weight * (f64::from(b) - f64::from(a))).round() as u8;
    let (a, b) = (COLOURS[below], COLOURS[below + 1]);
    (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// Whether white text reads better on a colour than black.
fn is_dark((red, green, blue): (u8, u8, u8)) -> bool {
    luminance((red, green, blue)) < 128.0
}

/// Perceived brightness, 0 to 255 (ITU-R BT.601).
fn luminance((red, green, blue): (u8, u8, u8)) -> f64 {
    0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue)
}

fn hexadecimal((red, green, blue): (u8, u8, u8)) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_grey_a_higher_value_is_always_lighter() {
        let shades: Vec<f64> = (0..=200)
            .map(|i| luminance(colour(f64::from(i) / 200.0)))
            .collect();
        assert!(
            shades.windows(2).all(|pair| pair[0] <= pair[1]),
            "{shades:?}"
        );
        assert!(shades[200] - shades[0] > 180.0);
    }
}
