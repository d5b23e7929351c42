//! The Huffman code of HPACK (RFC 7541, appendix B).
//!
//! The code is canonical: the lengths of its words say all about them.

/// The length in bits of the code word of each byte.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

const LONGEST: usize = 30;

/// The words of each length: the first one, how many there are, and where their
/// bytes are in `bytes`.
struct Code {
    first: [u32; LONGEST + 1],
    count: [u32; LONGEST + 1],
    start: [u32; LONGEST + 1],
    bytes: [u8; 256],
}

static CODE: Code = Code::of(&LENGTHS);

impl Code {
    const fn of(lengths: &[u8; 256]) -> Self {
        let mut code = Self {
            first: [0; LONGEST + 1],
            count: [0; LONGEST + 1],
            start: [0; LONGEST + 1],
            bytes: [0; 256],
        };
        let (mut next, mut used, mut length) = (0, 0, 1);
        while length <= LONGEST {
            next *= 2;
            code.first[length] = next;
            code.start[length] = used;
            let mut byte = 0;
            while byte < 256 {
                if lengths[byte] as usize == length {
                    code.bytes[used as usize] = byte as u8;
                    code.count[length] += 1;
                    used += 1;
                    next += 1;
                }
                byte += 1;
            }
            length += 1;
        }
        code
    }
}

/// What a text was before it was encoded; `None` if it never was.
pub fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(encoded.len() * 2);
    let (mut word, mut length) = (0u32, 0);
    for byte in encoded {
        for bit in (0..8).rev() {
            word = word << 1 | u32::from(byte >> bit & 1);
            length += 1;
            if length > LONGEST {
                return None;
            }
            let above = word.wrapping_sub(CODE.first[length]);
            if word >= CODE.first[length] && above < CODE.count[length] {
                let at = CODE.start[length] + above;
                text.push(CODE.bytes[at as usize]);
                (word, length) = (0, 0);
            }
        }
    }
    // Less than a byte of ones fills up the last one.
    let is_filling = length < 8 && word == (1 << length) - 1;
    is_filling.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = (0..hex.len()).step_by(2);
        digits
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 7541, C.4 and C.6.
        for (hex, text) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("a8eb10649cbf", "no-cache"),
            ("25a849e95ba97d7f", "custom-key"),
            ("25a849e95bb8e8b4bf", "custom-value"),
            ("6402", "302"),
            ("aec3771a4b", "private"),
            (
                "d07abe941054d444a8200595040b8166e082a62d1bff",
                "Mon, 21 Oct 2013 20:13:21 GMT",
            ),
            (
                "9d29ad171863c78f0b97c8e9ae82ae43d3",
                "https://www.example.com",
            ),
        ] {
            assert_eq!(
                decode(&bytes(hex)).as_deref(),
                Some(text.as_bytes()),
                "{hex}"
            );
        }
    }

    #[test]
    fn every_byte_has_a_word_and_what_is_none_is_refused() {
        // The word of byte 10 has 30 bits; all ones are the end of the text, which
        // never occurs.
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xf3]), Some(vec![10]));
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff]), None);
        // A whole byte to fill up, or zeros.
        assert_eq!(decode(&[0xff]), None);
        assert_eq!(decode(&[0b0001_1000]), None);
        assert_eq!(decode(&[]), Some(Vec::new()));
        let words: u32 = CODE.count.iter().sum();
        assert_eq!(words, 256);
    }
}
