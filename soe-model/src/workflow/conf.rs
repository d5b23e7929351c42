//! The configuration strings `--chain-conf` and `--dag-conf`.

use crate::conf::{Conf, ConfError};
use crate::units::QuantityError;

/// Where a workflow comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file: `type=file,filename=F`.
    File(String),
    /// Nowhere: an example is written to be filled in, `type=make-template`.
    Template,
}

/// Reads `--chain-conf` or `--dag-conf`; nothing if the string is empty.
///
/// # Errors
/// If it is neither of the two types, or a key is missing or unknown.
///
/// ```
/// use soe_model::workflow::{Source, parse_conf};
///
/// let source = parse_conf("type=file,filename=chain.json")?;
/// assert_eq!(source, Some(Source::File("chain.json".into())));
/// assert_eq!(parse_conf("type=make-template")?, Some(Source::Template));
/// assert_eq!(parse_conf("")?, None);
/// # Ok::<(), soe_model::conf::ConfError>(())
/// ```
pub fn parse_conf(text: &str) -> Result<Option<Source>, ConfError> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut conf = Conf::parse(text)?;
    let source = match conf.take("type").as_deref() {
        None => return Err(ConfError::Missing("type")),
        Some("file") => {
            let file = conf.take("filename");
            Source::File(file.ok_or(ConfError::Missing("filename"))?)
        }
        Some("make-template") => Source::Template,
        Some(other) => {
            return Err(ConfError::Value {
                key: "type".to_owned(),
                error: QuantityError::Malformed {
                    found: other.to_owned(),
                    expected: "file or make-template",
                },
            });
        }
    };
    let known: &[&str] = match source {
        Source::File(_) => &["type", "filename"],
        Source::Template => &["type"],
    };
    conf.finish(known)?;
    Ok(Some(source))
}
