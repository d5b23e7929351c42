//! Draws without replacement.

use sim_core::Stream;

/// Two different positions of at least two, all pairs equally likely, in the order drawn.
#[inline]
pub(super) fn two(count: usize, chance: &mut Stream) -> [usize; 2] {
    let first = chance.index(count);
    // The others are numbered as if the first were not there.
    let other = chance.index(count - 1);
    [first, other + usize::from(other >= first)]
}

/// Draws several different positions; remembers a permutation, so that nothing is allocated
/// for a draw.
#[derive(Clone, Debug, Default)]
pub(super) struct Draws {
    order: Vec<u32>,
}

impl Draws {
    /// `wanted` different positions of `count` in the order drawn, all selections equally
    /// likely; all positions if there are fewer.
    pub fn draw(&mut self, wanted: usize, count: usize, chance: &mut Stream) -> &[u32] {
        if self.order.len() != count {
            self.order.clear();
            self.order.extend(0..count as u32);
        }
        // The first steps of a Fisher-Yates shuffle; whatever order it starts from, the
        // result is uniform.
        let drawn = wanted.min(count);
        for place in 0..drawn {
            let other = place + chance.index(count - place);
            self.order.swap(place, other);
        }
        &self.order[..drawn]
    }
}
