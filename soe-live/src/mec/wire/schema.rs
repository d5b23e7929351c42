//! A small description of JSON documents: which members an object has, and of which
//! type. The descriptions of v2.2.1 follow the OpenAPI document of ETSI.

use serde_json::{Map, Value};

/// What a value must be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A string.
    Text,
    /// A string that is a URI with a scheme.
    Uri,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// An array with at least so many elements.
    List(usize, &'static Kind),
    /// An object with these members; others are ignored.
    Object(&'static [Member]),
}

/// A member of an object.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub name: &'static str,
    pub required: bool,
    pub kind: Kind,
}

/// A member that may be absent.
pub const fn optional(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        required: false,
        kind,
    }
}

/// A member that must be there.
pub const fn required(name: &'static str, kind: Kind) -> Member {
    Member {
        name,
        required: true,
        kind,
    }
}

impl Kind {
    /// Checks a value, whose place in the document is `place`.
    ///
    /// # Errors
    /// The place, and what was expected there.
    pub fn check(&self, place: &str, value: &Value) -> Result<(), String> {
        let fits = match self {
            Self::Text => value.is_string(),
            Self::Uri => value.as_str().is_some_and(is_uri),
            Self::Flag => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64() || is_whole(value),
            Self::Number => value.is_number(),
            Self::List(least, kind) => return check_list(place, *least, kind, value),
            Self::Object(members) => return check_object(place, members, value),
        };
        match fits {
            true => Ok(()),
            false => Err(format!("{place}: expected {}", self.words())),
        }
    }

    /// The value with only the members that are described.
    pub fn known(&self, value: &Value) -> Value {
        match (self, value) {
            (Self::List(_, kind), Value::Array(all)) => {
                Value::Array(all.iter().map(|value| kind.known(value)).collect())
            }
            (Self::Object(members), Value::Object(object)) => {
                let known = members.iter().filter_map(|member| {
                    let value = object.get(member.name)?;
                    Some((member.name.to_owned(), member.kind.known(value)))
                });
                Value::Object(known.collect::<Map<_, _>>())
            }
            (_, value) => value.clone(),
        }
    }

    fn words(&self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Uri => "a URI",
            Self::Flag => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::List(..) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Whether a text has the characters of a URI, and a scheme.
fn is_uri(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let in_scheme = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(in_scheme)
        && text.bytes().all(|c| c.is_ascii_graphic())
}

/// JSON has one type of numbers: 1.0 is whole.
fn is_whole(value: &Value) -> bool {
    value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn check_list(place: &str, least: usize, kind: &Kind, value: &Value) -> Result<(), String> {
    let all = value.as_array();
    let all = all.ok_or_else(|| format!("{place}: expected an array"))?;
    if all.len() < least {
        return Err(format!("{place}: expected at least {least} elements"));
    }
    for (number, value) in all.iter().enumerate() {
        kind.check(&format!("{place}[{number}]"), value)?;
    }
    Ok(())
}

fn check_object(place: &str, members: &[Member], value: &Value) -> Result<(), String> {
    let object = value.as_object();
    let object = object.ok_or_else(|| format!("{place}: expected an object"))?;
    for member in members {
        let inner = format!("{place}.{}", member.name);
        match object.get(member.name) {
            Some(value) => member.kind.check(&inner, value)?,
            None if member.required => {
                return Err(format!(
                    "{inner}: missing, expected {}",
                    member.kind.words()
                ));
            }
            None => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KIND: Kind = Kind::Object(&[
        required("name", Kind::Text),
        optional("count", Kind::Integer),
        optional("list", Kind::List(1, &Kind::Number)),
    ]);

    #[test]
    fn a_wrong_document_says_where_and_what() {
        for (value, expected) in [
            (json!([]), "x: expected an object"),
            (json!({}), "x.name: missing, expected a string"),
            (json!({"name": 1}), "x.name: expected a string"),
            (
                json!({"name": "", "count": 1.5}),
                "x.count: expected a whole number",
            ),
            (
                json!({"name": "", "list": []}),
                "x.list: expected at least 1 elements",
            ),
            (
                json!({"name": "", "list": [1, null]}),
                "x.list[1]: expected a number",
            ),
        ] {
            assert_eq!(KIND.check("x", &value).unwrap_err(), expected);
        }
        let good = json!({"name": "", "count": 2.0, "list": [1.5], "more": {}});
        assert_eq!(KIND.check("x", &good), Ok(()));
        let known = json!({"name": "", "count": 2.0, "list": [1.5]});
        assert_eq!(KIND.known(&good), known);
    }
}
