//! The instance that a call takes if several have a free slot.

use std::collections::VecDeque;

use sim_core::Stream;

use super::instance::Instance;
use super::spec::words;

/// Which instance with a free slot a call takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WarmChoice {
    /// The one whose slot became free last: the others age and expire.
    #[default]
    Mru,
    /// The one whose slot became free first: all are kept alive.
    Lru,
    /// The one that was created last.
    Newest,
    /// The one that was created first.
    Oldest,
    /// Any.
    Random,
    /// The one that executes the most calls; among equals as `Mru`.
    Fullest,
    /// The one that executes the fewest calls; among equals as `Mru`.
    Emptiest,
}

words!(WarmChoice, "mru" => Mru, "lru" => Lru, "newest" => Newest, "oldest" => Oldest,
    "random" => Random, "fullest" => Fullest, "emptiest" => Emptiest);

impl WarmChoice {
    /// The position of the chosen one among instances in the order in which their last
    /// slot became free; `None` if there is none.
    #[inline]
    pub(super) fn pick(
        self,
        available: &VecDeque<u32>,
        slots: &[Instance],
        chance: &mut Stream,
    ) -> Option<usize> {
        let last = available.len().checked_sub(1)?;
        let by = |key: &dyn Fn(&Instance) -> u64| {
            let keys = available.iter().enumerate();
            let keys = keys.map(|(position, &slot)| (key(&slots[slot as usize]), position));
            keys.max().map(|(_, position)| position)
        };
        match self {
            Self::Mru => Some(last),
            Self::Lru => Some(0),
            _ if last == 0 => Some(0),
            Self::Newest => by(&|instance| instance.number),
            Self::Oldest => by(&|instance| u64::MAX - instance.number),
            Self::Random => Some(chance.index(last + 1)),
            Self::Fullest => by(&|instance| u64::from(instance.running)),
            Self::Emptiest => by(&|instance| u64::from(u32::MAX - instance.running)),
        }
    }

    /// Whether the choice depends on when a slot became free.
    pub(super) fn is_by_time(self) -> bool {
        !matches!(self, Self::Newest | Self::Oldest | Self::Random)
    }
}
