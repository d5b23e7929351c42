//! Balanced assignment of clients to computers.
//!
//! The rules of the original's controller of type `etsi-balanced`:
//!
//! * The first computer that offers a function serves all its clients, until they are
//!   assigned. When it leaves, the first remaining one in the order of end-points takes
//!   its place.
//! * In every period, the contexts are counted by client address and function. The
//!   groups are assigned in descending order of size. Each goes to the computer with the
//!   fewest contexts so far, among those that offer the function; ties go to the first
//!   end-point.
//!
//! Beyond the original, groups are also assigned anew when computers come and leave,
//! those of a computer that leaves fall back at once, and those without a context lose
//! their association.

use std::collections::{BTreeMap, BTreeSet};

use super::associations::Client;
use super::offers::{Changed, Offers};

/// A change of the tables of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// A function is available as an application.
    AddApplication(String),
    /// A function is not available any more.
    RemoveApplication(String),
    /// An end-point serves these clients of a function.
    Associate {
        /// Which clients.
        client: Client,
        /// The function.
        function: String,
        /// The end-point of a computer.
        endpoint: String,
    },
    /// These clients have no end-point of their own any more.
    Dissociate {
        /// Which clients.
        client: Client,
        /// The function.
        function: String,
    },
}

/// Assigns clients to computers.
///
/// Every method returns the changes that the proxy must make, in order.
///
/// ```
/// use soe_model::mec::{Assignment, Balancer, Client};
///
/// let mut balancer = Balancer::default();
/// balancer.announce("a:1", ["f".to_owned()].into());
/// balancer.announce("b:1", ["f".to_owned()].into());
/// let assignments = balancer.balance([("10.0.0.1", "f"), ("10.0.0.2", "f"), ("10.0.0.2", "f")]);
/// let to = |client: &str, endpoint: &str| Assignment::Associate {
///     client: Client::Address(client.into()),
///     function: "f".into(),
///     endpoint: endpoint.into(),
/// };
/// assert_eq!(assignments, [to("10.0.0.2", "a:1"), to("10.0.0.1", "b:1")]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Balancer {
    offers: Offers,
    /// The computer that serves all other clients, by function.
    defaults: BTreeMap<String, String>,
    /// The computer of each client address and function.
    assigned: BTreeMap<Group, String>,
    /// The groups that were assigned last, unless computers have changed since.
    balanced: Option<BTreeMap<Group, usize>>,
}

/// A client address and a function.
type Group = (String, String);

impl Balancer {
    /// A computer offers exactly these functions from now on.
    pub fn announce(&mut self, endpoint: &str, functions: BTreeSet<String>) -> Vec<Assignment> {
        let same = match self.offers.of(endpoint) {
            Some(known) => *known == functions,
            None => functions.is_empty(),
        };
        if same {
            return Vec::new();
        }
        let lost: Vec<_> = self
            .offers
            .of(endpoint)
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let changed = self.offers.set(endpoint, functions);
        self.balanced = None;
        let mut assignments = Vec::new();
        self.release(endpoint, &mut assignments);
        for function in lost {
            let is_default = self
                .defaults
                .get(&function)
                .is_some_and(|it| it == endpoint);
            if is_default && !self.offers.has(endpoint, &function) {
                self.replace_default(function, &mut assignments);
            }
        }
        self.add_defaults(changed, endpoint, &mut assignments);
        assignments
    }

    /// A computer leaves. Nothing happens if it is unknown.
    pub fn remove(&mut self, endpoint: &str) -> Vec<Assignment> {
        self.announce(endpoint, BTreeSet::new())
    }

    /// Assigns the clients of all contexts, given as client address and function.
    /// Nothing happens if these and the computers are as they were the last time.
    pub fn balance<'a>(
        &mut self,
        contexts: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Vec<Assignment> {
        let mut groups = BTreeMap::<Group, usize>::new();
        for (client, function) in contexts {
            let group = (client.to_owned(), function.to_owned());
            *groups.entry(group).or_default() += 1;
        }
        if self.balanced.as_ref() == Some(&groups) {
            return Vec::new();
        }
        let wanted = self.distribute(&groups);
        let mut assignments = Vec::new();
        for (group, endpoint) in &wanted {
            if self.assigned.get(group) != Some(endpoint) {
                assignments.push(associate(group, endpoint));
            }
        }
        let wanted: BTreeMap<_, _> = wanted.into_iter().collect();
        for group in self.assigned.keys() {
            if !wanted.contains_key(group) {
                assignments.push(dissociate(group));
            }
        }
        self.assigned = wanted;
        self.balanced = Some(groups);
        assignments
    }

    /// The next [`balance`](Self::balance) assigns all clients again.
    pub fn forget_balance(&mut self) {
        self.balanced = None;
    }

    /// Everything that a proxy with empty tables must be told.
    pub fn everything(&self) -> Vec<Assignment> {
        let mut assignments = Vec::new();
        for (function, endpoint) in &self.defaults {
            assignments.push(Assignment::AddApplication(function.clone()));
            assignments.push(default(function, endpoint));
        }
        let assigned = self.assigned.iter();
        assignments.extend(assigned.map(|(group, endpoint)| associate(group, endpoint)));
        assignments
    }

    /// The computer that serves all clients of a function that are not assigned.
    pub fn default_of(&self, function: &str) -> Option<&str> {
        self.defaults.get(function).map(String::as_str)
    }

    /// Whether a client of a function is assigned by this balancer.
    pub fn has_assigned(&self, client: &str, function: &str) -> bool {
        let group = (client.to_owned(), function.to_owned());
        self.assigned.contains_key(&group)
    }

    /// The computer for each group, in the order of assignment.
    fn distribute(&self, groups: &BTreeMap<Group, usize>) -> Vec<(Group, String)> {
        let mut order: Vec<_> = groups.iter().collect();
        order.sort_by_key(|&(_, count)| std::cmp::Reverse(*count));
        let mut load: BTreeSet<(usize, &str)> = self
            .offers
            .computers()
            .map(|endpoint| (0, endpoint))
            .collect();
        let mut wanted = Vec::with_capacity(order.len());
        for (group, count) in order {
            let mut computers = load.iter();
            let found = computers.find(|(_, endpoint)| self.offers.has(endpoint, &group.1));
            let Some(&(contexts, endpoint)) = found else {
                continue;
            };
            load.remove(&(contexts, endpoint));
            load.insert((contexts + count, endpoint));
            wanted.push((group.clone(), endpoint.to_owned()));
        }
        wanted
    }

    /// Clients assigned to a computer for what it does not offer fall back.
    fn release(&mut self, endpoint: &str, assignments: &mut Vec<Assignment>) {
        let offers = &self.offers;
        self.assigned.retain(|group, assigned| {
            let stays = assigned != endpoint || offers.has(endpoint, &group.1);
            if !stays {
                assignments.push(dissociate(group));
            }
            stays
        });
    }

    fn replace_default(&mut self, function: String, assignments: &mut Vec<Assignment>) {
        match self.offers.first(&function) {
            Some(next) => {
                assignments.push(default(&function, next));
                self.defaults.insert(function, next.to_owned());
            }
            None => {
                self.defaults.remove(&function);
                assignments.push(Assignment::Dissociate {
                    client: Client::Any,
                    function: function.clone(),
                });
                assignments.push(Assignment::RemoveApplication(function));
            }
        }
    }

    fn add_defaults(
        &mut self,
        changed: Changed,
        endpoint: &str,
        assignments: &mut Vec<Assignment>,
    ) {
        for function in changed.appeared {
            assignments.push(Assignment::AddApplication(function.clone()));
            assignments.push(default(&function, endpoint));
            self.defaults.insert(function, endpoint.to_owned());
        }
    }
}

fn default(function: &str, endpoint: &str) -> Assignment {
    Assignment::Associate {
        client: Client::Any,
        function: function.to_owned(),
        endpoint: endpoint.to_owned(),
    }
}

fn associate((client, function): &Group, endpoint: &str) -> Assignment {
    Assignment::Associate {
        client: Client::Address(client.clone()),
        function: function.clone(),
        endpoint: endpoint.to_owned(),
    }
}

fn dissociate((client, function): &Group) -> Assignment {
    Assignment::Dissociate {
        client: Client::Address(client.clone()),
        function: function.clone(),
    }
}
