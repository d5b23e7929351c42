//! `none`: an idle instance is removed at once.

use sim_core::SimDuration;

use super::{BuildKeepAlive, Idle, KeepAlive, Window};
use crate::catalogue::Kind;

pub const KIND: Kind<BuildKeepAlive> = Kind::new(
    "none",
    "Removes an instance as soon as it is idle: every call starts one.",
    |_| Box::new(None),
);

#[derive(Clone, Debug)]
struct None;

impl KeepAlive for None {
    fn window(&mut self, _: &Idle) -> Window {
        Window::of(SimDuration::ZERO)
    }
}
