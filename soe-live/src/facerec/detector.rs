//! Finding objects in a picture.

use serde_json::{Value, json};

use super::picture::Gray;

/// Where an object was found, in pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// The left edge.
    pub x: u32,
    /// The upper edge.
    pub y: u32,
    /// The width.
    pub width: u32,
    /// The height.
    pub height: u32,
}

/// Finds objects of one sort.
pub trait Detector: Send {
    /// The objects in a picture, from left to right.
    ///
    /// # Errors
    /// If the picture cannot be searched.
    fn detect(&mut self, picture: &Gray) -> Result<Vec<Object>, String>;
}

/// Objects as the original writes them: `{"objects":[{"x":1,"y":2,"w":3,"h":4}]}`.
pub fn to_json(objects: &[Object]) -> String {
    let objects = objects.iter();
    let objects: Vec<Value> = objects
        .map(|object| json!({"x": object.x, "y": object.y, "w": object.width, "h": object.height}))
        .collect();
    json!({ "objects": objects }).to_string()
}

/// The objects that a response names.
///
/// # Errors
/// If the text is something else.
pub fn from_json(text: &str) -> Result<Vec<Object>, String> {
    let wrong = || format!("expected {{\"objects\":[...]}}, found {text:.60}");
    let value: Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let objects = value.get("objects").and_then(Value::as_array);
    let objects = objects.ok_or_else(wrong)?.iter().map(|object| {
        let number = |key| {
            let number = object.get(key).and_then(Value::as_u64);
            number.and_then(|number| u32::try_from(number).ok())
        };
        Some(Object {
            x: number("x")?,
            y: number("y")?,
            width: number("w")?,
            height: number("h")?,
        })
    });
    objects.collect::<Option<_>>().ok_or_else(wrong)
}

impl Object {
    /// The object in a picture that is larger by a factor.
    pub fn scaled(self, factor: f64) -> Self {
        let scaled = |length: u32| (f64::from(length) * factor).round() as u32;
        Self {
            x: scaled(self.x),
            y: scaled(self.y),
            width: scaled(self.width),
            height: scaled(self.height),
        }
    }

    /// The object in a picture of which this was a part that began at another object.
    pub fn inside(self, outer: Self) -> Self {
        Self {
            x: self.x.saturating_add(outer.x),
            y: self.y.saturating_add(outer.y),
            ..self
        }
    }
}

/// The detector of frontal faces in Rust (SeetaFace), with the model of its package.
#[derive(Clone)]
pub struct Faces(rustface::Model);

/// The side of the smallest face that it finds, in pixels.
const SMALLEST: u32 = 40;
/// Results below it are dropped: 2.0 is what the package recommends.
const SCORE: f64 = 2.0;

impl Faces {
    /// With the model that is built in.
    ///
    /// # Errors
    /// If it is none.
    pub fn new() -> Result<Self, String> {
        const MODEL: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/faces.bin"));
        let read = rustface::read_model(MODEL);
        read.map(Self).map_err(|error| error.to_string())
    }
}

impl Detector for Faces {
    fn detect(&mut self, picture: &Gray) -> Result<Vec<Object>, String> {
        let (width, height) = (picture.width(), picture.height());
        // Of a face as large as the picture, rounding could leave less than a window.
        let largest = width.min(height).saturating_sub(2);
        if largest < SMALLEST {
            return Ok(Vec::new());
        }
        let mut detector = rustface::create_detector_with_model(self.0.clone());
        detector.set_max_face_size(largest);
        detector.set_score_thresh(SCORE);
        detector.set_pyramid_scale_factor(0.8);
        detector.set_slide_window_step(4, 4);
        let image = rustface::ImageData::new(picture.pixels(), width, height);
        let found = detector.detect(&image).into_iter().map(|face| {
            let bounds = face.bbox();
            let inside = |at: i32| u32::try_from(at).unwrap_or_default();
            let (x, y) = (inside(bounds.x()), inside(bounds.y()));
            Object {
                x,
                y,
                width: bounds.width().min(width.saturating_sub(x)),
                height: bounds.height().min(height.saturating_sub(y)),
            }
        });
        let mut found: Vec<_> = found.collect();
        found.sort();
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_written_as_the_original_writes_them() {
        let object = Object {
            x: 177,
            y: 67,
            width: 93,
            height: 94,
        };
        let text = r#"{"objects":[{"x":177,"y":67,"w":93,"h":94}]}"#;
        assert_eq!(to_json(&[object]), text);
        assert_eq!(from_json(text), Ok(vec![object]));
        assert_eq!(to_json(&[]), r#"{"objects":[]}"#);
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"objects":[{"x":-1,"y":0,"w":1,"h":1}]}"#,
        ] {
            assert!(from_json(wrong).unwrap_err().contains("objects"));
        }
        assert_eq!(object.scaled(2.0).x, 354);
        assert_eq!(object.inside(object).y, 134);
    }

    #[test]
    fn pictures_of_any_size_are_searched() {
        let mut faces = Faces::new().unwrap();
        for (width, height) in [
            (1, 1),
            (39, 500),
            (41, 41),
            (42, 42),
            (43, 700),
            (700, 43),
            (320, 240),
        ] {
            let noise =
                (0..width * height).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
            let picture = Gray::new(width, height, noise.collect());
            assert!(
                faces.detect(&picture).unwrap().len() < 5,
                "{width} x {height}"
            );
        }
    }
}
