//! What an estimator predicts.

/// A predicted response time, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prediction {
    /// The part in the network; zero for estimators that do not separate the parts.
    pub network: f64,
    /// The part at the destination.
    pub processing: f64,
    /// The load of the destination, in percent, on which the prediction is based.
    pub load: u32,
}

impl Prediction {
    /// The whole response time, in seconds.
    pub fn total(&self) -> f64 {
        self.network + self.processing
    }
}
