//! The compact protocol of Apache Thrift, as far as Parquet needs it for writing.

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// A struct under construction, whose fields are added in the order of their numbers.
#[derive(Default)]
pub(super) struct Struct {
    bytes: Vec<u8>,
    last: i16,
}

impl Struct {
    pub(super) fn i32(&mut self, field: i16, value: i64) {
        self.begin(field, I32);
        self.zigzag(value);
    }

    pub(super) fn i64(&mut self, field: i16, value: i64) {
        self.begin(field, I64);
        self.zigzag(value);
    }

    pub(super) fn text(&mut self, field: i16, text: &str) {
        self.begin(field, BINARY);
        self.binary(text);
    }

    /// A struct within.
    pub(super) fn field(&mut self, field: i16, value: Struct) {
        self.begin(field, STRUCT);
        self.bytes.extend(value.finish());
    }

    pub(super) fn i32s(&mut self, field: i16, values: &[i64]) {
        self.list(field, I32, values.len());
        values.iter().for_each(|value| self.zigzag(*value));
    }

    pub(super) fn texts(&mut self, field: i16, texts: &[&str]) {
        self.list(field, BINARY, texts.len());
        texts.iter().for_each(|text| self.binary(text));
    }

    /// A list of finished structs.
    pub(super) fn structs(&mut self, field: i16, structs: &[Vec<u8>]) {
        self.list(field, STRUCT, structs.len());
        structs.iter().for_each(|bytes| self.bytes.extend(bytes));
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }

    fn begin(&mut self, field: i16, kind: u8) {
        // All fields in use are less than 16 apart.
        let step = (field - self.last) as u8;
        self.bytes.push(step << 4 | kind);
        self.last = field;
    }

    fn list(&mut self, field: i16, kind: u8, length: usize) {
        self.begin(field, LIST);
        if length < 15 {
            self.bytes.push((length as u8) << 4 | kind);
        } else {
            self.bytes.push(0xf0 | kind);
            varint(&mut self.bytes, length as u64);
        }
    }

    fn binary(&mut self, text: &str) {
        varint(&mut self.bytes, text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn zigzag(&mut self, value: i64) {
        varint(&mut self.bytes, (value << 1 ^ value >> 63) as u64);
    }
}

/// A number in groups of seven bits, the lowest first.
pub(super) fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_encoded_as_the_specification_shows() {
        let bytes = |value| {
            let mut bytes = Vec::new();
            varint(&mut bytes, value);
            bytes
        };
        assert_eq!(bytes(50_399), [0xdf, 0x89, 0x03]);
        assert_eq!(bytes(0), [0]);
        let mut fields = Struct::default();
        fields.i32(1, -1);
        fields.i64(3, 1);
        assert_eq!(fields.finish(), [0x15, 0x01, 0x26, 0x02, 0x00]);
    }
}
