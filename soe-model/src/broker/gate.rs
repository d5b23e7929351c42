//! A limit of pending calls per destination; further calls wait in order of arrival.

use std::collections::VecDeque;

use crate::names::{EndpointId, Id};

#[derive(Debug)]
pub(super) struct Gate<T> {
    limit: Option<u32>,
    /// By destination.
    lanes: Vec<Lane<T>>,
}

#[derive(Debug)]
struct Lane<T> {
    inside: u32,
    waiting: VecDeque<T>,
}

impl<T: Copy + PartialEq> Gate<T> {
    pub(super) fn new(limit: Option<u32>) -> Self {
        Self {
            // A gate with a limit of 0 would hold every call forever.
            limit: limit.map(|limit| limit.max(1)),
            lanes: Vec::new(),
        }
    }

    pub(super) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Lets `who` in, or makes it wait and returns `false`. Without a limit nothing is
    /// counted.
    pub(super) fn enter(&mut self, destination: EndpointId, who: T) -> bool {
        let Some(limit) = self.limit else {
            return true;
        };
        let index = destination.index();
        if index >= self.lanes.len() {
            self.lanes.resize_with(index + 1, || Lane {
                inside: 0,
                waiting: VecDeque::new(),
            });
        }
        let lane = &mut self.lanes[index];
        let free = lane.inside < limit;
        if free {
            lane.inside += 1;
        } else {
            lane.waiting.push_back(who);
        }
        free
    }

    /// One goes out; who comes in instead.
    pub(super) fn leave(&mut self, destination: EndpointId) -> Option<T> {
        let lane = self.lanes.get_mut(destination.index())?;
        let next = lane.waiting.pop_front();
        if next.is_none() {
            lane.inside = lane.inside.saturating_sub(1);
        }
        next
    }

    /// `who` does not want to wait any longer.
    pub(super) fn withdraw(&mut self, destination: EndpointId, who: T) {
        if let Some(lane) = self.lanes.get_mut(destination.index()) {
            lane.waiting.retain(|waiting| *waiting != who);
        }
    }

    /// Sends away those who wait and satisfy `gone`, destination by destination
    /// in order.
    pub(super) fn send_away(&mut self, gone: impl Fn(T) -> bool, away: &mut VecDeque<T>) {
        for lane in &mut self.lanes {
            if lane.waiting.iter().any(|&waiting| gone(waiting)) {
                away.extend(lane.waiting.iter().filter(|&&waiting| gone(waiting)));
                lane.waiting.retain(|&waiting| !gone(waiting));
            }
        }
    }

    /// How many are inside, and how many wait.
    pub(super) fn occupancy(&self, destination: EndpointId) -> (u32, u32) {
        let lane = self.lanes.get(destination.index());
        lane.map_or((0, 0), |lane| (lane.inside, lane.waiting.len() as u32))
    }
}
