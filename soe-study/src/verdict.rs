//! The verdict on a claim of a study.

/// What came out of a claim.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The name of the finding.
    pub name: String,
    /// The claim in words.
    pub claim: String,
    /// Whether it was reproduced.
    pub reproduced: bool,
    /// The number of places at which it was evaluated.
    pub places: usize,
    /// In how many of them the ratio is less than 1, or falls, beyond doubt.
    pub less: usize,
    /// In how many it is more than 1, or rises, beyond doubt.
    pub more: usize,
    /// The numbers behind it, in words.
    pub numbers: String,
}

impl Verdict {
    /// In one line.
    pub fn line(&self) -> String {
        let word = match self.reproduced {
            true => "reproduced",
            false => "NOT reproduced",
        };
        format!("{word}: {} ({})", self.claim, self.numbers)
    }
}
