//! Whatever is in a file of keys, it is read, or refused without a word of a key.

#![no_main]

use libfuzzer_sys::fuzz_target;
use soe_live::front::Keys;

fuzz_target!(|text: &str| {
    match Keys::parse(text, "keys", "guest") {
        Ok(keys) => assert!(keys.are_needed()),
        Err(error) => {
            let line = error.to_string();
            assert!(line.starts_with("keys:") && !line.contains(char::is_control));
        }
    }
});
