//! How long applications stay in each phase: from their accesses to storage, by what
//! either phase costs.

use std::path::Path;

use crate::Error;
use crate::timestamps::{AppAccesses, TimestampError, TimestampReader};

/// What the phases of an application cost. An access costs its execution; in the lambda
/// phase it also reads or writes the state. Time costs the memory that is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CostModel {
    /// An access in the mu phase.
    pub exec_mu: f64,
    /// An access in the lambda phase.
    pub exec_lambda: f64,
    /// Reading the state in the lambda phase.
    pub read_lambda: f64,
    /// Writing the state in the lambda phase.
    pub write_lambda: f64,
    /// A millisecond in the mu phase.
    pub warm_mu: f64,
    /// A millisecond in the lambda phase.
    pub warm_lambda: f64,
    /// The change from lambda to mu.
    pub migrate_mu: f64,
    /// The change from mu to lambda.
    pub migrate_lambda: f64,
}

impl CostModel {
    /// That of the dynamic simulations of the original.
    pub const LAMBDAMUSIM: Self = Self {
        exec_mu: 0.0,
        exec_lambda: 0.6,
        read_lambda: 0.4,
        write_lambda: 0.5,
        warm_mu: 6.3e-6,
        warm_lambda: 0.0,
        migrate_mu: 12.0,
        migrate_lambda: 12.0,
    };

    /// An access in the lambda phase.
    fn lambda(&self, is_write: bool) -> f64 {
        self.exec_lambda
            + if is_write {
                self.write_lambda
            } else {
                self.read_lambda
            }
    }

    /// Whether an application in its mu phase changes to lambda for the time until its
    /// next access.
    pub fn leaves_mu(&self, time: f64) -> bool {
        self.warm_mu * time > self.migrate_lambda + self.warm_lambda * time
    }

    /// Whether an application in its lambda phase changes to mu at the access `at`: if
    /// this is cheaper up to one of the next 500 accesses.
    pub fn leaves_lambda(&self, accesses: &[(f64, bool)], at: usize) -> bool {
        let (mut last, is_write) = accesses[at];
        let mut mu = self.migrate_mu + self.exec_mu;
        let mut lambda = self.lambda(is_write);
        for &(time, is_write) in accesses[at + 1..].iter().take(LOOK_AHEAD) {
            let duration = time - last;
            mu += self.exec_mu + self.warm_mu * duration;
            lambda += self.lambda(is_write) + self.warm_lambda * duration;
            last = time;
            if mu < lambda {
                break;
            }
        }
        mu < lambda
    }

    /// How long an application stays in its phases by turns, from lambda on, with the
    /// cheaper phase each time. The last period is not over and left out.
    pub fn periods(&self, accesses: &[(f64, bool)]) -> Vec<f64> {
        let mut periods = Vec::new();
        let mut is_mu = false;
        let mut current = 0.0;
        for at in 1..accesses.len() {
            let time = accesses[at].0 - accesses[at - 1].0;
            let leaves = match is_mu {
                true => self.leaves_mu(time),
                false => self.leaves_lambda(accesses, at - 1),
            };
            if leaves {
                periods.push(current);
                current = time;
                is_mu = !is_mu;
            } else {
                current += time;
            }
        }
        periods
    }
}

/// How many accesses ahead a change from lambda to mu may pay.
pub const LOOK_AHEAD: usize = 500;

/// The periods of all applications of a trace: how many milliseconds each stays in its
/// lambda and mu phases by turns.
#[derive(Clone, Debug, PartialEq)]
pub struct Periods {
    /// For each application an even number of periods, the first one lambda.
    all: Vec<Vec<f64>>,
}

impl Periods {
    /// The periods of the applications of a [file](crate::timestamps) that have at least
    /// `min_periods` of them; `min_periods` is more than 0.
    ///
    /// # Errors
    /// If the file cannot be read or is wrong, or has no such application.
    pub fn read(path: &Path, min_periods: u64) -> Result<Self, Error> {
        check_min_periods(min_periods)?;
        let mut reader = TimestampReader::open(path)?;
        let apps = std::iter::from_fn(|| reader.next_app().transpose());
        let periods = Self::gather(apps, min_periods)?;
        periods.ok_or_else(|| {
            Error::Timestamps(TimestampError::Unusable {
                file: path.display().to_string(),
                message: format!("no application has {min_periods} or more periods"),
            })
        })
    }

    /// The same from applications in memory; `None` if there is none with so many.
    pub fn of_apps(apps: impl IntoIterator<Item = AppAccesses>, min_periods: u64) -> Option<Self> {
        let apps = apps.into_iter().map(Ok::<_, Error>);
        Self::gather(apps, min_periods.max(1)).ok().flatten()
    }

    fn gather<E: Into<Error>>(
        apps: impl Iterator<Item = Result<AppAccesses, E>>,
        min_periods: u64,
    ) -> Result<Option<Self>, Error> {
        let mut all = Vec::new();
        for app in apps {
            let app = app.map_err(Into::into)?;
            let mut periods = CostModel::LAMBDAMUSIM.periods(&app.accesses);
            periods.truncate(periods.len() / 2 * 2);
            if periods.len() as u64 >= min_periods {
                all.push(periods);
            }
        }
        let order = |a: &f64, b: &f64| a.total_cmp(b);
        all.sort_by(|a: &Vec<f64>, b: &Vec<f64>| {
            let differing = a.iter().zip(b).map(|(a, b)| order(a, b));
            let first = differing.into_iter().find(|order| order.is_ne());
            first.unwrap_or_else(|| a.len().cmp(&b.len()))
        });
        Ok((!all.is_empty()).then_some(Self { all }))
    }

    /// How many applications there are.
    #[expect(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The periods of an application.
    pub(crate) fn get(&self, at: usize) -> &[f64] {
        &self.all[at]
    }
}

fn check_min_periods(number: u64) -> Result<(), Error> {
    match number {
        0 => Err(Error::Parameter(
            "minimum number of periods is 0, expected at least 1".into(),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_in_its_mu_phase_returns_after_32_minutes_without_access() {
        let costs = CostModel::LAMBDAMUSIM;
        assert!(!costs.leaves_mu(1.904e6));
        assert!(costs.leaves_mu(1.905e6));
    }

    #[test]
    fn many_accesses_in_a_row_make_an_app_stateful_and_a_pause_stateless() {
        // 20 accesses a second apart, an hour, and the same again, twice.
        let mut accesses = Vec::new();
        for hour in 0..3 {
            for second in 0..20 {
                accesses.push((f64::from(hour) * 3.6e6 + f64::from(second) * 1e3, true));
            }
        }
        let periods = CostModel::LAMBDAMUSIM.periods(&accesses);
        let pause = 3.6e6 - 19e3;
        assert_eq!(periods, [0.0, 19e3, pause, 19e3, pause]);
        let app = |count: usize| AppAccesses {
            key: "u,a".into(),
            accesses: accesses[..count].to_vec(),
        };
        let periods = Periods::of_apps([app(60), app(40), app(19)], 2).unwrap();
        assert_eq!(periods.len(), 2);
        assert_eq!(periods.get(0), [0.0, 19e3]);
        assert_eq!(periods.get(1), [0.0, 19e3, pause, 19e3]);
        assert_eq!(Periods::of_apps([app(19)], 1), None);
    }
}
