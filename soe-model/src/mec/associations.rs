//! Which end-point serves which clients of which application.

use std::collections::BTreeMap;

/// To which clients an association applies. Addresses come before [`Client::Any`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// The client with this address.
    Address(String),
    /// Every client without an association of its own.
    Any,
}

impl Client {
    /// The client with this address; any client if it is empty, as on the wire.
    pub fn of_wire(address: &str) -> Self {
        match address {
            "" => Self::Any,
            address => Self::Address(address.to_owned()),
        }
    }

    /// The address; empty for any client.
    pub fn as_wire(&self) -> &str {
        match self {
            Self::Address(address) => address,
            Self::Any => "",
        }
    }
}

/// One row of the table of associations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// To which clients it applies.
    pub client: Client,
    /// The name of the application.
    pub application: String,
    /// The end-point that serves them.
    pub endpoint: String,
}

/// All associations, in the order of clients, then applications.
#[derive(Debug, Default)]
pub struct Associations(BTreeMap<(Client, String), String>);

impl Associations {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn get(&self, client: &Client, application: &str) -> Option<&str> {
        let key = (client.clone(), application.to_owned());
        self.0.get(&key).map(String::as_str)
    }

    pub fn set(&mut self, client: Client, application: &str, endpoint: &str) {
        let key = (client, application.to_owned());
        self.0.insert(key, endpoint.to_owned());
    }

    /// Whether there was one.
    pub fn remove(&mut self, client: &Client, application: &str) -> bool {
        let key = (client.clone(), application.to_owned());
        self.0.remove(&key).is_some()
    }

    /// The end-point for a client: its own, else that of any client.
    pub fn resolve(&self, address: &str, application: &str) -> Option<&str> {
        let own = Client::Address(address.to_owned());
        let own = self.get(&own, application);
        own.or_else(|| self.get(&Client::Any, application))
    }

    pub fn iter(&self) -> impl Iterator<Item = Association> {
        self.0.iter().map(|((client, application), endpoint)| {
            let (client, application) = (client.clone(), application.clone());
            Association {
                client,
                application,
                endpoint: endpoint.clone(),
            }
        })
    }
}
