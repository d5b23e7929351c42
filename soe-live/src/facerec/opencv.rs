//! Cascades of OpenCV, its camera and its windows.

use std::path::{Path, PathBuf};

use image::RgbImage;
use opencv::core::{self, Mat, Rect, Size, Vector};
use opencv::objdetect::CascadeClassifier;
use opencv::prelude::*;
use opencv::{highgui, imgproc, videoio};

use super::detector::{Detector, Object};
use super::picture::Gray;

/// Where distributions install the cascades of OpenCV.
const SHARED: &str = "/usr/share/opencv4/haarcascades";
/// The step from one size of objects to the next.
const STEP: f64 = 1.1;
/// Detections of the same object that are needed.
const NEIGHBOURS: i32 = 3;
/// The side of the smallest object, in pixels.
const SMALLEST: i32 = 30;
/// The window of pictures.
const WINDOW: &str = "facerecclient";

/// A cascade of classifiers (Viola and Jones).
pub struct Cascade(CascadeClassifier);

impl Cascade {
    /// From a file, in the working directory or among those of OpenCV.
    ///
    /// # Errors
    /// If there is none, or it is no cascade.
    pub fn open(path: &Path) -> Result<Self, String> {
        let found = [path.to_owned(), PathBuf::from(SHARED).join(path)];
        let found = found.iter().find(|path| path.is_file());
        let found = found.ok_or_else(|| format!("no such file, neither here nor in {SHARED}"))?;
        let name = found.to_str().ok_or("the name is not valid UTF-8")?;
        // Pictures are searched at the same time, each by one thread.
        core::set_num_threads(1).map_err(text)?;
        let cascade = CascadeClassifier::new(name).map_err(text)?;
        match cascade.empty().map_err(text)? {
            true => Err("no cascade of OpenCV".to_owned()),
            false => Ok(Self(cascade)),
        }
    }
}

impl Detector for Cascade {
    fn detect(&mut self, picture: &Gray) -> Result<Vec<Object>, String> {
        let side = |length: u32| i32::try_from(length).map_err(|error| error.to_string());
        let (width, height) = (side(picture.width())?, side(picture.height())?);
        let gray = Mat::new_rows_cols_with_data(height, width, picture.pixels());
        let gray = gray.map_err(text)?;
        let mut even = Mat::default();
        imgproc::equalize_hist(&gray, &mut even).map_err(text)?;
        let mut found = Vector::<Rect>::new();
        let smallest = Size::new(SMALLEST, SMALLEST);
        self.0
            .detect_multi_scale(
                &even,
                &mut found,
                STEP,
                NEIGHBOURS,
                0,
                smallest,
                Size::default(),
            )
            .map_err(text)?;
        let length = |length: i32| u32::try_from(length).unwrap_or_default();
        let objects = found.iter().map(|bounds| Object {
            x: length(bounds.x),
            y: length(bounds.y),
            width: length(bounds.width),
            height: length(bounds.height),
        });
        let mut objects: Vec<_> = objects.collect();
        objects.sort();
        Ok(objects)
    }
}

/// The first camera of the system.
pub struct Camera(videoio::VideoCapture);

impl Camera {
    /// Opens it.
    ///
    /// # Errors
    /// If there is none.
    pub fn open() -> Result<Self, String> {
        let camera = videoio::VideoCapture::new(0, videoio::CAP_ANY).map_err(text)?;
        match camera.is_opened().map_err(text)? {
            true => Ok(Self(camera)),
            false => Err("--camera: there is no camera".to_owned()),
        }
    }

    /// A picture as PNG.
    ///
    /// # Errors
    /// If the camera gives none.
    pub fn picture(&mut self) -> Result<Vec<u8>, String> {
        let (mut frame, mut colour) = (Mat::default(), Mat::default());
        if !self.0.read(&mut frame).map_err(text)? || frame.empty() {
            return Err("--camera: the camera gives no picture".to_owned());
        }
        imgproc::cvt_color_def(&frame, &mut colour, imgproc::COLOR_BGR2RGB).map_err(text)?;
        let length = |length: i32| u32::try_from(length).unwrap_or_default();
        let (width, height) = (length(colour.cols()), length(colour.rows()));
        let bytes = colour.data_bytes().map_err(text)?.to_vec();
        let picture = RgbImage::from_raw(width, height, bytes);
        let picture = picture.ok_or("--camera: the picture has no three colours")?;
        let whole = Object {
            x: 0,
            y: 0,
            width,
            height,
        };
        super::picture::part(&picture, whole)
    }
}

/// Shows a picture in the window.
///
/// # Errors
/// If there is no display.
pub fn show(picture: &RgbImage) -> Result<(), String> {
    let side = |length: u32| i32::try_from(length).map_err(|error| error.to_string());
    let (width, height) = (side(picture.width())?, side(picture.height())?);
    let flat = Mat::new_rows_cols_with_data(height, width * 3, picture.as_raw().as_slice());
    let flat = flat.map_err(text)?;
    let rgb = flat.reshape(3, height).map_err(text)?;
    let mut bgr = Mat::default();
    imgproc::cvt_color_def(&rgb, &mut bgr, imgproc::COLOR_RGB2BGR).map_err(text)?;
    highgui::imshow(WINDOW, &bgr).map_err(|error| format!("--show: {}", text(error)))?;
    highgui::wait_key(1).map_err(text).map(drop)
}

fn text(error: opencv::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
