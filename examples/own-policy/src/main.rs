//! `soe` with a policy of its own: the destination that reported the least load, and
//! among those that report the same the one with the fewest pending calls.

use soe::prelude::*;

const KIND: Kind<PolicyBuilder> = Kind::new(
    "least-load",
    "The destination that reported the least load, then the fewest pending calls.",
    |_| Box::new(LeastLoad),
);

#[derive(Debug)]
struct LeastLoad;

impl Policy for LeastLoad {
    fn pick(&mut self, _: SimTime, candidates: &Candidates<'_>, _: &mut Stream) -> usize {
        let load = |position| candidates.load(position).map_or(0, |load| load.percent);
        let rank = |&position: &usize| (load(position), candidates.pending(position));
        (0..candidates.len()).min_by_key(rank).unwrap_or(0)
    }
}

fn main() -> std::process::ExitCode {
    soe::Program::new().policy(KIND).main()
}
