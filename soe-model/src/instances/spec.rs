//! What a user chooses about the instances of a function.

use sim_core::SimDuration;

use super::autoscaler::AutoscalerSpec;
use super::keep_alive::KeepAliveSpec;
use super::start::StartSpec;
use super::warm::WarmChoice;
use crate::units::Bytes;

/// What the functions that share the memory of a processor have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolSpec {
    /// How long idle instances are kept, and which give up memory first.
    pub keep_alive: KeepAliveSpec,
    /// What happens to a call for which no instance can be created.
    pub overflow: Overflow,
    /// The size of the image cache of the node, and whether all images are in it at the
    /// start; `None` is a cache that always has every image.
    pub images: Option<ImageCacheSpec>,
}

/// The cache of container images on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageCacheSpec {
    /// Its size; the images that were used least recently leave.
    pub size: Bytes,
}

/// The life cycle of the instances of one function.
#[derive(Clone, Debug, PartialEq)]
pub struct InstancesSpec {
    /// What a call does that finds no free slot.
    pub scaling: Scaling,
    /// Which instance a call waits for.
    pub binding: Binding,
    /// Which instance with a free slot a call takes.
    pub warm_choice: WarmChoice,
    /// Calls that an instance executes at the same time, at least 1.
    pub concurrency: u32,
    /// The least number of instances: so many are ready at the start, and neither expire
    /// nor are evicted.
    pub min: u32,
    /// The greatest number of instances, at least 1.
    pub max: u32,
    /// The most calls that wait for an instance; further ones are rejected.
    pub queue: usize,
    /// The memory that an instance holds from its creation until it is gone.
    pub memory: Bytes,
    /// How long an instance takes to start.
    pub start: StartSpec,
    /// How long an instance that was removed still holds its memory.
    pub teardown: SimDuration,
    /// Creates and removes instances by load.
    pub autoscaler: Option<AutoscalerSpec>,
}

/// What a call does that finds no free slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scaling {
    /// It creates an instance (SimFaaS, AWS Lambda).
    #[default]
    PerRequest,
    /// It reserves a slot of an instance that is starting, or else creates one
    /// (dslab-faas).
    Join,
    /// It waits; instances are created by the autoscaler only (Knative).
    Queue,
    /// It creates an instance if none of its function is starting.
    MaxOnePending,
}

/// Which instance a call waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Binding {
    /// The one that its arrival has created or joined.
    #[default]
    Early,
    /// Whichever has a free slot first.
    Late,
}

/// What happens to a call for which no instance can be created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// It waits, in order of arrival.
    #[default]
    Queue,
    /// It is rejected.
    Reject,
}

/// A choice among a few, by name.
macro_rules! words {
    ($type:ident, $($word:literal => $value:ident),+) => {
        impl $type {
            /// The names, in the order of the documentation.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The choice with this name.
            pub fn named(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$value),)+
                    _ => None,
                }
            }
        }
    };
}
pub(super) use words;

words!(Scaling, "per-request" => PerRequest, "join" => Join, "queue" => Queue,
    "max-one-pending" => MaxOnePending);
words!(Binding, "early" => Early, "late" => Late);
words!(Overflow, "queue" => Queue, "reject" => Reject);

impl Scaling {
    /// The binding unless another is chosen.
    pub const fn usual_binding(self) -> Binding {
        match self {
            Self::PerRequest | Self::Join => Binding::Early,
            Self::Queue | Self::MaxOnePending => Binding::Late,
        }
    }
}
