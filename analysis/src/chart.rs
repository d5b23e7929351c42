//! Figures for papers, as SVG.
//!
//! A [`Chart`] has two axes and any number of series. Its size is one column of a paper (3.5 inches, 8 point text).
//! Text stays text in a generic font. Colours are those of Okabe and Ito (2008), which people with colour blindness can
//! distinguish; dashes, markers and hatches distinguish the series in grey print too. The legend has its own place
//! above the plot and never covers data. The same chart gives the same bytes on every platform.

mod axis;
mod draw;
mod frame;
mod heat;
mod legend;
mod scale;
mod series;
mod shapes;
mod style;
mod svg;
mod wrap;

pub use axis::Axis;
pub use heat::HeatMap;
pub use series::{Point, Reference, Series};

use axis::Extent;
use draw::{draw_axes, draw_series};
use frame::Frame;
use legend::Legend;
use scale::Ticks;
use style::FONT_SIZE;
use svg::{Anchor, Label, Live, Svg};
use wrap::wrapped;

/// Width of a figure, in points: one column of a two-column paper.
const WIDTH: f64 = 252.0;
/// Height of a figure without title and legend, in points.
const HEIGHT: f64 = 166.0;
/// Space at the outer edge.
const MARGIN: f64 = 4.0;
/// Height of a line of text.
pub(crate) const LINE: f64 = FONT_SIZE * 1.3;
/// Height of a line of the title.
const TITLE_LINE: f64 = LINE * 1.125;
/// Length of a tick with the space to its label.
const TICK: f64 = 5.0;
/// Largest width and height, in points.
const LARGEST: f64 = 14_400.0;
/// Most lines of a text below, and of one beside the plot.
const MOST_LINES: (usize, usize) = (3, 2);

/// A figure with two axes.
///
/// ```
/// use analysis::{Axis, Chart, Interval, Reference, Series};
/// let latency = [100.0, 300.0, 500.0].map(|jobs| (jobs, Interval { mean: jobs / 4.0, half_width: Some(3.0), n: 10 }));
/// let svg = Chart::new(Axis::linear("jobs", ""), Axis::linear("network latency", "ms").from_zero())
///     .series(Series::line("PureFaaS", latency))
///     .series(Series::line("StateLocal", [(100.0, 20.0), (300.0, 50.0), (500.0, 60.0)]))
///     .reference(Reference::horizontal("deadline", 100.0))
///     .to_svg();
/// assert!(svg.starts_with("<svg ") && svg.contains(">network latency (ms)<"));
/// ```
#[derive(Clone, Debug)]
pub struct Chart {
    title: Option<String>,
    x: Axis,
    y: Axis,
    width: f64,
    height: f64,
    series: Vec<Series>,
    references: Vec<Reference>,
}

impl Chart {
    /// A chart without data.
    pub fn new(x: Axis, y: Axis) -> Self {
        Self {
            title: None,
            x,
            y,
            width: WIDTH,
            height: HEIGHT,
            series: Vec::new(),
            references: Vec::new(),
        }
    }

    /// Puts a title above the figure. Papers usually have a caption instead.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the size of the plot with its axes, in points (1/72 inch); title and legend come on top of the height.
    /// The default is 252 by 166, at least 120 by 90, at most 14 400 by 14 400.
    #[must_use]
    pub fn size(mut self, width: f64, height: f64) -> Self {
        self.width = side(width, 120.0);
        self.height = side(height, 90.0);
        self
    }

    /// Adds a series, drawn above those before.
    #[must_use]
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// Adds a reference line, drawn below all series and explained in the legend.
    #[must_use]
    pub fn reference(mut self, reference: Reference) -> Self {
        self.references.push(reference);
        self
    }

    /// Draws the chart as an SVG document.
    ///
    /// Values that are not finite, and those that are not positive on a logarithmic axis, are left out.
    pub fn to_svg(&self) -> String {
        self.draw(false)
    }

    /// Draws the chart with its parts marked, so that the script of a [report](crate::report()) can zoom it and switch
    /// its series.
    pub(crate) fn to_live_svg(&self) -> String {
        self.draw(true)
    }

    fn draw(&self, live: bool) -> String {
        let legend = Legend::new(&self.series, &self.references, self.width - 2.0 * MARGIN);
        let titles = self.title_lines();
        let title_height = match titles.len() {
            0 => 0.0,
            lines => lines as f64 * TITLE_LINE + 0.7,
        };
        let height = self.height + title_height + legend.height();
        let top = MARGIN + title_height + legend.height() + LINE / 2.0;
        let Layout {
            frame,
            x_ticks,
            y_ticks,
            slanted,
            x_title,
            y_title,
        } = self.layout(top, height);

        let mut svg = Svg::new(self.width, height, &self.description());
        if live {
            let of = |axis: &Axis, ticks: &Ticks| {
                format!(
                    "{} {} {} {}",
                    ticks.low,
                    ticks.high,
                    axis.kind(),
                    ticks.exponent
                )
            };
            svg.make_live(Live {
                x: of(&self.x, &x_ticks),
                y: of(&self.y, &y_ticks),
            });
        }
        for (line, title) in titles.iter().enumerate() {
            let y = MARGIN + FONT_SIZE + line as f64 * TITLE_LINE;
            let bold = " font-size=\"9\" font-weight=\"bold\"";
            svg.text((self.width / 2.0, y), Anchor::Middle, title, bold);
        }
        legend.draw(&mut svg, MARGIN, MARGIN + title_height);
        draw_axes(&mut svg, &frame, &x_ticks, &y_ticks, slanted);
        let (x, y) = frame.middle();
        let bottom = height - MARGIN;
        title_below(
            &mut svg,
            &x_title,
            (x, bottom),
            (MARGIN, self.width - MARGIN),
        );
        title_beside(&mut svg, &y_title, (MARGIN, y), (top - LINE / 2.0, bottom));
        draw_series(&mut svg, &frame, &self.series, &self.references);
        svg.finish()
    }

    /// Divides the space below `top` between the plot and what stands beside and below it.
    fn layout(&self, top: f64, height: f64) -> Layout {
        let x_extent = Extent::of_x(&self.series, &self.references);
        let y_extent = Extent::of_y(&self.series, &self.references);

        let longest = self.width * 0.4;
        let y_ticks = self
            .y
            .vertical_ticks(y_extent, self.height - MARGIN - 3.0 * LINE, longest);
        let y_title = self
            .y
            .title(&y_ticks, height - MARGIN - top + LINE / 2.0, MOST_LINES.1);
        let beside = MARGIN + title_height(&y_title) + TICK + y_ticks.widest();
        let x_ticks =
            self.x
                .horizontal_ticks(x_extent, self.width - beside - 2.0 * MARGIN, longest);
        let right = self.width - MARGIN - x_ticks.overhang().max(2.0);
        let slanted = x_ticks.slanted(right - beside);
        // The first slanted label must not reach beyond the edge of the figure.
        let left = if slanted {
            beside.max(MARGIN + x_ticks.underhang(right - beside))
        } else {
            beside
        };
        let x_title = self
            .x
            .title(&x_ticks, self.width - 2.0 * MARGIN, MOST_LINES.0);
        let bottom = height - MARGIN - title_height(&x_title) - TICK - x_ticks.height(slanted);
        let frame = Frame {
            x: self.x.scale(x_ticks.low, x_ticks.high, left, right),
            y: self.y.scale(y_ticks.low, y_ticks.high, bottom, top),
        };
        Layout {
            frame,
            x_ticks,
            y_ticks,
            slanted,
            x_title,
            y_title,
        }
    }

    /// The title in lines; its text is larger and bold.
    fn title_lines(&self) -> Vec<String> {
        let width = (self.width - 2.0 * MARGIN) / 1.25;
        let title = self.title.as_ref();
        title.map_or_else(Vec::new, |title| wrapped(title, width, MOST_LINES.0, 0.0))
    }

    /// What a reader hears who cannot see the figure.
    fn description(&self) -> String {
        self.title
            .clone()
            .unwrap_or_else(|| format!("{} over {}", self.y.name(), self.x.name()))
    }
}

/// A side of a figure, limited to the smallest and largest size; the smallest for NaN.
fn side(length: f64, least: f64) -> f64 {
    match length >= least {
        true => length.min(LARGEST),
        false => least,
    }
}

/// Where everything is.
struct Layout {
    frame: Frame,
    x_ticks: Ticks,
    y_ticks: Ticks,
    /// Whether the labels of the horizontal axis are slanted.
    slanted: bool,
    x_title: Vec<Label>,
    y_title: Vec<Label>,
}

/// Space that the lines beside an axis take, with a gap to the tick labels.
fn title_height(lines: &[Label]) -> f64 {
    match lines.len() {
        0 => 0.0,
        lines => lines as f64 * LINE + 2.0,
    }
}

/// The place next to `middle` around which lines lie between both ends.
fn centre(lines: &[Label], middle: f64, (low, high): (f64, f64)) -> f64 {
    let half = lines.iter().map(Label::width).fold(0.0, f64::max) / 2.0;
    middle.min(high - half).max(low + half)
}

/// Lines whose last stands at the bottom of the figure, between two ends.
fn title_below(svg: &mut Svg, lines: &[Label], (x, bottom): (f64, f64), ends: (f64, f64)) {
    let x = centre(lines, x, ends);
    for (line, label) in lines.iter().enumerate() {
        let y = bottom - 2.0 - (lines.len() - 1 - line) as f64 * LINE;
        svg.label((x, y), Anchor::Middle, label, "");
    }
}

/// Turned lines whose first stands at the left edge, between two ends.
fn title_beside(svg: &mut Svg, lines: &[Label], (left, y): (f64, f64), ends: (f64, f64)) {
    let y = centre(lines, y, ends);
    for (line, label) in lines.iter().enumerate() {
        let x = left + FONT_SIZE + line as f64 * LINE;
        svg.turned_label((x, y), Anchor::Middle, label, -90);
    }
}
