//! Identifiers that several parts of the world share.

macro_rules! numbers {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name(pub u32);

        impl $name {
            /// Its position among all of its kind.
            #[inline]
            pub(super) fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

numbers! {
    /// A client, by its position in the deployment.
    ClientId;
    /// A broker, by its position in the deployment.
    BrokerId;
    /// A computer, by its position in the deployment.
    ComputerId;
    /// A controller, by its position in the deployment.
    ControllerId;
}

/// An unfinished run of a workflow; counted from 0 over all clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunId(pub u32);

/// A leg in progress. Identifiers are reused after a leg has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LegId(u32);

impl LegId {
    /// The leg at this position among all legs.
    #[inline]
    pub(super) fn at(position: usize) -> Self {
        Self(position as u32)
    }

    /// Its position among all legs.
    #[inline]
    pub(super) fn position(self) -> usize {
        self.0 as usize
    }

    /// The number by which brokers and computers know it: as a call, or as a task.
    #[inline]
    pub(super) fn key(self) -> u64 {
        u64::from(self.0)
    }

    /// The leg that a broker or computer knows by this number.
    #[inline]
    pub(super) fn of(key: u64) -> Self {
        Self(key as u32)
    }
}

/// The baggage of a leg and of all legs that forward it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BaggageId(u32);

impl BaggageId {
    /// That of a call of a single function.
    pub const NONE: Self = Self(u32::MAX);

    /// The baggage at this position among all baggage.
    pub fn at(position: usize) -> Self {
        Self(position as u32)
    }

    /// Its position among all baggage.
    pub fn position(self) -> usize {
        self.0 as usize
    }
}

/// The entity behind an endpoint.
#[derive(Clone, Copy, Debug)]
pub(super) enum Receiver {
    Broker(BrokerId),
    Computer(ComputerId),
}
