//! What requests of workflows carry besides a function and an input.

use slab::Slab;
use soe_model::units::Bytes;
use soe_model::workflow::{Request, Response, Sizes};

use super::ids::BaggageId;

/// Baggage in use. It exists as long as the first leg of the request.
#[derive(Debug, Default)]
pub(super) struct AllBaggage(Slab<Baggage>);

#[derive(Debug)]
struct Baggage {
    request: Request<Sizes>,
    response: Option<Response<Sizes>>,
}

impl AllBaggage {
    pub fn pack(&mut self, request: Request<Sizes>) -> BaggageId {
        let response = None;
        BaggageId::at(self.0.insert(Baggage { request, response }))
    }

    pub fn request(&self, id: BaggageId) -> Option<&Request<Sizes>> {
        Some(&self.0.get(id.position())?.request)
    }

    /// Whether the answer to a request is only an acknowledgement.
    pub fn is_asynchronous(&self, id: BaggageId) -> bool {
        id != BaggageId::NONE
            && self
                .request(id)
                .is_some_and(|request| request.callback.is_some())
    }

    pub fn answer(&mut self, id: BaggageId, response: Response<Sizes>) {
        if let Some(baggage) = self.0.get_mut(id.position()) {
            baggage.response = Some(response);
        }
    }

    /// The first leg of the request has ended.
    pub fn unpack(&mut self, id: BaggageId) -> Option<Response<Sizes>> {
        self.0.try_remove(id.position())?.response
    }

    /// The size of a request on the wire.
    #[inline]
    pub fn size_of_request(&self, id: BaggageId, input: Bytes) -> Bytes {
        match id {
            BaggageId::NONE => input,
            some => self.request(some).map_or(input, Request::size),
        }
    }

    /// The size of a response on the wire.
    #[inline]
    pub fn size_of_response(&self, id: BaggageId, output: Bytes) -> Bytes {
        match id {
            BaggageId::NONE => output,
            some => self.response(some).map_or(output, Response::size),
        }
    }

    fn response(&self, id: BaggageId) -> Option<&Response<Sizes>> {
        self.0.get(id.position())?.response.as_ref()
    }
}
