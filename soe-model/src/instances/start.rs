//! The time that an instance takes to start, in parts.

use std::sync::Arc;

use sim_core::{SimDuration, SimTime, Stream};

use super::image::ImageCache;
use crate::catalogue::ArgumentError;
use crate::duration::{DurationDistribution, DurationSpec};
use crate::units::Bytes;

/// The parts of the time that an instance takes to start; what is left out takes no time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StartSpec {
    /// The size of the container image.
    pub image: Bytes,
    /// Fetching the image, if the node does not have it.
    pub pull: Option<DurationSpec>,
    /// Creating the sandbox.
    pub create: Option<DurationSpec>,
    /// Starting the runtime.
    pub runtime: Option<DurationSpec>,
    /// Loading the code of the function.
    pub code: Option<DurationSpec>,
    /// Loading what it depends on.
    pub dependencies: Option<DurationSpec>,
    /// Its own initialization.
    pub init: Option<DurationSpec>,
}

/// Draws start times of one function.
#[derive(Clone, Debug)]
pub(super) struct StartTime {
    image: Bytes,
    pull: Option<Arc<dyn DurationDistribution>>,
    parts: Vec<Arc<dyn DurationDistribution>>,
    chance: Stream,
    /// Of the starts that are over, in nanoseconds.
    measured: u128,
    count: u64,
    mean: SimDuration,
}

impl StartSpec {
    /// Checks that the distributions of all parts can be built.
    ///
    /// # Errors
    /// The first part whose arguments contradict each other, and why.
    pub fn check(&self) -> Result<(), (&'static str, ArgumentError)> {
        self.build().map(drop)
    }

    #[expect(clippy::type_complexity, reason = "only here")]
    fn build(
        &self,
    ) -> Result<
        (
            Option<Arc<dyn DurationDistribution>>,
            Vec<Arc<dyn DurationDistribution>>,
        ),
        (&'static str, ArgumentError),
    > {
        let build = |name: &'static str, spec: &Option<DurationSpec>| {
            let build = |spec: &DurationSpec| (spec.kind.build)(&spec.arguments);
            spec.as_ref()
                .map(build)
                .transpose()
                .map_err(|error| (name, error))
        };
        let parts = [
            ("create", &self.create),
            ("runtime", &self.runtime),
            ("code", &self.code),
            ("dependencies", &self.dependencies),
            ("init", &self.init),
        ];
        let pull = build("pull", &self.pull)?;
        let parts = parts.map(|(name, spec)| build(name, spec));
        let parts: Result<Vec<_>, _> = parts.into_iter().collect();
        Ok((pull, parts?.into_iter().flatten().collect()))
    }
}

impl StartTime {
    /// Draws from `chance`.
    ///
    /// # Errors
    /// As [`StartSpec::check`].
    pub fn new(spec: &StartSpec, chance: Stream) -> Result<Self, (&'static str, ArgumentError)> {
        let (pull, parts) = spec.build()?;
        let means = parts.iter().map(|part| part.mean());
        Ok(Self {
            mean: means.fold(SimDuration::ZERO, |sum, mean| sum + mean),
            image: spec.image,
            pull,
            parts,
            chance,
            measured: 0,
            count: 0,
        })
    }

    /// The time that an instance needs that is created now.
    pub fn draw(
        &mut self,
        now: SimTime,
        function: u32,
        images: Option<&mut ImageCache>,
    ) -> SimDuration {
        let mut time = SimDuration::ZERO;
        if let (Some(pull), Some(images)) = (&self.pull, images) {
            let chance = &mut self.chance;
            time = images.fetch(now, function, self.image, || pull.draw(chance));
        }
        for part in &self.parts {
            time += part.draw(&mut self.chance);
        }
        time
    }

    /// A start is over that took so long.
    pub fn measure(&mut self, took: SimDuration) {
        self.measured += u128::from(took.as_nanos());
        self.count += 1;
        let mean = self.measured / u128::from(self.count);
        self.mean = SimDuration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX));
    }

    /// The mean of the starts so far; until there is one, the mean of the distributions,
    /// without the pull.
    pub fn mean(&self) -> SimDuration {
        self.mean
    }
}
