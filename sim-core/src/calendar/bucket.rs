//! Queues of entries that share one store of fixed-size chunks.
//!
//! Buckets fill and empty constantly and differ widely in size. With a common store
//! they neither allocate nor retain memory: the size of the store follows the total
//! number of entries in all buckets.

use super::Entry;

/// Entries of one chunk: 512 bytes.
const CHUNK: usize = 16;
const NONE: u32 = u32::MAX;

/// A first-in first-out queue of entries, whose chunks are in a [`Chunks`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    head: u32,
    tail: u32,
    len: u32,
}

impl Bucket {
    pub const EMPTY: Self = Self {
        head: NONE,
        tail: NONE,
        len: 0,
    };

    #[inline]
    pub fn len(&self) -> usize {
        self.len as usize
    }
}

/// A chunk that was taken off its bucket.
pub(super) struct Chunk {
    index: u32,
    pub len: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Chunks {
    entries: Vec<Entry>,
    /// The chunk that follows each chunk in its bucket or in the free list.
    next: Vec<u32>,
    free: u32,
}

impl Default for Chunks {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            next: Vec::new(),
            free: NONE,
        }
    }
}

impl Chunks {
    /// Adds `entry` at the end of `bucket`.
    #[inline]
    pub fn push(&mut self, bucket: &mut Bucket, entry: Entry) {
        let used = bucket.len as usize % CHUNK;
        if used == 0 {
            let chunk = self.allocate();
            if bucket.len == 0 {
                bucket.head = chunk;
            } else {
                self.next[bucket.tail as usize] = chunk;
            }
            bucket.tail = chunk;
        }
        self.entries[bucket.tail as usize * CHUNK + used] = entry;
        bucket.len += 1;
    }

    /// Takes the first chunk off `bucket`, to be [freed](Self::free) when it is read.
    #[inline]
    pub fn detach(&mut self, bucket: &mut Bucket) -> Option<Chunk> {
        if bucket.len == 0 {
            return None;
        }
        let chunk = Chunk {
            index: bucket.head,
            len: bucket.len().min(CHUNK),
        };
        bucket.head = self.next[chunk.index as usize];
        bucket.len -= chunk.len as u32;
        Some(chunk)
    }

    #[inline]
    pub fn read(&self, chunk: &Chunk) -> &[Entry] {
        let start = chunk.index as usize * CHUNK;
        &self.entries[start..start + chunk.len]
    }

    #[inline]
    pub fn free(&mut self, chunk: Chunk) {
        self.next[chunk.index as usize] = self.free;
        self.free = chunk.index;
    }

    /// All entries of `bucket` in order.
    pub fn iter(&self, bucket: &Bucket) -> impl Iterator<Item = &Entry> {
        let (mut chunk, mut left) = (bucket.head, bucket.len());
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let len = left.min(CHUNK);
            let start = chunk as usize * CHUNK;
            left -= len;
            chunk = self.next[chunk as usize];
            Some(&self.entries[start..start + len])
        })
        .flatten()
    }

    #[inline]
    fn allocate(&mut self) -> u32 {
        if self.free == NONE {
            return self.grow();
        }
        let chunk = self.free;
        self.free = self.next[chunk as usize];
        chunk
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> u32 {
        let chunk = self.next.len() as u32;
        self.next.push(NONE);
        self.entries
            .resize(self.entries.len() + CHUNK, Entry::default());
        chunk
    }
}
