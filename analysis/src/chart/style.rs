//! The style of series: colours, dashes, markers, hatches; and the width of text.

/// Size of all text, in points.
pub(super) const FONT_SIZE: f64 = 8.0;
/// Fonts, ending in a generic family that every viewer has.
pub(super) const FONT_FAMILY: &str = "Helvetica, Arial, sans-serif";
/// Colour of axes and text.
pub(super) const INK: &str = "#222";

/// Okabe and Ito's palette without yellow (too pale on white), darker colours first.
const COLOURS: [&str; 7] = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
];
const DASHES: [&str; 6] = [
    "",
    "5 1.6",
    "1.3 1.3",
    "6 1.5 1.3 1.5",
    "9 2",
    "3 1.2 1.3 1.2 1.3 1.2",
];
/// Outlines of markers around the origin, filled.
const MARKERS: [&str; 6] = [
    "m-2.1 0a2.1 2.1 0 1 0 4.2 0a2.1 2.1 0 1 0-4.2 0z",
    "m-1.9-1.9h3.8v3.8h-3.8z",
    "m0-2.5l2.4 4.2h-4.8z",
    "m0-2.7l2.3 2.7l-2.3 2.7l-2.3-2.7z",
    "m0 2.5l2.4-4.2h-4.8z",
    "m-.7-2.3h1.4v1.6h1.6v1.4h-1.6v1.6h-1.4v-1.6h-1.6v-1.4h1.6z",
];
/// Turn of the hatch lines, degrees; the first bars are solid.
const HATCHES: [Option<u32>; 5] = [None, Some(45), Some(135), Some(0), Some(90)];

/// The look of the series at this place in the chart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) colour: &'static str,
    pub(super) dash: &'static str,
    pub(super) marker: &'static str,
    hatch: Option<u32>,
    index: usize,
}

impl Style {
    pub(super) fn of(index: usize) -> Self {
        Self {
            colour: COLOURS[index % COLOURS.len()],
            dash: DASHES[index % DASHES.len()],
            marker: MARKERS[index % MARKERS.len()],
            hatch: HATCHES[index % HATCHES.len()],
            index,
        }
    }

    /// Attributes of its line.
    pub(super) fn stroke(&self) -> String {
        let dash = if self.dash.is_empty() {
            String::new()
        } else {
            format!(" stroke-dasharray=\"{}\"", self.dash)
        };
        format!(
            " fill=\"none\" stroke=\"{}\" stroke-width=\"1.2\" stroke-linejoin=\"round\"{dash}",
            self.colour
        )
    }

    /// Attributes of its bars.
    pub(super) fn fill(&self) -> String {
        let paint = match self.hatch {
            None => self.colour.to_owned(),
            Some(_) => format!("url(#{})", self.pattern_id()),
        };
        format!(
            " fill=\"{paint}\" stroke=\"{}\" stroke-width=\".6\"",
            self.colour
        )
    }

    /// The definition that [`fill`](Self::fill) refers to. Equal in every chart, so that several may share a page.
    pub(super) fn pattern(&self) -> Option<String> {
        let turn = self.hatch?;
        let (id, colour) = (self.pattern_id(), self.colour);
        Some(format!(
            "<pattern id=\"{id}\" width=\"3\" height=\"3\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate({turn})\"><rect width=\"3\" height=\"3\" fill=\"{colour}\" fill-opacity=\".2\"/>\
             <path d=\"M1 0V3\" stroke=\"{colour}\" stroke-width=\"1.1\"/></pattern>\n"
        ))
    }

    fn pattern_id(&self) -> String {
        format!("hatch{}", self.index)
    }
}

/// Estimated width of a text, in points, a little on the wide side since the viewer chooses the font.
pub(super) fn text_width(text: &str) -> f64 {
    let width = |character: char| match character {
        'i' | 'j' | 'l' | '\'' | '|' => 240.0,
        ' ' | '.' | ',' | ':' | ';' | '!' | '/' | '\\' | 'f' | 't' | 'I' | '[' | ']' => 290.0,
        '(' | ')' | '-' | 'r' | '`' | '{' | '}' | '"' | '*' | '°' => 360.0,
        'm' | 'M' | '%' | 'W' | '@' => 900.0,
        'w' | 'C' | 'D' | 'G' | 'H' | 'N' | 'O' | 'Q' | 'R' | 'U' => 750.0,
        'A' | 'B' | 'E' | 'K' | 'P' | 'S' | 'V' | 'X' | 'Y' | '&' => 670.0,
        _ => 560.0 * unicode_width::UnicodeWidthChar::width(character).unwrap_or(0) as f64,
    };
    text.chars().map(width).sum::<f64>() * 1.14 * FONT_SIZE / 1000.0
}
