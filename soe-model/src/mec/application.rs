//! Applications that device applications may ask for.

use super::limits::{DESCRIPTION, NAME};
use super::refusal::Refusal;

/// What identifies an application. The order of applications is that of these fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApplicationKey {
    /// Its name, 1 to [`NAME`] characters; in this project the name of a function.
    pub name: String,
    /// Who provides it, 1 to [`NAME`] characters.
    pub provider: String,
    /// The version of the software, at most [`NAME`] characters; empty if there is none.
    pub version: String,
}

/// An application, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// What identifies it.
    pub key: ApplicationKey,
    /// A text for people, at most [`DESCRIPTION`] characters; may be empty.
    pub description: String,
    /// What it needs.
    pub characteristics: Characteristics,
}

/// What an application needs; zero means unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Characteristics {
    /// Memory, MB.
    pub memory: u32,
    /// Storage, MB.
    pub storage: u32,
    /// Target round-trip time, ms.
    pub latency: u32,
    /// Bandwidth of the connection, kbit/s.
    pub bandwidth: u32,
    /// Whether the service must continue when the device moves.
    pub service_continuity: bool,
}

impl ApplicationKey {
    /// A key from its three parts, unchecked.
    pub fn new(name: &str, provider: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            provider: provider.to_owned(),
            version: version.to_owned(),
        }
    }
}

impl Application {
    /// An application without description, of which no need is known.
    pub fn plain(key: ApplicationKey) -> Self {
        Self {
            key,
            description: String::new(),
            characteristics: Characteristics::default(),
        }
    }

    /// Whether its texts have lengths that the standard allows.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with the first that has not.
    pub fn check(&self) -> Result<(), Refusal> {
        check("the name of an application", &self.key.name, 1, NAME)?;
        check(
            "the provider of an application",
            &self.key.provider,
            1,
            NAME,
        )?;
        check("the version of an application", &self.key.version, 0, NAME)?;
        let what = "the description of an application";
        check(what, &self.description, 0, DESCRIPTION)
    }
}

/// Whether `text` has between `least` and `most` characters, as the standard counts.
pub fn check(what: &'static str, text: &str, least: usize, most: usize) -> Result<(), Refusal> {
    let found = text.chars().count();
    match (least..=most).contains(&found) {
        true => Ok(()),
        false => Err(Refusal::Invalid {
            what,
            found,
            least,
            most,
        }),
    }
}
