//! What holds for all replications of a simulation.

use crate::{AppModel, Error, LambdaAlgorithm, MuAlgorithm, PoissonRule};

/// The parameters of the orchestrator and of the applications.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Share of the containers of each edge node that applications in their mu phase may
    /// use, rounded down per node; from 0 to 1.
    pub alpha: f64,
    /// Share of the capacity of a container that requests may use; more than 0, at most 1.
    pub beta: f64,
    /// What a request pays per unit of stored data from the first container of the
    /// cloud; at least 0.
    pub storage_local: f64,
    /// What it pays from any other container; at least 0.
    pub storage_remote: f64,
    /// What applications are like.
    pub applications: AppModel,
    /// How applications in their mu phase get containers.
    pub mu: MuAlgorithm,
    /// How requests of applications in their lambda phase get containers.
    pub lambda: LambdaAlgorithm,
    /// How numbers of applications are drawn.
    pub poisson: PoissonRule,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            alpha: 0.5,
            beta: 0.5,
            storage_local: 0.0,
            storage_remote: 0.0,
            applications: AppModel::default(),
            mu: MuAlgorithm::default(),
            lambda: LambdaAlgorithm::default(),
            poisson: PoissonRule::default(),
        }
    }
}

/// A smaller share makes capacities that no machine can count.
const LEAST_BETA: f64 = 1e-6;
const MOST_STORAGE_COST: f64 = 1e9;

impl Setting {
    /// Checks that each number is in its range.
    ///
    /// # Errors
    /// Which one is not.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |name: &str, found: f64, allowed: &str| {
            Err(Error::Parameter(format!(
                "{name} is {found}, expected {allowed}"
            )))
        };
        if !(0.0..=1.0).contains(&self.alpha) {
            return wrong("alpha", self.alpha, "0 to 1");
        }
        if !(LEAST_BETA..=1.0).contains(&self.beta) {
            return wrong(
                "beta",
                self.beta,
                "more than 0 (at least 0.000001) and at most 1",
            );
        }
        for (name, cost) in [
            ("cloud storage cost local", self.storage_local),
            ("cloud storage cost remote", self.storage_remote),
        ] {
            if !(0.0..=MOST_STORAGE_COST).contains(&cost) {
                return wrong(name, cost, "0 to 1e9");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_range() {
        assert!(Setting::default().check().is_ok());
        type Change = (fn(&mut Setting), &'static str);
        let change: [Change; 6] = [
            (|setting| setting.alpha = -0.1, "alpha is -0.1"),
            (|setting| setting.alpha = f64::NAN, "alpha is NaN"),
            (
                |setting| setting.beta = 0.0,
                "beta is 0, expected more than 0",
            ),
            (|setting| setting.beta = 1.1, "beta is 1.1"),
            (|setting| setting.storage_local = -1.0, "local is -1"),
            (
                |setting| setting.storage_remote = f64::INFINITY,
                "remote is inf",
            ),
        ];
        for (change, expected) in change {
            let mut setting = Setting::default();
            change(&mut setting);
            let message = setting.check().unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
