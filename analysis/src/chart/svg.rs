//! A small writer of SVG: each element one line, coordinates with at most two decimals.

use super::style::{FONT_FAMILY, FONT_SIZE, INK};
use std::fmt::{self, Write};

/// An SVG document under construction.
pub(super) struct Svg {
    text: String,
    live: Option<Live>,
}

/// What a page needs to know of a chart in order to zoom it: both axes as `low high kind exponent`.
pub(super) struct Live {
    pub(super) x: String,
    pub(super) y: String,
}

/// Which end of a text is at its place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A text that may contain a power: `text`, `exponent` raised, `tail`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    pub(super) text: String,
    pub(super) exponent: Option<i32>,
    pub(super) tail: String,
}

impl Label {
    pub(super) fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            exponent: None,
            tail: String::new(),
        }
    }

    pub(super) fn power(text: String, exponent: i32, tail: String) -> Self {
        Self {
            text,
            exponent: Some(exponent),
            tail,
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.exponent {
            None => formatter.write_str(&self.text),
            Some(exponent) => write!(formatter, "{}^{exponent}{}", self.text, self.tail),
        }
    }
}

impl Svg {
    /// A document of this size in points, with a description for those who cannot see it.
    pub(super) fn new(width: f64, height: f64, description: &str) -> Self {
        let (width, height) = (number(width), number(height));
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}pt\" height=\"{height}pt\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FONT_FAMILY}\" font-size=\"{}\" \
             fill=\"{INK}\">\n<title>{}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n",
            number(FONT_SIZE),
            escaped(description),
        );
        Self { text, live: None }
    }

    /// Marks the parts of the chart from now on, for a page that zooms it and switches its series.
    pub(super) fn make_live(&mut self, live: Live) {
        self.live = Some(live);
    }

    /// Attributes of the plot in a live chart: its frame and axes.
    pub(super) fn plot_attributes(&self, frame: &str) -> String {
        self.live.as_ref().map_or_else(String::new, |live| {
            format!(
                " class=\"plot\" preserveAspectRatio=\"none\" data-frame=\"{frame}\" data-x=\"{}\" data-y=\"{}\"",
                live.x, live.y
            )
        })
    }

    /// Begins what belongs to a series; nothing unless the chart is live, as all of these.
    pub(super) fn begin_series(&mut self, index: usize) {
        self.begin(&format!("data-series=\"{index}\""));
    }

    /// Begins the entry of a series in the legend.
    pub(super) fn begin_legend(&mut self, index: usize) {
        self.begin(&format!("data-legend=\"{index}\""));
    }

    /// Begins the ticks of an axis.
    pub(super) fn begin_axis(&mut self, axis: char) {
        self.begin(&format!("data-axis=\"{axis}\""));
    }

    fn begin(&mut self, attribute: &str) {
        if self.live.is_some() {
            self.raw(&format!("<g {attribute}>\n"));
        }
    }

    /// Ends what was begun.
    pub(super) fn end(&mut self) {
        if self.live.is_some() {
            self.raw("</g>\n");
        }
    }

    pub(super) fn raw(&mut self, element: &str) {
        self.text.push_str(element);
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), attributes: &str) {
        self.path(
            &format!(
                "M{} {}L{} {}",
                number(x1),
                number(y1),
                number(x2),
                number(y2)
            ),
            attributes,
        );
    }

    pub(super) fn path(&mut self, data: &str, attributes: &str) {
        self.raw(&format!("<path d=\"{data}\"{attributes}/>\n"));
    }

    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, attributes: &str) {
        let [x, y, width, height] = [x, y, width, height].map(number);
        self.raw(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{attributes}/>\n"
        ));
    }

    pub(super) fn text(&mut self, place: (f64, f64), anchor: Anchor, text: &str, attributes: &str) {
        self.label(place, anchor, &Label::plain(text), attributes);
    }

    /// A text turned by some degrees (clockwise) around its place.
    pub(super) fn turned_label(
        &mut self,
        place: (f64, f64),
        anchor: Anchor,
        label: &Label,
        degrees: i32,
    ) {
        let (x, y) = (number(place.0), number(place.1));
        self.label(
            place,
            anchor,
            label,
            &format!(" transform=\"rotate({degrees} {x} {y})\""),
        );
    }

    pub(super) fn label(
        &mut self,
        (x, y): (f64, f64),
        anchor: Anchor,
        label: &Label,
        attributes: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let mut text = escaped(&label.text);
        if let Some(exponent) = label.exponent {
            let exponent = exponent.to_string().replace('-', "\u{2212}");
            text += &format!("<tspan dy=\"-2.8\" font-size=\"5.6\">{exponent}</tspan>");
            if !label.tail.is_empty() {
                // Viewers disagree about a space at the beginning of an element; a shift they draw alike.
                let (shift, tail) = label
                    .tail
                    .strip_prefix(' ')
                    .map_or(("0", label.tail.as_str()), |tail| ("2.2", tail));
                text += &format!("<tspan dx=\"{shift}\" dy=\"2.8\">{}</tspan>", escaped(tail));
            }
        }
        self.raw(&format!(
            "<text x=\"{}\" y=\"{}\"{anchor}{attributes}>{text}</text>\n",
            number(x),
            number(y)
        ));
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

/// A coordinate with at most two decimals.
pub(super) fn number(value: f64) -> String {
    let mut text = crate::unit::fixed(value, 2);
    text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    text
}

/// Text as XML allows it: markup escaped, characters that must not occur replaced.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            character if character.is_control() => xml.push(' '),
            '\u{fffe}' | '\u{ffff}' => xml.push('\u{fffd}'),
            character => {
                // Writing into a string cannot fail.
                let _ = xml.write_char(character);
            }
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_never_minus_zero() {
        let texts = [1.0, 1.5, 1.255_1, -0.001, 100.0, -2.5].map(number);
        assert_eq!(texts, ["1", "1.5", "1.26", "0", "100", "-2.5"]);
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escaped("a<b & \u{1}c>"), "a&lt;b &amp;  c&gt;");
    }
}
