//! Who may call: keys of HTTP Basic authentication, each with its namespace.

use std::path::Path;

use ::http::HeaderMap;
use ::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use crate::limits::{HTTP_KEYS, HTTP_NAME};

/// The keys, or none if everybody may call.
#[derive(Clone)]
pub struct Keys {
    default: String,
    keys: Option<Vec<Key>>,
}

#[derive(Clone)]
struct Key {
    secret: Vec<u8>,
    namespace: String,
}

/// What is wrong with a file of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// It cannot be read.
    #[error("{file}: {problem}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        problem: String,
    },
    /// A line is wrong. The text of a key is not repeated.
    #[error("{file}:{line}: {problem}, expected user:password and optionally a namespace")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// There are too many keys, or none.
    #[error("{file}: found {found} keys, expected 1 to {HTTP_KEYS}")]
    Number {
        /// The file.
        file: String,
        /// How many there are.
        found: usize,
    },
}

impl Keys {
    /// Everybody may call, from the default namespace.
    pub fn everybody(default: &str) -> Self {
        Self {
            default: default.to_owned(),
            keys: None,
        }
    }

    /// Those who have a key in a file: one per line, `user:password`, then the namespace of
    /// its owner if it is not the default one. Lines that begin with `#` are comments.
    ///
    /// # Errors
    /// If the file cannot be read, or is not such a file.
    pub fn read(path: &Path, default: &str) -> Result<Self, KeysError> {
        let file = path.display().to_string();
        let text = soe_model::text::read(path).map_err(|error| KeysError::Unreadable {
            file: file.clone(),
            problem: error.to_string(),
        })?;
        Self::parse(&text, &file, default)
    }

    /// Those in a text that was read from `file`.
    ///
    /// # Errors
    /// If it is not the text of such a file.
    pub fn parse(text: &str, file: &str, default: &str) -> Result<Self, KeysError> {
        let file = file.to_owned();
        let mut keys = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            keys.push(key(line, default).map_err(|problem| KeysError::Line {
                file: file.clone(),
                line: number + 1,
                problem,
            })?);
        }
        if !(1..=HTTP_KEYS).contains(&keys.len()) {
            let found = keys.len();
            return Err(KeysError::Number { file, found });
        }
        Ok(Self {
            default: default.to_owned(),
            keys: Some(keys),
        })
    }

    /// The namespace of functions that name none.
    pub fn default_namespace(&self) -> &str {
        &self.default
    }

    /// Whether a caller needs a key.
    pub fn are_needed(&self) -> bool {
        self.keys.is_some()
    }

    /// The namespace of a caller; `None` if it may not call.
    pub fn namespace(&self, headers: &HeaderMap) -> Option<&str> {
        let Some(keys) = &self.keys else {
            return Some(&self.default);
        };
        let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let secret = STANDARD.decode(encoded.trim()).ok()?;
        // All keys are compared, so that the time says nothing about any of them.
        let mut found = None;
        for key in keys {
            if bool::from(key.secret.ct_eq(&secret)) {
                found = Some(&*key.namespace);
            }
        }
        found
    }
}

fn key(line: &str, default: &str) -> Result<Key, &'static str> {
    let mut words = line.split_whitespace();
    let secret = words.next().unwrap_or_default();
    let namespace = words.next().unwrap_or(default);
    match secret.split_once(':') {
        Some((user, password)) if !user.is_empty() && !password.is_empty() => {}
        _ => return Err("no user:password"),
    }
    if words.next().is_some() {
        return Err("too many words");
    }
    if !is_namespace(namespace) {
        return Err("the namespace has other characters than letters, digits, - and _");
    }
    Ok(Key {
        secret: secret.as_bytes().to_vec(),
        namespace: namespace.to_owned(),
    })
}

/// Whether a text can be the name of a namespace.
pub fn is_namespace(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    !text.is_empty() && text.len() <= HTTP_NAME && text != "_" && text.chars().all(plain)
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Keys do not belong into logs.
        f.debug_struct("Keys")
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Result<Keys, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        std::fs::write(&file, text).unwrap();
        Keys::read(&file, "guest").map_err(|error| {
            let text = error.to_string();
            text.replace(&*folder.path().to_string_lossy(), "")
        })
    }

    fn namespace<'a>(keys: &'a Keys, header: Option<&str>) -> Option<&'a str> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        keys.namespace(&headers)
    }

    #[test]
    fn a_caller_with_a_key_has_its_namespace() {
        let keys = keys("# ours\nuser:pass\n\nother:secret space-2\n").unwrap();
        // user:pass, other:secret
        assert_eq!(namespace(&keys, Some("Basic dXNlcjpwYXNz")), Some("guest"));
        assert_eq!(namespace(&keys, Some("basic  dXNlcjpwYXNz")), Some("guest"));
        let other = STANDARD.encode("other:secret");
        assert_eq!(
            namespace(&keys, Some(&format!("Basic {other}"))),
            Some("space-2")
        );
        for wrong in [
            "",
            "Basic",
            "Basic dXNlcjpwYXN6",
            "Bearer dXNlcjpwYXNz",
            "Basic %%%",
            "Basic ",
        ] {
            assert_eq!(namespace(&keys, Some(wrong)), None, "{wrong}");
        }
        assert_eq!(namespace(&keys, None), None);
        assert_eq!(namespace(&Keys::everybody("guest"), None), Some("guest"));
        assert!(!format!("{keys:?}").contains("pass"));
    }

    #[test]
    fn mistakes_are_told_with_their_line_and_without_the_key() {
        let expected = ", expected user:password and optionally a namespace";
        for (text, message) in [
            (
                "a:b\nsecret\n",
                format!("/keys:2: no user:password{expected}"),
            ),
            (":b", format!("/keys:1: no user:password{expected}")),
            ("a:b c d", format!("/keys:1: too many words{expected}")),
            (
                "a:b c/d",
                format!(
                    "/keys:1: the namespace has other characters than letters, digits, - and _{expected}"
                ),
            ),
            (
                "# none\n",
                format!("/keys: found 0 keys, expected 1 to {HTTP_KEYS}"),
            ),
        ] {
            assert_eq!(keys(text).unwrap_err(), message);
        }
    }
}
