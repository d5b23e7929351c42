//! `infinite`: idle instances stay until memory is short.

use super::{BuildKeepAlive, Idle, KeepAlive, Window};
use crate::catalogue::Kind;

pub const KIND: Kind<BuildKeepAlive> = Kind::new(
    "infinite",
    "Keeps idle instances until memory is short; the one that is idle longest is evicted first.",
    |_| Box::new(Infinite),
);

#[derive(Clone, Debug)]
struct Infinite;

impl KeepAlive for Infinite {
    fn window(&mut self, _: &Idle) -> Window {
        Window::FOREVER
    }
}
