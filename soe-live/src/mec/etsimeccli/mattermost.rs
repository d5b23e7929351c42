//! The webhook of Mattermost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, StatusCode};
use serde_json::json;
use tracing::info;

use super::{Command, table};
use crate::command::{Failure, Stop};
use crate::http::{Answer, Handler, Request, Server, empty, json};
use crate::limits::{HttpLimits, MATTERMOST_USERS, MEC_BODY};
use crate::mec::client::Api;
use crate::mec::{ApiChoice, ApiRoot};

const HELP: &str = "commands: `apiroot URI` chooses the proxy, `command app_list` shows its \
                    applications";

/// Serves Mattermost below `root`, until it is told to stop.
///
/// # Errors
/// If the address is not free.
pub async fn serve(
    root: ApiRoot,
    token: String,
    choice: ApiChoice,
    first: ApiRoot,
    stop: Stop,
) -> Result<(), Failure> {
    let server = Server::bind(root.endpoint()).await.map_err(Failure::run)?;
    let server = server.with_limits(HttpLimits {
        body: MEC_BODY,
        ..HttpLimits::default()
    });
    info!("Mattermost at {}", root.at(server.endpoint().clone()));
    let hook = Hook {
        token,
        choice,
        first,
        chosen: Mutex::default(),
    };
    server.run(Arc::new(hook), stop).await;
    Ok(())
}

struct Hook {
    token: String,
    choice: ApiChoice,
    first: ApiRoot,
    /// By user.
    chosen: Mutex<BTreeMap<String, ApiRoot>>,
}

impl Handler for Hook {
    async fn answer(self: Arc<Self>, request: Request) -> Answer {
        if request.method() != Method::POST {
            return empty(StatusCode::NOT_FOUND);
        }
        let form: BTreeMap<_, _> = form_urlencoded::parse(&request.body).collect();
        let field = |name: &str| form.get(name).map_or("", |value| value.as_ref());
        if !equal(field("token"), &self.token) {
            return empty(StatusCode::UNAUTHORIZED);
        }
        let text = self.reply(field("user_name"), field("text")).await;
        json(StatusCode::OK, &json!({ "text": text }))
    }
}

impl Hook {
    async fn reply(&self, user: &str, text: &str) -> String {
        let words: Vec<_> = text.split_whitespace().collect();
        match words.as_slice() {
            ["apiroot", uri] => match uri.parse::<ApiRoot>() {
                Ok(root) => {
                    let text = format!("the proxy is {root}");
                    self.choose(user, root);
                    text
                }
                Err(error) => error.to_string(),
            },
            ["command", "app_list"] => {
                let api = Api::new(self.choice, self.chosen(user), None);
                match Command::AppList.ask(&api).await {
                    Ok(applications) => table(&applications),
                    Err(error) => error.to_string(),
                }
            }
            _ => HELP.to_owned(),
        }
    }

    fn choose(&self, user: &str, root: ApiRoot) {
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        chosen.insert(user.to_owned(), root);
        if chosen.len() > MATTERMOST_USERS {
            chosen.pop_first();
        }
    }

    fn chosen(&self, user: &str) -> ApiRoot {
        let chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        chosen.get(user).unwrap_or(&self.first).clone()
    }
}

/// Whether two texts are equal, in a time that tells nothing about where they differ.
fn equal(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    let differences = pairs.fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && differences == 0
}
