//! Iterating over the fields of an encoded message.

use std::ops::Range;

use bytes::Bytes;

use super::frame::{Frame, PREFIX};

/// Bytes are not a message of the type they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The message ends within a field.
    #[error("it ends within a field")]
    Truncated,
    /// A number is longer than any number is.
    #[error("a number has more than 64 bits")]
    Overlong,
    /// A field has a number or an encoding that does not exist.
    #[error("field {field} has encoding {encoding}, which is not allowed there")]
    Encoding {
        /// The number of the field.
        field: u32,
        /// The encoding, 0 to 7.
        encoding: u8,
    },
    /// A text is not UTF-8.
    #[error("field {field} is not valid UTF-8")]
    Text {
        /// The number of the field.
        field: u32,
    },
    /// A message inside it is malformed.
    #[error("a message inside it is malformed")]
    Message,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// Where its bytes are in the frame.
    Bytes(Range<usize>),
    /// Four or eight bytes.
    Fixed,
}

/// A field and where it is in the frame, its number and encoding included.
#[derive(Clone, Debug)]
pub struct Field {
    pub number: u32,
    pub value: Value,
    pub place: Range<usize>,
}

/// The fields of the message in a frame.
pub struct Fields<'a> {
    piece: &'a [u8],
    more: std::slice::Iter<'a, Bytes>,
    /// In the piece.
    at: usize,
    /// In the frame.
    position: usize,
    end: usize,
}

impl<'a> Fields<'a> {
    pub fn of(frame: &'a Frame) -> Self {
        let (piece, more) = frame.parts();
        let mut fields = Self {
            piece,
            more,
            at: 0,
            position: 0,
            end: frame.len(),
        };
        // A frame that was checked has a prefix.
        let _ = fields.skip(PREFIX);
        fields
    }

    /// The next field; `None` at the end.
    #[inline]
    pub fn next(&mut self) -> Result<Option<Field>, Malformed> {
        if self.position == self.end {
            return Ok(None);
        }
        let start = self.position;
        let key = self.varint()?;
        let encoding = (key & 7) as u8;
        let wrong = |field| Malformed::Encoding { field, encoding };
        let number = u32::try_from(key >> 3)
            .ok()
            .filter(|number| (1..1 << 29).contains(number))
            .ok_or(wrong(0))?;
        let value = match encoding {
            0 => Value::Number(self.varint()?),
            1 => {
                self.skip(8)?;
                Value::Fixed
            }
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| Malformed::Truncated)?;
                let start = self.position;
                self.skip(len)?;
                Value::Bytes(start..self.position)
            }
            5 => {
                self.skip(4)?;
                Value::Fixed
            }
            _ => return Err(wrong(number)),
        };
        Ok(Some(Field {
            number,
            value,
            place: start..self.position,
        }))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed::Overlong);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed::Overlong)
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, Malformed> {
        loop {
            if let Some(&byte) = self.piece.get(self.at) {
                self.at += 1;
                self.position += 1;
                return Ok(byte);
            }
            self.piece = self.more.next().ok_or(Malformed::Truncated)?;
            self.at = 0;
        }
    }

    #[inline]
    fn skip(&mut self, len: usize) -> Result<(), Malformed> {
        if len > self.end - self.position {
            return Err(Malformed::Truncated);
        }
        self.position += len;
        self.at += len;
        while self.at > self.piece.len() {
            self.at -= self.piece.len();
            self.piece = self.more.next().ok_or(Malformed::Truncated)?;
        }
        Ok(())
    }
}

impl Field {
    /// The number it holds.
    pub fn number(&self) -> Result<u64, Malformed> {
        match self.value {
            Value::Number(number) => Ok(number),
            Value::Bytes(_) => Err(self.wrong(2)),
            Value::Fixed => Err(self.wrong(5)),
        }
    }

    /// Where the bytes are that it holds.
    pub fn bytes(&self) -> Result<Range<usize>, Malformed> {
        match &self.value {
            Value::Bytes(range) => Ok(range.clone()),
            Value::Number(_) => Err(self.wrong(0)),
            Value::Fixed => Err(self.wrong(5)),
        }
    }

    fn wrong(&self, encoding: u8) -> Malformed {
        Malformed::Encoding {
            field: self.number,
            encoding,
        }
    }
}

/// Appends a number.
pub fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Appends a field that holds a number, unless that is the default.
pub fn put_number(bytes: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        put_any_number(bytes, field, value);
    }
}

/// Appends a field that holds a number, also if it is 0.
pub fn put_any_number(bytes: &mut Vec<u8>, field: u32, value: u64) {
    put_varint(bytes, u64::from(field) << 3);
    put_varint(bytes, value);
}

/// Appends the beginning of a field that holds so many bytes.
pub fn put_length(bytes: &mut Vec<u8>, field: u32, len: usize) {
    put_varint(bytes, u64::from(field) << 3 | 2);
    put_varint(bytes, len as u64);
}

/// Appends a field that holds a text, unless that is empty.
pub fn put_text(bytes: &mut Vec<u8>, field: u32, text: &str) {
    if !text.is_empty() {
        put_length(bytes, field, text.len());
        bytes.extend_from_slice(text.as_bytes());
    }
}
