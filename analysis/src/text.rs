//! Text tables for people: aligned columns, no clutter.

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
fn printable(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
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
