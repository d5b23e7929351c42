//! The additional content of workflow requests, besides a function and an input.

use slab::Slab;
use soe_model::workflow::{Request, Response, Sizes};

/// The baggage of a leg and of all legs that forward it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::world) struct BaggageId(u32);

impl BaggageId {
    /// That of a call of a single function.
    pub const NONE: Self = Self(u32::MAX);
}

/// Baggage in transit. It lives as long as the leg of the request's sender.
#[derive(Debug, Default)]
pub(in crate::world) struct AllBaggage(Slab<Baggage>);

#[derive(Debug)]
struct Baggage {
    request: Request<Sizes>,
    response: Option<Response<Sizes>>,
}

impl AllBaggage {
    pub fn pack(&mut self, request: Request<Sizes>) -> BaggageId {
        let response = None;
        BaggageId(self.0.insert(Baggage { request, response }) as u32)
    }

    pub fn request(&self, id: BaggageId) -> Option<&Request<Sizes>> {
        Some(&self.0.get(id.0 as usize)?.request)
    }

    /// Whether the answer to a request is only an acknowledgement.
    pub fn is_asynchronous(&self, id: BaggageId) -> bool {
        self.request(id)
            .is_some_and(|request| request.callback.is_some())
    }

    pub fn response(&self, id: BaggageId) -> Option<&Response<Sizes>> {
        self.0.get(id.0 as usize)?.response.as_ref()
    }

    pub fn answer(&mut self, id: BaggageId, response: Response<Sizes>) {
        if let Some(baggage) = self.0.get_mut(id.0 as usize) {
            baggage.response = Some(response);
        }
    }

    /// The leg of the request's sender has ended.
    pub fn unpack(&mut self, id: BaggageId) -> Option<Response<Sizes>> {
        self.0.try_remove(id.0 as usize)?.response
    }
}
