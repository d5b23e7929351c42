//! The computer at which the branches of a request meet.

use sim_core::Stream;

use crate::hash::{FNV_OFFSET, fnv, scramble};
use crate::names::{EndpointId, Names};

/// A join of one request: all its predecessors must reach the same computer.
///
/// Every broker ranks the computers that offer the function by a number made of
/// the request's uuid, the step and the endpoint of the computer (rendezvous
/// hashing: Thaler and Ravishankar, "Using name-based mappings to increase hit
/// rates", IEEE/ACM ToN 1998) and takes the greatest. Brokers with the same
/// computers in their tables thus agree without talking to each other, and when
/// a computer goes only the requests that met there move.
///
/// ```
/// use soe_model::workflow::Meeting;
///
/// let meeting = Meeting::new("24f79f9d-3e30-4a37-8b43-bd5f5c1a6d12", 3);
/// let ranked = |one, other| meeting.rank(one) > meeting.rank(other);
/// assert_eq!(ranked("host1:6473", "host2:6473"), !ranked("host2:6473", "host1:6473"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meeting(u64);

impl Meeting {
    /// The join of the request called `uuid` at `step`.
    pub fn new(uuid: &str, step: u32) -> Self {
        let hash = fnv(FNV_OFFSET, uuid.as_bytes());
        Self(fnv(hash, &step.to_le_bytes()))
    }

    /// The rank of a computer; the greatest wins.
    pub fn rank(self, endpoint: &str) -> u64 {
        scramble(fnv(self.0, endpoint.as_bytes()))
    }

    /// Endpoints from the best to the worst; the name decides between equals.
    pub fn sort(self, endpoints: &mut [EndpointId], names: &Names<EndpointId>) {
        endpoints.sort_by_cached_key(|&endpoint| {
            let name = names.name(endpoint);
            (std::cmp::Reverse(self.rank(name)), name.to_owned())
        });
    }
}

/// A random UUID of version 4, in lower case, drawn from `stream`.
pub fn uuid(stream: &mut Stream) -> String {
    let high = stream.integer(0..=u64::MAX);
    let low = stream.integer(0..=u64::MAX);
    let bits = (u128::from(high) << 64) | u128::from(low);
    let version = bits & !(0xf << 76) | (0x4 << 76);
    let variant = version & !(0x3 << 62) | (0x2 << 62);
    let digits = format!("{variant:032x}");
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    groups.map(|group| &digits[group]).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::Streams;

    /// Brokers of different builds must agree: these numbers may never change.
    #[test]
    fn ranks_are_the_same_for_ever() {
        let meeting = Meeting::new("24f79f9d-3e30-4a37-8b43-bd5f5c1a6d12", 3);
        assert_eq!(meeting.rank("127.0.0.1:10000"), RANKS[0]);
        assert_eq!(meeting.rank("127.0.0.1:10001"), RANKS[1]);
    }

    const RANKS: [u64; 2] = [8_548_190_276_308_250_207, 12_819_482_147_281_959_172];

    #[test]
    fn requests_spread_over_computers_and_few_move_when_one_goes() {
        let mut names = Names::default();
        let all: Vec<EndpointId> = (0..5)
            .map(|n| names.intern(&format!("host{n}:6473")))
            .collect();
        let mut stream = Streams::new(1, 0).stream("client", "uuid");
        let mut counts = [0; 5];
        for _ in 0..5000 {
            let meeting = Meeting::new(&uuid(&mut stream), 4);
            let mut ranked = all.clone();
            meeting.sort(&mut ranked, &names);
            counts[ranked[0].0 as usize] += 1;
            let mut left: Vec<_> = all.iter().copied().filter(|&one| one != all[2]).collect();
            meeting.sort(&mut left, &names);
            assert!(ranked[0] == all[2] || ranked[0] == left[0]);
        }
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn uuids_have_the_form_of_version_4() {
        let mut stream = Streams::new(1, 0).stream("client", "uuid");
        for _ in 0..100 {
            let uuid = uuid(&mut stream);
            assert_eq!(uuid.len(), 36);
            let bytes = uuid.as_bytes();
            assert_eq!([bytes[8], bytes[13], bytes[14], bytes[18]], *b"--4-");
            assert!(b"89ab".contains(&bytes[19]));
        }
    }
}
