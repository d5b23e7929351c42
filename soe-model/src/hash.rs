//! Hashes of names that all brokers of all builds agree on.
//!
//! FNV-1a (Fowler, Noll and Vo) of the bytes of a name, and the finalizer of SplitMix64
//! (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014)
//! to mix its weak high bits. Results depend on them, so they may never change.

/// The hash of nothing, with which FNV-1a starts.
pub(crate) const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a, continued from `hash`.
pub(crate) fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
    bytes.iter().fold(hash, step)
}

/// The finalizer of SplitMix64: every bit of the result depends on every bit.
pub(crate) fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The hash of a name.
pub(crate) fn of_name(name: &str) -> u64 {
    fnv(FNV_OFFSET, name.as_bytes())
}
