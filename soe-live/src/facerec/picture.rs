//! Pictures as they come: PNG or JPEG, with bounds on what is decoded.

use std::io::Cursor;

use image::{DynamicImage, ImageError, ImageReader, Limits, Rgb, RgbImage};

use super::detector::Object;
use crate::limits::{PICTURE_PIXELS, PICTURE_SIDE};

/// A picture in shades of gray, row by row.
#[derive(Clone, Debug)]
pub struct Gray {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Gray {
    /// A picture of these pixels; missing ones are black.
    pub fn new(width: u32, height: u32, mut pixels: Vec<u8>) -> Self {
        pixels.resize(width as usize * height as usize, 0);
        Self {
            width,
            height,
            pixels,
        }
    }

    /// The width, in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The height, in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The pixels, row by row.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }
}

/// Width and height of a picture, from its header.
///
/// # Errors
/// If it is no PNG or JPEG, or too large.
pub fn dimensions(bytes: &[u8]) -> Result<(u32, u32), String> {
    if bytes.is_empty() {
        return Err("there is no picture in the binary input (datain)".to_owned());
    }
    let read = reader(bytes)?.into_dimensions();
    let (width, height) = read.map_err(|error| unreadable(&error))?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > PICTURE_PIXELS || width.max(height) > PICTURE_SIDE {
        return Err(format!(
            "the picture has {width} x {height} pixels, at most {PICTURE_PIXELS} in all and \
             {PICTURE_SIDE} on a side are allowed"
        ));
    }
    Ok((width, height))
}

/// A picture in colour.
///
/// # Errors
/// If it is no PNG or JPEG, too large, or broken.
pub fn colour(bytes: &[u8]) -> Result<RgbImage, String> {
    dimensions(bytes)?;
    let decoded = reader(bytes)?.decode();
    decoded
        .map(DynamicImage::into_rgb8)
        .map_err(|error| unreadable(&error))
}

/// A picture in shades of gray, by the weights of ITU-R BT.601 as OpenCV computes them,
/// smaller by `scale`.
///
/// # Errors
/// If it is no PNG or JPEG, too large, or broken.
pub fn gray(bytes: &[u8], scale: f64) -> Result<Gray, String> {
    let picture = colour(bytes)?;
    let (width, height) = picture.dimensions();
    let shade = |Rgb([red, green, blue]): &Rgb<u8>| {
        let sum = u32::from(*red) * 4899 + u32::from(*green) * 9617 + u32::from(*blue) * 1868;
        ((sum + (1 << 13)) >> 14) as u8
    };
    let picture = Gray::new(width, height, picture.pixels().map(shade).collect());
    Ok(match scale > 1.0 {
        true => smaller(picture, scale),
        false => picture,
    })
}

/// A part of a picture as PNG.
///
/// # Errors
/// If it is not inside.
pub fn part(picture: &RgbImage, object: Object) -> Result<Vec<u8>, String> {
    let inside = object.x.checked_add(object.width) <= Some(picture.width())
        && object.y.checked_add(object.height) <= Some(picture.height())
        && object.width > 0
        && object.height > 0;
    if !inside {
        return Err(format!("{object:?} is not inside the picture"));
    }
    let Object {
        x,
        y,
        width,
        height,
    } = object;
    let part = image::imageops::crop_imm(picture, x, y, width, height);
    let mut bytes = Cursor::new(Vec::new());
    let written = part
        .to_image()
        .write_to(&mut bytes, image::ImageFormat::Png);
    written.map_err(|error| error.to_string())?;
    Ok(bytes.into_inner())
}

/// Draws a frame around an object.
pub fn frame(picture: &mut RgbImage, object: Object, colour: [u8; 3]) {
    let (width, height) = picture.dimensions();
    let (right, bottom) = (
        object.x.saturating_add(object.width.saturating_sub(1)),
        object.y.saturating_add(object.height.saturating_sub(1)),
    );
    let mut dot = |x: u32, y: u32| {
        if x < width && y < height {
            picture.put_pixel(x, y, Rgb(colour));
        }
    };
    for inset in 0..3u32.min(object.width / 2).min(object.height / 2) {
        let (left, top) = (
            object.x.saturating_add(inset),
            object.y.saturating_add(inset),
        );
        let (right, bottom) = (right.saturating_sub(inset), bottom.saturating_sub(inset));
        for x in left..=right.min(width) {
            dot(x, top);
            dot(x, bottom);
        }
        for y in top..=bottom.min(height) {
            dot(left, y);
            dot(right, y);
        }
    }
}

fn reader(bytes: &[u8]) -> Result<ImageReader<Cursor<&[u8]>>, String> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|error| format!("cannot read the picture: {error}"))?;
    // Dimensions are checked before anything is decoded.
    let mut limits = Limits::default();
    // Four channels of 16 bits, and once more for the decoder.
    limits.max_alloc = Some(PICTURE_PIXELS * 16);
    reader.limits(limits);
    Ok(reader)
}

fn unreadable(error: &ImageError) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    format!("cannot read the picture, which must be PNG or JPEG: {line}")
}

/// The mean of the pixels that become one.
fn smaller(picture: Gray, scale: f64) -> Gray {
    let shrunk = |length: u32| ((f64::from(length) / scale).round() as u32).max(1);
    let (width, height) = (shrunk(picture.width), shrunk(picture.height));
    let pixels = image::GrayImage::from_raw(picture.width, picture.height, picture.pixels);
    let pixels = pixels.map(|pixels| image::imageops::thumbnail(&pixels, width, height));
    let pixels = pixels.map(image::GrayImage::into_raw).unwrap_or_default();
    Gray::new(width, height, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(picture: &RgbImage) -> Vec<u8> {
        let (width, height) = picture.dimensions();
        part(
            picture,
            Object {
                x: 0,
                y: 0,
                width,
                height,
            },
        )
        .unwrap()
    }

    #[test]
    fn gray_is_that_of_opencv() {
        let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
        let picture = RgbImage::from_fn(4, 1, |x, _| Rgb(colours[x as usize]));
        let gray = gray(&png(&picture), 1.0).unwrap();
        assert_eq!(gray.pixels(), [76, 150, 29, 255]);
    }

    #[test]
    fn a_scaled_picture_is_smaller() {
        let picture = RgbImage::from_pixel(100, 50, Rgb([9, 9, 9]));
        let gray = gray(&png(&picture), 2.0).unwrap();
        assert_eq!((gray.width(), gray.height()), (50, 25));
        assert!(gray.pixels().iter().all(|pixel| *pixel == 9));
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_said_from_its_header() {
        let picture = png(&RgbImage::new(20, 20));
        assert_eq!(dimensions(&picture), Ok((20, 20)));
        for (bytes, says) in [
            (&b""[..], "no picture"),
            (b"not a picture", "PNG or JPEG"),
            (&picture[..20], "cannot read"),
        ] {
            let error = dimensions(bytes).unwrap_err();
            assert!(error.contains(says), "{error}");
            assert!(colour(bytes).is_err());
        }
        // Half of it has a good header.
        let half = &picture[..picture.len() / 2];
        assert!(colour(half).unwrap_err().contains("cannot read"));
        // 50 megapixels, of which nothing is decoded.
        let mut huge = picture.clone();
        huge[16..20].copy_from_slice(&10_000u32.to_be_bytes());
        huge[20..24].copy_from_slice(&5_000u32.to_be_bytes());
        let crc = crc32(&huge[12..29]);
        huge[29..33].copy_from_slice(&crc.to_be_bytes());
        let error = colour(&huge).unwrap_err();
        assert!(error.contains("10000 x 5000 pixels, at most"), "{error}");
    }

    /// As PNG has it.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| match crc & 1 {
                0 => crc >> 1,
                _ => crc >> 1 ^ 0xedb8_8320,
            })
        })
    }

    #[test]
    fn frames_stay_inside() {
        let mut picture = RgbImage::new(10, 10);
        let object = Object {
            x: 5,
            y: 5,
            width: 100,
            height: u32::MAX,
        };
        frame(&mut picture, object, [255, 0, 0]);
        assert_eq!(picture.get_pixel(5, 9), &Rgb([255, 0, 0]));
        assert_eq!(picture.get_pixel(4, 4), &Rgb([0, 0, 0]));
        assert!(part(&picture, object).is_err());
    }
}
