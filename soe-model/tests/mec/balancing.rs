//! Default computers, and the assignment of clients in proportion to contexts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use soe_model::mec::*;

use super::{T0, address, key};

fn functions(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn associate(client: Client, function: &str, endpoint: &str) -> Assignment {
    Assignment::Associate {
        client,
        function: function.into(),
        endpoint: endpoint.into(),
    }
}

fn dissociate(client: Client, function: &str) -> Assignment {
    Assignment::Dissociate {
        client,
        function: function.into(),
    }
}

#[test]
fn the_first_computer_is_the_default_until_it_leaves() {
    let mut balancer = Balancer::default();
    let add = || Assignment::AddApplication("f".into());
    let c = balancer.announce("c:1", functions(&["f"]));
    assert_eq!(c, [add(), associate(Client::Any, "f", "c:1")]);
    assert_eq!(balancer.announce("a:1", functions(&["f"])), []);
    assert_eq!(balancer.announce("b:1", functions(&["f"])), []);
    assert_eq!(balancer.remove("b:1"), []);
    // The first that remains, in the order of end-points.
    assert_eq!(balancer.remove("c:1"), [associate(Client::Any, "f", "a:1")]);
    let gone = Assignment::RemoveApplication("f".into());
    assert_eq!(balancer.remove("a:1"), [dissociate(Client::Any, "f"), gone]);
    assert_eq!(balancer.remove("a:1"), []);
}

#[test]
fn large_groups_are_assigned_first_and_each_to_the_least_loaded_computer() {
    let mut balancer = Balancer::default();
    for computer in ["a:1", "b:1"] {
        balancer.announce(computer, functions(&["f"]));
    }
    let mut contexts = vec![("x", "f"); 3];
    contexts.extend([("y", "f"), ("y", "f"), ("z", "f")]);
    let expected = [
        associate(address("x"), "f", "a:1"),
        associate(address("y"), "f", "b:1"),
        associate(address("z"), "f", "b:1"),
    ];
    assert_eq!(balancer.balance(contexts.clone()), expected);
    assert_eq!(balancer.balance(contexts), []);
}

#[test]
fn a_group_goes_only_to_computers_that_offer_its_function() {
    let mut balancer = Balancer::default();
    balancer.announce("a:1", functions(&["f"]));
    balancer.announce("b:1", functions(&["f", "g"]));
    let contexts = [("x", "g"), ("y", "g"), ("x", "f"), ("x", "h")];
    let assignments = balancer.balance(contexts);
    let expected = [
        associate(address("x"), "f", "a:1"),
        associate(address("x"), "g", "b:1"),
        associate(address("y"), "g", "b:1"),
    ];
    assert_eq!(assignments, expected);
}

#[test]
fn clients_of_a_computer_that_leaves_fall_back_at_once() {
    let mut balancer = Balancer::default();
    for computer in ["a:1", "b:1"] {
        balancer.announce(computer, functions(&["f"]));
    }
    let contexts = [("x", "f"), ("y", "f")];
    balancer.balance(contexts);
    assert_eq!(balancer.remove("b:1"), [dissociate(address("y"), "f")]);
    let again = [associate(address("y"), "f", "a:1")];
    assert_eq!(balancer.balance(contexts), again);
    // A computer that joins gets its share, though the contexts are the same.
    balancer.announce("b:1", functions(&["f"]));
    let again = [associate(address("y"), "f", "b:1")];
    assert_eq!(balancer.balance(contexts), again);
}

#[test]
fn a_client_without_contexts_loses_its_association() {
    let mut balancer = Balancer::default();
    balancer.announce("a:1", functions(&["f"]));
    balancer.balance([("x", "f")]);
    assert_eq!(balancer.balance([]), [dissociate(address("x"), "f")]);
}

#[test]
fn a_proxy_that_has_lost_its_tables_gets_everything_again() {
    let mut balancer = Balancer::default();
    balancer.announce("a:1", functions(&["f"]));
    balancer.balance([("x", "f")]);
    let expected = [
        Assignment::AddApplication("f".into()),
        associate(Client::Any, "f", "a:1"),
        associate(address("x"), "f", "a:1"),
    ];
    assert_eq!(balancer.everything(), expected);
}

fn apply(proxy: &mut Proxy, assignments: Vec<Assignment>) {
    for assignment in assignments {
        match assignment {
            Assignment::AddApplication(name) => {
                let application = Application::plain(key(&name));
                proxy.add_application(application).unwrap();
            }
            Assignment::RemoveApplication(name) => {
                proxy.remove_application(&key(&name));
            }
            Assignment::Associate {
                client,
                function,
                endpoint,
            } => proxy.associate(T0, client, &function, &endpoint).unwrap(),
            Assignment::Dissociate { client, function } => {
                proxy.dissociate(T0, &client, &function);
            }
        }
    }
}

proptest! {
    /// With one function everywhere and one context per client, computers differ by at
    /// most one context.
    #[test]
    fn single_contexts_are_shared_equally(clients in 0_usize..40, computers in 1_usize..8) {
        let mut balancer = Balancer::default();
        for computer in 0..computers {
            balancer.announce(&format!("c{computer}"), functions(&["f"]));
        }
        let names: Vec<_> = (0..clients).map(|client| format!("x{client}")).collect();
        let mut load = BTreeMap::<String, usize>::new();
        for assignment in balancer.balance(names.iter().map(|name| (name.as_str(), "f"))) {
            if let Assignment::Associate { endpoint, .. } = assignment {
                *load.entry(endpoint).or_default() += 1;
            }
        }
        let least = if load.len() < computers { 0 } else { *load.values().min().unwrap_or(&0) };
        let most = *load.values().max().unwrap_or(&0);
        prop_assert!(most - least <= 1);
        prop_assert_eq!(load.values().sum::<usize>(), clients);
    }

    /// Whatever computers do, each end-point in the tables of the proxy offers the
    /// function, and every function that is offered has a default.
    #[test]
    fn the_proxy_only_refers_to_computers_that_offer_the_function(
        steps in prop::collection::vec((0_usize..4, 0_usize..4, 0_usize..8), 1..60),
    ) {
        let mut balancer = Balancer::default();
        let mut proxy = Proxy::new(Limits::default(), Patience::default());
        let mut offers = BTreeMap::<String, BTreeSet<String>>::new();
        for (kind, computer, set) in steps {
            let endpoint = format!("c{computer}");
            let names = ["f", "g", "h"];
            let offered: BTreeSet<_> = (0..3).filter(|i| set >> i & 1 == 1).map(|i| names[i].to_owned()).collect();
            let assignments = match kind {
                0 | 1 => {
                    offers.insert(endpoint.clone(), offered.clone());
                    balancer.announce(&endpoint, offered)
                }
                2 => {
                    offers.remove(&endpoint);
                    balancer.remove(&endpoint)
                }
                _ => balancer.balance((0..=set).map(|i| (["x", "y", "z"][i % 3], names[i % 2]))),
            };
            apply(&mut proxy, assignments);
            for row in proxy.associations() {
                let there = offers.get(&row.endpoint);
                prop_assert!(there.is_some_and(|all| all.contains(&row.application)), "{:?}", row);
            }
            let all: BTreeSet<_> = offers.values().flatten().cloned().collect();
            for function in &all {
                prop_assert!(proxy.resolved("w", function).is_some());
            }
            prop_assert_eq!(proxy.applications().count(), all.len());
            // A new proxy that is told everything has the same tables.
            let mut fresh = Proxy::new(Limits::default(), Patience::default());
            apply(&mut fresh, balancer.everything());
            prop_assert!(fresh.snapshot().eq(proxy.snapshot()));
        }
    }
}
