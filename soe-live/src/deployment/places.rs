//! The endpoints of the components of a deployment.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::str::FromStr;

use soe_model::controller::{ControllerSpec, InstallerSpec};
use soe_model::deployment::Deployment;

use super::front_ends;
use crate::command::{Endpoint, EndpointError};

/// Where each component of a deployment is, by name.
///
/// As text it is a line for each component: its three endpoints, then its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<String, Place>);

/// Where a component is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it executes or forwards calls, or takes announcements.
    pub endpoint: Endpoint,
    /// Where a broker has its tables, a computer reports its utilization, and device
    /// applications ask a controller.
    pub second: Endpoint,
    /// Where a computer has its state server, and the tables of contexts of a controller
    /// are filled.
    pub states: Endpoint,
}

/// What is wrong with the text of places.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlacesError {
    /// A line is incomplete.
    #[error("line {0}: expected three endpoints and a name")]
    Incomplete(usize),
    /// An endpoint is not valid.
    #[error("line {0}: {1}")]
    Endpoint(usize, EndpointError),
}

impl Places {
    /// Free ports of this machine for all components of a deployment.
    ///
    /// Where a controller looks at distances between nodes, or assigns clients by their
    /// address, each node has a loopback address of its own.
    ///
    /// # Errors
    /// If no ports are free.
    pub fn choose(deployment: &Deployment) -> io::Result<Self> {
        // Kept until all ports are chosen, so that none is chosen twice.
        let mut listeners = Vec::new();
        let mut free = |node: &str| -> io::Result<Endpoint> {
            let address = address(deployment, node);
            let listener = TcpListener::bind(SocketAddr::from((address, 0)))?;
            let endpoint = listener.local_addr()?.to_string();
            listeners.push(listener);
            endpoint.parse().map_err(io::Error::other)
        };
        let computers = deployment
            .computers
            .iter()
            .map(|spec| (&spec.name, &spec.node));
        let brokers = deployment
            .brokers
            .iter()
            .map(|spec| (&spec.name, &spec.node));
        let controllers = deployment
            .controllers
            .iter()
            .map(|spec| (&spec.name, &spec.node));
        let mut places = BTreeMap::new();
        let all = computers.chain(brokers).chain(controllers);
        let all = all.map(|(name, node)| (name.clone(), node.as_str()));
        for (name, node) in all.chain(front_ends::names(deployment)) {
            let place = Place {
                endpoint: free(node)?,
                second: free(node)?,
                states: free(node)?,
            };
            places.insert(name, place);
        }
        Ok(Self(places))
    }

    /// Where a component is.
    pub fn get(&self, name: &str) -> Option<&Place> {
        self.0.get(name)
    }

    /// Who executes or forwards calls, or has a state server, at an endpoint.
    pub fn name(&self, endpoint: &str) -> Option<&str> {
        let is_there = |place: &Place| {
            place.endpoint.as_str() == endpoint || place.states.as_str() == endpoint
        };
        let mut places = self.0.iter();
        let found = places.find(|(_, place)| is_there(place));
        found.map(|(name, _)| name.as_str())
    }
}

/// The loopback address on which a node of the network is.
pub fn address(deployment: &Deployment, node: &str) -> Ipv4Addr {
    let looks_at_nodes = |spec: &ControllerSpec| {
        matches!(spec.installer, InstallerSpec::Hierarchical { .. }) || spec.balanced.is_some()
    };
    let mut controllers = deployment.controllers.iter();
    if !controllers.any(looks_at_nodes) {
        return Ipv4Addr::LOCALHOST;
    }
    let number = deployment.network.nodes().find(node);
    let number = number.map_or(0, |node| node.0);
    // 127.0.0.1, 127.0.0.2 and so on.
    Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST).saturating_add(number))
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, place) in &self.0 {
            let Place {
                endpoint,
                second,
                states,
            } = place;
            writeln!(f, "{endpoint} {second} {states} {name}")?;
        }
        Ok(())
    }
}

impl FromStr for Places {
    type Err = PlacesError;

    fn from_str(text: &str) -> Result<Self, PlacesError> {
        let mut places = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let mut words = line.splitn(4, ' ');
            let mut word = || words.next();
            let (Some(endpoint), Some(second), Some(states), Some(name)) =
                (word(), word(), word(), word())
            else {
                return Err(PlacesError::Incomplete(number));
            };
            let parse = |text: &str| {
                let endpoint = text.parse();
                endpoint.map_err(|error| PlacesError::Endpoint(number, error))
            };
            let place = Place {
                endpoint: parse(endpoint)?,
                second: parse(second)?,
                states: parse(states)?,
            };
            places.insert(name.to_owned(), place);
        }
        Ok(Self(places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_and_read() {
        let text = "127.0.0.1:1 127.0.0.1:2 127.0.0.1:3 a computer\n\
                    127.0.0.1:4 127.0.0.1:5 127.0.0.1:6 router\n";
        let places: Places = text.parse().unwrap();
        assert_eq!(places.to_string(), text);
        assert_eq!(places.name("127.0.0.1:4"), Some("router"));
        assert_eq!(places.name("127.0.0.1:5"), None);
        assert_eq!(
            places.get("a computer").unwrap().second.as_str(),
            "127.0.0.1:2"
        );
    }

    #[test]
    fn mistakes_name_the_line() {
        let message = |text: &str| text.parse::<Places>().unwrap_err().to_string();
        assert_eq!(
            message("h:1 h:2 h:3 a\nh:1 h:2 h:3"),
            "line 2: expected three endpoints and a name"
        );
        assert!(message("h:1 h h:3 b").starts_with("line 1: found endpoint `h`"));
    }
}
