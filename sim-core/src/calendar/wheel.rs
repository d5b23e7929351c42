//! A hierarchy of timing wheels over the digits of the time.
//!
//! Level 0 is the last digit, with buckets one nanosecond wide; each level is
//! 64 times as coarse as the one below. An entry is filed at the level of
//! the highest digit in which its time differs from the origin, in the bucket of its
//! own digit there. So every bucket of a level is earlier than all those of the levels
//! above, and the next entries are in the first bucket of the lowest occupied level.
//! As the origin only moves forward, no wheel ever turns over.

use super::Entry;
use super::bucket::{Bucket, Chunks};
use super::front::{Front, SORTED};

/// Bits of one digit.
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = u64::BITS.div_ceil(BITS) as usize;

#[derive(Clone, Debug)]
pub(super) struct Wheel {
    chunks: Chunks,
    buckets: Vec<Bucket>,
    /// For each level, one bit per bucket that is not empty.
    occupied: [u64; LEVELS],
    /// One bit per level that has a bucket that is not empty.
    levels: u32,
    /// All entries are later.
    origin: u64,
}

impl Default for Wheel {
    fn default() -> Self {
        Self {
            chunks: Chunks::default(),
            buckets: vec![Bucket::EMPTY; LEVELS * SLOTS],
            occupied: [0; LEVELS],
            levels: 0,
            origin: 0,
        }
    }
}

impl Wheel {
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.levels == 0
    }

    /// Sets the time that entries are filed against; the wheel must be empty.
    pub fn set_origin(&mut self, origin: u64) {
        debug_assert!(self.is_empty());
        self.origin = origin;
    }

    /// Files an entry that is not earlier than the origin.
    #[inline]
    pub fn insert(&mut self, entry: Entry) {
        debug_assert!(entry.time >= self.origin);
        let level = (63 - ((entry.time ^ self.origin) | 1).leading_zeros()) / BITS;
        let digit = (entry.time >> (level * BITS)) as usize % SLOTS;
        let level = level as usize;
        self.occupied[level] |= 1 << digit;
        self.levels |= 1 << level;
        self.chunks
            .push(&mut self.buckets[level * SLOTS + digit], entry);
    }

    /// Moves the first bucket that has an entry to keep into `front`, which must
    /// be empty, and gives the end of that bucket; `None` if every such bucket begins
    /// after `limit`. Entries that `keep` refuses are dropped on the way.
    pub fn advance(
        &mut self,
        limit: u64,
        front: &mut Front,
        mut keep: impl FnMut(&Entry) -> bool,
    ) -> Option<u64> {
        debug_assert!(front.is_empty());
        while self.levels != 0 {
            let level = self.levels.trailing_zeros();
            let digit = self.occupied[level as usize].trailing_zeros();
            let start = self.start_of(level, digit);
            if start > limit {
                return None;
            }
            self.origin = start;
            let mut bucket = self.take(level as usize, digit as usize);
            if level == 0 || bucket.len() <= SORTED {
                while let Some(chunk) = self.chunks.detach(&mut bucket) {
                    let entries = self.chunks.read(&chunk).iter();
                    front.extend(entries.copied().filter(&mut keep));
                    self.chunks.free(chunk);
                }
                if !front.is_empty() {
                    if level > 0 {
                        front.sort();
                    }
                    return Some(start | ((1 << (level * BITS)) - 1));
                }
            } else {
                self.file_anew(bucket, &mut keep);
            }
        }
        None
    }

    /// The earliest time among the entries that satisfy `condition`.
    pub fn earliest(&self, condition: impl Fn(&Entry) -> bool) -> Option<u64> {
        (0..LEVELS).find_map(|level| {
            let mut digits = self.occupied[level];
            while digits != 0 {
                let bucket = &self.buckets[level * SLOTS + digits.trailing_zeros() as usize];
                digits &= digits - 1;
                let entries = self.chunks.iter(bucket).filter(|&entry| condition(entry));
                if let Some(time) = entries.map(|entry| entry.time).min() {
                    return Some(time);
                }
            }
            None
        })
    }

    /// Drops the entries that `keep` refuses.
    pub fn retain(&mut self, keep: &mut impl FnMut(&Entry) -> bool) {
        for level in 0..LEVELS {
            let mut digits = self.occupied[level];
            while digits != 0 {
                let digit = digits.trailing_zeros() as usize;
                digits &= digits - 1;
                let bucket = self.take(level, digit);
                self.file_anew(bucket, keep);
            }
        }
    }

    /// Files the entries of a bucket that was taken off, in their order.
    #[inline]
    fn file_anew(&mut self, mut bucket: Bucket, keep: &mut impl FnMut(&Entry) -> bool) {
        while let Some(chunk) = self.chunks.detach(&mut bucket) {
            for place in 0..chunk.len {
                let entry = self.chunks.read(&chunk)[place];
                if keep(&entry) {
                    self.insert(entry);
                }
            }
            self.chunks.free(chunk);
        }
    }

    /// The first instant of a bucket.
    #[inline]
    fn start_of(&self, level: u32, digit: u32) -> u64 {
        let above = u64::MAX.checked_shl((level + 1) * BITS).unwrap_or(0);
        (self.origin & above) | u64::from(digit) << (level * BITS)
    }

    /// Takes a bucket off its wheel.
    #[inline]
    fn take(&mut self, level: usize, digit: usize) -> Bucket {
        self.occupied[level] &= !(1 << digit);
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
        std::mem::replace(&mut self.buckets[level * SLOTS + digit], Bucket::EMPTY)
    }
}
