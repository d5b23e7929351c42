//! Which function finds what: `--models`.

use std::path::PathBuf;
use std::str::FromStr;

use super::detector::{Detector, Faces};
use crate::limits::NAME;

/// The word for the detector in Rust.
const RUST: &str = "rustface";

/// Functions and what they find: `facerec0=rustface,eyerec0=FILE.xml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models(Vec<(String, Model)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Model {
    /// Faces, in Rust.
    Rust,
    /// A cascade of OpenCV.
    Cascade(PathBuf),
}

/// What is wrong with models.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelsError {
    /// Something is missing.
    #[error("found `{0}`, expected FUNCTION=MODEL, the model {RUST} or a cascade of OpenCV")]
    NoModel(String),
    /// A function appears twice, or has no good name.
    #[error("the function `{0}` has two models, no name, or too long a name")]
    Name(String),
    /// OpenCV is not part of this build.
    #[error(
        "`{0}` is a cascade, for which OpenCV is needed: build with `--features opencv`, or use \
         {RUST} for faces"
    )]
    NotBuilt(String),
    /// A model cannot be used.
    #[error("{model}: {problem}")]
    Unusable {
        /// The model.
        model: String,
        /// Why.
        problem: String,
    },
}

impl Models {
    /// The models unless an option says otherwise.
    pub const DEFAULT: &'static str = if cfg!(feature = "opencv") {
        "facerec0=haarcascade_frontalface_default.xml,\
         eyerec0=haarcascade_eye_tree_eyeglasses.xml"
    } else {
        "facerec0=rustface"
    };

    /// The functions.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(function, _)| function.as_str())
    }

    /// A detector for each function, in the same order.
    ///
    /// # Errors
    /// If a model cannot be used.
    pub fn detectors(&self) -> Result<Vec<Box<dyn Detector>>, ModelsError> {
        let models = self.0.iter().map(|(_, model)| model.detector());
        models.collect()
    }
}

impl Model {
    fn detector(&self) -> Result<Box<dyn Detector>, ModelsError> {
        match self {
            Self::Rust => match Faces::new() {
                Ok(faces) => Ok(Box::new(faces)),
                Err(problem) => Err(ModelsError::Unusable {
                    model: RUST.to_owned(),
                    problem,
                }),
            },
            #[cfg(feature = "opencv")]
            Self::Cascade(path) => match super::opencv::Cascade::open(path) {
                Ok(cascade) => Ok(Box::new(cascade)),
                Err(problem) => Err(ModelsError::Unusable {
                    model: path.display().to_string(),
                    problem,
                }),
            },
            #[cfg(not(feature = "opencv"))]
            Self::Cascade(path) => Err(ModelsError::NotBuilt(path.display().to_string())),
        }
    }
}

impl FromStr for Models {
    type Err = ModelsError;

    fn from_str(text: &str) -> Result<Self, ModelsError> {
        let mut models: Vec<(String, Model)> = Vec::new();
        for part in text.split(',') {
            let (function, model) = part
                .split_once('=')
                .map(|(function, model)| (function.trim(), model.trim()))
                .filter(|(_, model)| !model.is_empty())
                .ok_or_else(|| ModelsError::NoModel(part.trim().to_owned()))?;
            let known = models.iter().any(|(known, _)| known == function);
            if known || function.is_empty() || function.len() > NAME {
                let shown = function.chars().take(60).collect();
                return Err(ModelsError::Name(shown));
            }
            let model = match model {
                RUST => Model::Rust,
                path if cfg!(feature = "opencv") => Model::Cascade(path.into()),
                path => return Err(ModelsError::NotBuilt(path.to_owned())),
            };
            models.push((function.to_owned(), model));
        }
        Ok(Self(models))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_read_and_mistakes_named() {
        let models: Models = "faces=rustface, more=rustface".parse().unwrap();
        assert_eq!(models.functions().collect::<Vec<_>>(), ["faces", "more"]);
        assert_eq!(models.detectors().unwrap().len(), 2);
        for (wrong, says) in [
            ("", "expected FUNCTION=MODEL"),
            ("faces", "expected FUNCTION=MODEL"),
            ("faces=", "expected FUNCTION=MODEL"),
            ("=rustface", "no name"),
            ("f=rustface,f=rustface", "two models"),
        ] {
            let error = wrong.parse::<Models>().unwrap_err().to_string();
            assert!(error.contains(says), "{wrong}: {error}");
        }
        assert!(Models::DEFAULT.parse::<Models>().is_ok());
    }

    #[cfg(not(feature = "opencv"))]
    #[test]
    fn cascades_say_how_to_get_opencv() {
        let error = "eyes=eyes.xml".parse::<Models>().unwrap_err().to_string();
        assert!(error.contains("--features opencv"), "{error}");
    }
}
