//! Text for people: tables with aligned columns, numbers without clutter.

use std::collections::BTreeSet;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Space between two columns.
const GAP: &str = "  ";

/// A table of text with a header line, columns two spaces apart.
///
/// Columns are aligned by the width that a terminal gives to each character, so that accents, Greek letters and wide
/// characters do not disturb them. Control characters are shown escaped: a name with a line break stays in its line.
///
/// ```
/// use analysis::TextTable;
/// let mut table = TextTable::new().left("computer").right("latency").right("share");
/// table.row(["arm", "100.04 ms", "50 %"]);
/// table.row(["bm2837", "1.20 s", "5 %"]);
/// assert_eq!(table.render(), "\
/// computer    latency  share
/// arm       100.04 ms   50 %
/// bm2837       1.20 s    5 %
/// ");
/// ```
#[derive(Clone, Debug, Default)]
pub struct TextTable {
    alignment: Vec<Align>,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Align {
    Left,
    Right,
}

impl TextTable {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column aligned on the left, for names.
    #[must_use]
    pub fn left(self, header: &str) -> Self {
        self.column(Align::Left, header)
    }

    /// Adds a column aligned on the right, for numbers.
    #[must_use]
    pub fn right(self, header: &str) -> Self {
        self.column(Align::Right, header)
    }

    /// Adds a row. Missing cells at its end are empty, cells beyond the last column are dropped.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let mut row: Vec<String> = cells
            .into_iter()
            .take(self.header.len())
            .map(|cell| printable(cell.as_ref()))
            .collect();
        row.resize(self.header.len(), String::new());
        self.rows.push(row);
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines, each ended by a line feed, none by spaces.
    pub fn render(&self) -> String {
        let lines = || std::iter::once(&self.header).chain(&self.rows);
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| lines().map(|line| line[column].width()).max().unwrap_or(0))
            .collect();
        let mut text = String::new();
        for line in lines() {
            let start = text.len();
            for (column, cell) in line.iter().enumerate() {
                if column > 0 {
                    text.push_str(GAP);
                }
                let padding = widths[column] - cell.width();
                let (before, after) = if self.alignment[column] == Align::Right {
                    (padding, 0)
                } else {
                    (0, padding)
                };
                text.extend(std::iter::repeat_n(' ', before));
                text.push_str(cell);
                text.extend(std::iter::repeat_n(' ', after));
            }
            text.truncate(start + text[start..].trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }

    fn column(mut self, align: Align, header: &str) -> Self {
        self.alignment.push(align);
        self.header.push(printable(header));
        self.rows.iter_mut().for_each(|row| row.push(String::new()));
        self
    }
}

/// The text with control characters escaped.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || character.width().is_none() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Most significant digits of a number that is always shown as it is.
const AS_IS: usize = 4;

/// The values of an axis for people: numbers, with or without a unit, that have many decimals get as many digits as tell
/// them apart from each other, and at least three. All other texts stay as they are.
///
/// ```
/// use analysis::short_numbers;
/// assert_eq!(short_numbers(["1", "3.16227766017", "10"]), ["1", "3.16", "10"]);
/// assert_eq!(short_numbers(["2.50001 ms", "2.50002 ms"]), ["2.50001 ms", "2.50002 ms"]);
/// assert_eq!(short_numbers(["1048576.25", "v1.23456"]), ["1048576", "v1.23456"]);
/// ```
pub fn short_numbers<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Vec<String> {
    let values: Vec<String> = values
        .into_iter()
        .map(|it| it.as_ref().to_owned())
        .collect();
    let different = |texts: &[String]| texts.iter().collect::<BTreeSet<_>>().len();
    let all = different(&values);
    let mut shorter = (3..17).map(|digits| {
        let short = values.iter().map(|value| short_number(value, digits));
        short.collect::<Vec<_>>()
    });
    let found = shorter.find(|texts| different(texts) == all);
    found.unwrap_or(values)
}

/// A decimal number at the beginning of a text with so many significant digits, all before the point kept.
fn short_number(text: &str, digits: usize) -> String {
    let end = text.find(|it: char| !(it.is_ascii_digit() || it == '.' || it == '-'));
    let (number, rest) = text.split_at(end.unwrap_or(text.len()));
    let significant = number.trim_start_matches(['-', '0', '.']);
    let count = significant.bytes().filter(u8::is_ascii_digit).count();
    let has_exponent = rest.starts_with(['e', 'E']);
    let (true, false, Ok(value)) = (
        count > AS_IS && number.contains('.'),
        has_exponent,
        number.parse::<f64>(),
    ) else {
        return text.to_owned();
    };
    let before = libm::floor(libm::log10(value.abs())) as i64 + 1;
    let decimals = usize::try_from(digits as i64 - before).unwrap_or(0);
    let mut short = crate::unit::fixed(value, decimals);
    if short.contains('.') {
        short.truncate(short.trim_end_matches('0').trim_end_matches('.').len());
    }
    short + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest! {
        #[test]
        fn short_numbers_are_told_apart_and_near(values in prop::collection::btree_set(1_u64..1_000_000_000, 1..12), power in 0..12_i32) {
            let values: Vec<f64> = values.into_iter().map(|it| it as f64 / 10_f64.powi(power)).collect();
            let texts: Vec<String> = values.iter().map(f64::to_string).collect();
            let short = short_numbers(&texts);
            let different: BTreeSet<_> = short.iter().collect();
            prop_assert_eq!(different.len(), values.len());
            for ((value, text), short) in values.iter().zip(&texts).zip(&short) {
                prop_assert!(short.len() <= text.len());
                let shown: f64 = short.parse().unwrap();
                prop_assert!((shown - value).abs() <= value * 0.005, "{short} for {value}");
            }
        }
    }
    use proptest::prelude::*;

    #[test]
    fn wide_and_combining_characters_keep_the_columns_aligned() {
        let mut table = TextTable::new().left("name").right("µs");
        table.row(["エッジ", "1"]);
        table.row(["e\u{301}te\u{301}", "10"]);
        assert_eq!(
            table.render(),
            "name    µs\nエッジ   1\ne\u{301}te\u{301}     10\n"
        );
    }

    #[test]
    fn a_cell_never_breaks_its_line() {
        let mut table = TextTable::new().left("error").left("end");
        table.row(["two\nlines\tand \u{1b}[31mcolour", "."]);
        assert_eq!(table.render().lines().count(), 2);
        assert!(
            table
                .render()
                .contains("two\\nlines\\tand \\u{1b}[31mcolour  .")
        );
    }

    #[test]
    fn rows_too_short_or_too_long_fit_the_columns() {
        let mut table = TextTable::new().left("a").left("b");
        table.row(["1"]);
        table.row(["1", "2", "3"]);
        assert_eq!(table.render(), "a  b\n1\n1  2\n");
        assert!(!table.is_empty());
        assert_eq!(TextTable::new().render(), "\n");
    }

    proptest! {
        #[test]
        fn every_line_has_each_cell_at_the_place_of_its_column(
            rows in prop::collection::vec(prop::collection::vec("[a-zé漢 ]{0,8}", 3), 0..10)
        ) {
            let mut table = TextTable::new().left("a").right("b").left("c");
            rows.iter().for_each(|row| table.row(row));
            let text = table.render();
            let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0).max(1);
            let right_edge = width(0) + GAP.len() + width(1);
            for (line, row) in text.lines().skip(1).zip(&rows) {
                prop_assert!(!line.ends_with(' '));
                prop_assert!(line.starts_with(row[0].trim_end()));
                // Everything up to the right edge of the second column, measured in columns of a terminal.
                let mut seen = 0;
                let head: String = line.chars().take_while(|c| { seen += c.width().unwrap(); seen <= right_edge }).collect();
                prop_assert!(head.trim_end().ends_with(row[1].trim()));
            }
        }
    }
}
