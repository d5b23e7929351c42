//! The side of a controller: it fills the tables of a proxy.

mod balanced;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use soe_model::mec::{Application, ApplicationKey, Association, Client, Offers};
use tokio::sync::Mutex;
use tracing::warn;

use super::proxy::Proxy;
use super::{CONTROLLER_PROVIDER, VERSION};
use crate::command::{Endpoint, Failure, Stop};
use crate::security::Security;

use balanced::Balanced;

/// Tells a proxy which computers offer which functions, for a controller.
#[derive(Debug)]
pub struct Assigner(Sort);

#[derive(Debug)]
enum Sort {
    /// Functions become applications of a proxy in the same process; its associations
    /// come from a file.
    File { proxy: Proxy, offers: Mutex<Offers> },
    /// Clients of another proxy are shared out among computers.
    Balanced(Balanced),
}

impl Assigner {
    /// For a proxy in this process, whose associations are exactly those given.
    ///
    /// # Errors
    /// If an association is not possible, or not kept.
    pub async fn file(proxy: Proxy, associations: &[Association]) -> Result<Self, Failure> {
        let set = proxy.change(|machine, now| {
            let wanted = |row: &Association| {
                let mut all = associations.iter();
                all.any(|it| (&it.client, &it.application) == (&row.client, &row.application))
            };
            for row in machine.associations().collect::<Vec<_>>() {
                if !wanted(&row) {
                    machine.dissociate(now, &row.client, &row.application);
                }
            }
            associations.iter().try_for_each(|row| {
                machine.associate(now, row.client.clone(), &row.application, &row.endpoint)
            })
        });
        let set = set.await.map_err(Failure::run)?;
        set.map_err(Failure::input)?;
        let offers = Mutex::default();
        Ok(Self(Sort::File { proxy, offers }))
    }

    /// For the proxy whose tables are filled at `endpoint`. Clients are assigned every
    /// `period`, until `stop` is thrown.
    pub fn balanced(endpoint: Endpoint, security: Security, period: Duration, stop: Stop) -> Self {
        Self(Sort::Balanced(Balanced::start(
            endpoint, security, period, stop,
        )))
    }

    /// A computer offers exactly these functions from now on; none if it leaves.
    pub async fn computer(&self, endpoint: &str, functions: BTreeSet<String>) {
        match &self.0 {
            Sort::Balanced(balanced) => balanced.computer(endpoint, functions),
            Sort::File { proxy, offers } => {
                // Held until the proxy has changed, too, so that it changes in order.
                let mut offers = offers.lock().await;
                let changed = offers.set(endpoint, functions);
                let told = proxy.change(|machine, _| {
                    for function in &changed.appeared {
                        let application = Application::plain(key(function));
                        if let Err(refusal) = machine.add_application(application) {
                            warn!("`{function}` is not an application: {refusal}");
                        }
                    }
                    for function in &changed.disappeared {
                        machine.remove_application(&key(function));
                    }
                });
                if let Err(error) = told.await {
                    warn!("{error}");
                }
            }
        }
    }
}

fn key(function: &str) -> ApplicationKey {
    ApplicationKey::new(function, CONTROLLER_PROVIDER, VERSION)
}

/// Reads associations from a file: one per line, with the address of the client (`*` for
/// any), the name of the application and the end-point, between spaces.
///
/// # Errors
/// If the file cannot be read, has no association, or a line is not one.
pub fn read_associations(path: &Path) -> Result<Vec<Association>, Failure> {
    let name = path.display();
    let content = soe_model::text::read(path)
        .map_err(|error| Failure::Input(format!("{name}: cannot read: {error}")))?;
    let associations = parse(&content);
    associations.map_err(|problem| Failure::Input(format!("{name}: {problem}")))
}

fn parse(content: &str) -> Result<Vec<Association>, String> {
    let mut associations = Vec::new();
    for (number, line) in (1..).zip(content.lines()) {
        let words: Vec<_> = line.split_whitespace().collect();
        let [client, application, endpoint] = match words.as_slice() {
            [] => continue,
            [client, application, endpoint] => [client, application, endpoint],
            words => {
                return Err(format!(
                    "line {number}: found {} words, expected 3: client address (or *), \
                     application, end-point",
                    words.len()
                ));
            }
        };
        let wrong = |error: &dyn std::fmt::Display| format!("line {number}: {error}");
        let endpoint = endpoint.parse::<Endpoint>().map_err(|it| wrong(&it))?;
        associations.push(Association {
            client: Client::of_wire(if *client == "*" { "" } else { client }),
            application: (*application).to_owned(),
            endpoint: endpoint.to_string(),
        });
    }
    match associations.is_empty() {
        true => Err(
            "found no association: expected lines of client address (or *), \
                     application, end-point"
                .to_owned(),
        ),
        false => Ok(associations),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_three_words_per_line() {
        let all = parse("* f e:1\n\n 10.0.0.1\tf  e:2 \n").unwrap();
        let row = |client, endpoint: &str| Association {
            client,
            application: "f".into(),
            endpoint: endpoint.into(),
        };
        let own = Client::Address("10.0.0.1".into());
        assert_eq!(all, [row(Client::Any, "e:1"), row(own, "e:2")]);
    }

    #[test]
    fn a_wrong_file_says_where() {
        for (content, expected) in [
            ("", "found no association"),
            ("* f e:1\n* f", "line 2: found 2 words, expected 3"),
            ("* f e:1 more", "line 1: found 4 words"),
            ("* f nowhere", "line 1: found endpoint `nowhere`"),
        ] {
            let error = parse(content).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
