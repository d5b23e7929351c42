//! All brokers there are: every policy with every optimizer, every estimator.

use std::fmt::Display;

use soe_model::broker::BrokerKind;
use soe_model::broker::estimator::ESTIMATORS;
use soe_model::broker::optimizer::OPTIMIZERS;
use soe_model::broker::policy::POLICIES;
use soe_model::catalogue::{ArgumentError, Configured};

/// A broker with its name.
pub type Case = (String, BrokerKind);

/// Every policy with every optimizer.
pub fn routers() -> Result<Vec<Case>, ArgumentError> {
    let optimizers = OPTIMIZERS.examples()?;
    let mut cases = Vec::new();
    for policy in POLICIES.examples()? {
        for optimizer in &optimizers {
            let kind = BrokerKind::Router {
                policy: policy.clone(),
                optimizer: optimizer.clone(),
            };
            let name = format!("{} {}", name(&policy), name(optimizer));
            cases.push((name, kind));
        }
    }
    Ok(cases)
}

/// Every estimator; those that ask destinations only if wanted.
pub fn dispatchers(with_asking: bool) -> Result<Vec<Case>, ArgumentError> {
    let mut cases = Vec::new();
    for estimator in ESTIMATORS.examples()? {
        let asks = (estimator.kind.build)(&estimator.arguments).asks();
        if with_asking || asks.is_none() {
            cases.push((name(&estimator), BrokerKind::Dispatcher { estimator }));
        }
    }
    Ok(cases)
}

fn name<B>(configured: &Configured<B>) -> String {
    let arguments = configured.arguments.iter();
    let argument = |(name, value): (&str, &dyn Display)| format!(",{name}={value}");
    let arguments = arguments.map(|(name, value)| argument((name, value)));
    format!(
        "type={}{}",
        configured.kind.name,
        arguments.collect::<String>()
    )
}
