//! Help texts of options that take a kind with its parameters.

use std::fmt;

use super::{Catalogue, Kind};

impl<B> Catalogue<B> {
    /// The kinds in one line, as the short help of an option with a configuration
    /// string tells them: `type=none, trivial with period and stat, or asyncPF`.
    pub fn summary(&self) -> String {
        let kind = |kind: &'static Kind<B>| {
            let parameters = kind.parameters.iter().map(|parameter| parameter.name);
            match list_with("and", parameters) {
                none if none.is_empty() => kind.name.to_owned(),
                parameters => format!("{} with {parameters}", kind.name),
            }
        };
        format!("type={}", list_with("or", self.kinds().map(kind)))
    }

    /// The kinds and their parameters, a line for each, as the long help of such an
    /// option tells them. Values are written without units, in seconds and bytes.
    pub fn details(&self) -> String {
        let mut text = String::new();
        for kind in self.kinds() {
            text += &format!("type={}: {}\n", kind.name, kind.help);
            for parameter in kind.parameters {
                let default = match parameter.default {
                    Some(default) => format!(", default {default}"),
                    None => ", mandatory".to_owned(),
                };
                let (name, help) = (parameter.name, parameter.help);
                text += &format!("  {name}{default}: {help}\n");
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// Joins items by commas, the last one by a word: `a`, `a or b`, `a, b, or c`.
fn list_with(word: &str, items: impl Iterator<Item = impl fmt::Display>) -> String {
    let items: Vec<_> = items.map(|item| item.to_string()).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first, last] => format!("{first} {word} {last}"),
        [first @ .., last] => format!("{}, {word} {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::list_with;

    #[test]
    fn lists_end_with_a_word() {
        let list = |items: &[&str]| list_with("or", items.iter());
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a or b");
        assert_eq!(list(&["a", "b", "c"]), "a, b, or c");
    }
}
