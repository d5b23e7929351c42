//! Theory: closed forms, and the scenarios in which the simulator must obey them.
//!
//! A [`Law`] is a theorem with scenarios and the numbers that they must measure. Each law also
//! says how the model is broken on purpose, and [`Law::check`] must find that out: a
//! validation that cannot fail shows nothing.
//!
//! ```
//! use soe_sim::Progress;
//! use soe_study::theory::{Agreement, Effort, laws};
//!
//! let effort = Effort { seed: 1, replications: 2, confidence: 0.999, threads: Some(1) };
//! let all = laws();
//! let links = all.iter().find(|law| law.name == "links").unwrap();
//! let checked = links.check(&effort, false, &Progress::default())?;
//! assert!(checked.iter().all(|it| it.agreement == Agreement::Agrees));
//! let broken = links.check(&effort, true, &Progress::default())?;
//! assert!(broken.iter().any(|it| it.agreement == Agreement::Differs));
//! # Ok::<(), String>(())
//! ```

mod forms;
mod law;
mod laws;
mod measured;
mod report;

pub use forms::{
    erlang_c, mean_field_of_choices, mean_wait_of_many_servers, pollaczek_khinchine,
    quantile_of_one_server,
};
pub use law::{Agreement, Case, Checked, Claim, Effort, Fault, Law, Measured, Quantity, Sabotage};
pub use laws::laws;
pub use report::TheoryReport;
pub use soe_model::instances::theory::erlang_b;
