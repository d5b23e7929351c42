//! Whatever a picture is made of, it has the size that its header says, or is refused in one
//! line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use soe_live::facerec::{dimensions, gray};
use soe_live::limits::PICTURE_PIXELS;

fuzz_target!(|input: &[u8]| {
    match gray(input, 1.0) {
        Ok(picture) => {
            let (width, height) = (picture.width(), picture.height());
            assert_eq!(dimensions(input), Ok((width, height)));
            assert_eq!(picture.pixels().len(), width as usize * height as usize);
            assert!(picture.pixels().len() as u64 <= PICTURE_PIXELS);
        }
        Err(error) => assert!(!error.contains(char::is_control), "{error:?}"),
    }
});
