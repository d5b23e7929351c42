//! Fitting text: it is broken into lines, and shortened only if that is not enough.

use super::style::text_width;

/// Shortens a text with an ellipsis until it fits.
pub(super) fn fitted(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_owned();
    }
    let room = width - text_width("…");
    let mut used = 0.0;
    let mut buffer = [0; 4];
    let fits = |character: &char| {
        used += text_width(character.encode_utf8(&mut buffer));
        used <= room
    };
    let shown: String = text.chars().take_while(fits).collect();
    shown.trim_end().to_owned() + "…"
}

/// Breaks a text between its words into lines of even length that are no wider than `width`, at most `most`; what does
/// not fit into them is shortened. At the end of the last line, `tail` is left free.
pub(super) fn wrapped(text: &str, width: f64, most: usize, tail: f64) -> Vec<String> {
    if text_width(text) + tail <= width {
        return vec![text.to_owned()];
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut lines = broken(&words, width, tail);
    let fit = |lines: &[String], width: f64| {
        let of = |(index, line): (usize, &String)| {
            let after = if index + 1 == lines.len() { tail } else { 0.0 };
            text_width(line) + after
        };
        lines.iter().enumerate().map(of).all(|it| it <= width)
    };
    // As even as possible: the narrowest that takes no more lines. What has to be shortened uses all of the width.
    let fits = lines.len() <= most;
    for share in (10..20).rev().filter(|_| fits) {
        let narrow = width * f64::from(share) / 20.0;
        let other = broken(&words, narrow, tail);
        if other.len() > lines.len() || !fit(&other, narrow) {
            break;
        }
        lines = other;
    }
    if lines.len() > most {
        let rest = lines.split_off(most.max(1) - 1).join(" ");
        lines.push(rest);
    }
    let count = lines.len();
    let shortened = |(index, line): (usize, &String)| {
        let after = if index + 1 == count { tail } else { 0.0 };
        fitted(line, width - after)
    };
    lines.iter().enumerate().map(shortened).collect()
}

/// As many words as fit on each line, and at least one.
fn broken(words: &[&str], width: f64, tail: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for (index, word) in words.iter().enumerate() {
        let after = if index + 1 == words.len() { tail } else { 0.0 };
        let Some(line) = lines.last_mut() else { break };
        let needed = text_width(line) + text_width(" ") + text_width(word) + after;
        match line.is_empty() {
            true => line.push_str(word),
            false if needed <= width => {
                line.push(' ');
                line.push_str(word);
            }
            false => lines.push((*word).to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_of_even_length() {
        let text = "mean time from issue to answer of all completed calls";
        assert_eq!(
            wrapped(text, 160.0, 3, 20.0),
            ["mean time from issue to answer", "of all completed calls"]
        );
        assert_eq!(wrapped("latency", 160.0, 3, 20.0), ["latency"]);
    }

    #[test]
    fn what_does_not_fit_ends_with_an_ellipsis() {
        let text = "one two three four five six seven eight nine ten";
        let lines = wrapped(text, 60.0, 2, 20.0);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].ends_with('…'), "{lines:?}");
        let word = "pneumonoultramicroscopicsilicovolcanoconiosis";
        let lines = wrapped(word, 60.0, 2, 20.0);
        assert!(lines.len() == 1 && lines[0].ends_with('…'), "{lines:?}");
    }

    proptest! {
        #[test]
        fn every_line_fits_and_no_word_is_lost_where_there_is_room(
            text in "[a-z]{1,9}( [a-z]{1,9}){0,12}", width in 70.0..400.0_f64, most in 1..5_usize, tail in 0.0..20.0_f64
        ) {
            let lines = wrapped(&text, width, most, tail);
            prop_assert!(lines.len() <= most);
            for (index, line) in lines.iter().enumerate() {
                let after = if index + 1 == lines.len() { tail } else { 0.0 };
                prop_assert!(text_width(line) + after <= width + 1e-9, "{lines:?}");
            }
            if !lines.concat().contains('…') {
                prop_assert_eq!(lines.join(" "), text);
            }
        }
    }
}
