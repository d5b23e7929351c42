//! Tables and texts have bounds, and beyond them nothing changes.

use soe_model::mec::*;

use super::{T0, address, key, proxy, request};

fn small() -> Proxy {
    let limits = Limits {
        applications: 2,
        associations: 2,
        contexts: 3,
        contexts_of_client: 2,
        ..Limits::default()
    };
    let mut proxy = Proxy::new(limits, Patience::default());
    proxy.add_application(Application::plain(key("f"))).unwrap();
    proxy.associate(T0, Client::Any, "f", "any:1").unwrap();
    proxy
}

fn full<T: std::fmt::Debug>(result: Result<T, Refusal>) -> bool {
    matches!(result, Err(Refusal::Full { .. }))
}

#[test]
fn full_tables_refuse_what_is_new_and_accept_what_is_known() {
    let mut proxy = small();
    proxy.add_application(Application::plain(key("g"))).unwrap();
    assert!(full(proxy.add_application(Application::plain(key("h")))));
    proxy.add_application(Application::plain(key("g"))).unwrap();

    proxy.associate(T0, address("a"), "f", "own:1").unwrap();
    assert!(full(proxy.associate(T0, address("b"), "f", "own:1")));
    proxy.associate(T0, address("a"), "f", "own:2").unwrap();
}

#[test]
fn contexts_are_bounded_in_all_and_by_client() {
    let mut proxy = small();
    let mut id = 0;
    let mut create = |proxy: &mut Proxy, client: &str| {
        id += 1;
        let asked = request(ApiVersion::V1, client, "d", "f");
        full(proxy.create(T0, ContextId(id), asked))
    };
    assert!(!create(&mut proxy, "a") && !create(&mut proxy, "a"));
    assert!(create(&mut proxy, "a"));
    assert!(!create(&mut proxy, "b"));
    assert!(create(&mut proxy, "c"));
    proxy.delete(ApiVersion::V1, ContextId(1)).unwrap();
    assert!(!create(&mut proxy, "c"));
}

#[test]
fn an_identifier_is_used_once() {
    let mut proxy = small();
    let asked = || request(ApiVersion::V1, "a", "d", "f");
    proxy.create(T0, ContextId(7), asked()).unwrap();
    let again = proxy.create(T0, ContextId(7), asked()).unwrap_err();
    assert_eq!(again, Refusal::ContextExists(ContextId(7)));
}

#[test]
fn texts_of_the_wrong_length_are_refused_with_what_is_allowed() {
    let mut proxy = proxy();
    let long = |most: usize| "x".repeat(most + 1);
    let mut lines = Vec::new();
    let mut refused = |result: Result<(), Refusal>| lines.push(result.unwrap_err().to_string());
    for key in [
        ApplicationKey::new("", "p", "v"),
        ApplicationKey::new(&long(NAME), "p", "v"),
        ApplicationKey::new("f", "", "v"),
        ApplicationKey::new("f", "p", &long(NAME)),
    ] {
        refused(proxy.add_application(Application::plain(key)));
    }
    refused(proxy.add_application(Application {
        description: long(DESCRIPTION),
        ..Application::plain(key("f"))
    }));
    refused(proxy.associate(T0, Client::Any, "", "e:1"));
    refused(proxy.associate(T0, Client::Any, "f", ""));
    refused(proxy.associate(T0, Client::Any, "f", &long(ENDPOINT)));
    refused(proxy.associate(T0, address(&long(ENDPOINT)), "f", "e:1"));
    for asked in [
        request(ApiVersion::V1, "a", "", "f"),
        request(ApiVersion::V1, "a", &long(DEVICE), "f"),
        ContextRequest {
            callback: Some(long(CALLBACK)),
            ..request(ApiVersion::V1, "a", "d", "f")
        },
        ContextRequest {
            callback: Some(String::new()),
            ..request(ApiVersion::V1, "a", "d", "f")
        },
    ] {
        let created = proxy.create(T0, ContextId(1), asked).map(|_| ());
        refused(created);
    }
    let first = "the name of an application has 0 characters: 1 to 32 are allowed";
    assert_eq!(lines[0], first);
    assert_eq!(lines.len(), 13);
    assert_eq!(proxy.applications().count(), 1);
    assert_eq!(proxy.associations().count(), 1);
    assert_eq!(proxy.context_count(), 0);
}

#[test]
fn lengths_are_counted_in_characters() {
    let mut proxy = small();
    let name = "\u{1F600}".repeat(NAME);
    let application = |name: &str| Application::plain(ApplicationKey::new(name, "p", "v"));
    proxy.add_application(application(&name)).unwrap();
    let error = proxy.add_application(application(&format!("{name}x")));
    let line = "the name of an application has 33 characters: 1 to 32 are allowed";
    assert_eq!(error.unwrap_err().to_string(), line);
}
