//! The cache of container images on a node.

use sim_core::{SimDuration, SimTime};

use super::spec::ImageCacheSpec;
use crate::units::Bytes;

/// Images that are on the node or on their way to it, the one used least recently first.
#[derive(Clone, Debug)]
pub(super) struct ImageCache {
    size: u64,
    used: u64,
    images: Vec<Image>,
}

#[derive(Clone, Copy, Debug)]
struct Image {
    function: u32,
    bytes: u64,
    /// When it is complete.
    complete: SimTime,
}

impl ImageCache {
    /// An empty cache.
    pub fn new(spec: &ImageCacheSpec) -> Self {
        Self {
            size: spec.size.0,
            used: 0,
            images: Vec::new(),
        }
    }

    /// The time until the image of a function is on the node; `pull` is how long it takes
    /// to fetch it.
    pub fn fetch(
        &mut self,
        now: SimTime,
        function: u32,
        bytes: Bytes,
        pull: impl FnOnce() -> SimDuration,
    ) -> SimDuration {
        let known = self.images.iter().position(|it| it.function == function);
        if let Some(position) = known {
            let image = self.images.remove(position);
            self.images.push(image);
            // Nothing if it is complete.
            return image.complete.since(now);
        }
        let pull = pull();
        let bytes = bytes.0;
        if bytes > self.size {
            return pull;
        }
        let mut leave = 0;
        while self.used > self.size - bytes {
            self.used -= self.images[leave].bytes;
            leave += 1;
        }
        self.images.drain(..leave);
        self.used += bytes;
        self.images.push(Image {
            function,
            bytes,
            complete: now + pull,
        });
        pull
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_fetched_once_while_there_is_room() {
        let mut cache = ImageCache::new(&ImageCacheSpec { size: Bytes(300) });
        let at = |secs| SimTime::ZERO + SimDuration::from_secs(secs);
        let mut fetch = |now, function, bytes| {
            let pull = || SimDuration::from_secs(8);
            cache
                .fetch(at(now), function, Bytes(bytes), pull)
                .as_secs_f64()
        };
        assert_eq!(fetch(0, 1, 200), 8.0);
        // A second instance waits for the same transfer.
        assert_eq!(fetch(3, 1, 200), 5.0);
        assert_eq!(fetch(9, 1, 200), 0.0);
        assert_eq!(fetch(10, 2, 100), 8.0);
        assert_eq!(fetch(20, 1, 200), 0.0);
        // Image 2 was used least recently.
        assert_eq!(fetch(30, 3, 100), 8.0);
        assert_eq!(fetch(40, 1, 200), 0.0);
        assert_eq!(fetch(50, 2, 100), 8.0);
        // Larger than the cache.
        assert_eq!(fetch(60, 4, 301), 8.0);
        assert_eq!(fetch(70, 4, 301), 8.0);
    }
}
