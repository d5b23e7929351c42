//! The rules of matching, precedence and deletion, as the original's proxy has them.

use soe_model::mec::*;

use super::{T0, address, create, key, proxy, reference, request};

#[test]
fn an_application_must_match_by_name_provider_and_version() {
    let mut proxy = proxy();
    let wrong = [
        ApplicationKey::new("f", "OpenLambdaMec", ""),
        ApplicationKey::new("f", "OpenLambdaMec", "1.1"),
        ApplicationKey::new("f", "Another", "1.0"),
        ApplicationKey::new("g", "OpenLambdaMec", "1.0"),
    ];
    for application in wrong {
        let request = ContextRequest {
            application: application.clone(),
            ..request(ApiVersion::V1, "10.0.0.1", "d", "f")
        };
        let refused = proxy.create(T0, ContextId(1), request).unwrap_err();
        assert_eq!(refused, Refusal::UnknownApplication(application));
    }
    assert_eq!(proxy.context_count(), 0);
    create(&mut proxy, 1, ApiVersion::V1, "10.0.0.1");
}

#[test]
fn an_association_of_the_address_takes_precedence_over_that_of_any_client() {
    let mut proxy = proxy();
    let own = address("10.0.0.1");
    proxy.associate(T0, own.clone(), "f", "own:1").unwrap();
    let a = create(&mut proxy, 1, ApiVersion::V1, "10.0.0.1");
    let b = create(&mut proxy, 2, ApiVersion::V1, "10.0.0.2");
    assert_eq!(reference(&proxy, ApiVersion::V1, a), Some("own:1"));
    assert_eq!(reference(&proxy, ApiVersion::V1, b), Some("any:1"));

    // That of any client moves only those without one of their own.
    proxy.associate(T0, Client::Any, "f", "any:2").unwrap();
    assert_eq!(reference(&proxy, ApiVersion::V1, a), Some("own:1"));
    assert_eq!(reference(&proxy, ApiVersion::V1, b), Some("any:2"));

    // Without its own, a client falls back.
    assert!(proxy.dissociate(T0, &own, "f"));
    assert!(!proxy.dissociate(T0, &own, "f"));
    assert_eq!(reference(&proxy, ApiVersion::V1, a), Some("any:2"));
}

#[test]
fn a_context_needs_an_end_point() {
    let mut proxy = proxy();
    assert!(proxy.dissociate(T0, &Client::Any, "f"));
    let asked = request(ApiVersion::V1, "10.0.0.1", "d", "f");
    let refused = proxy.create(T0, ContextId(1), asked).unwrap_err();
    assert!(matches!(refused, Refusal::NoEndpoint { .. }), "{refused}");
}

#[test]
fn an_application_that_is_removed_leaves_its_contexts() {
    let mut proxy = proxy();
    let id = create(&mut proxy, 1, ApiVersion::V1, "10.0.0.1");
    assert!(proxy.remove_application(&key("f")));
    assert!(!proxy.remove_application(&key("f")));
    assert_eq!(reference(&proxy, ApiVersion::V1, id), Some("any:1"));
    let asked = request(ApiVersion::V1, "10.0.0.1", "d", "f");
    assert!(proxy.create(T0, ContextId(2), asked).is_err());
}

#[test]
fn an_application_with_the_same_key_replaces_the_other() {
    let mut proxy = proxy();
    let described = Application {
        description: "counts".into(),
        ..Application::plain(key("f"))
    };
    proxy.add_application(described.clone()).unwrap();
    assert_eq!(proxy.applications().collect::<Vec<_>>(), [&described]);
}

#[test]
fn a_device_application_that_asks_twice_has_two_contexts_and_updates_the_older() {
    let mut proxy = proxy();
    for id in [1, 2] {
        let asked = request(ApiVersion::V1, "10.0.0.1", "same", "f");
        proxy.create(T0, ContextId(id), asked).unwrap();
    }
    let callbacks = |proxy: &Proxy| -> Vec<_> {
        let contexts = proxy.contexts();
        let callbacks = contexts.map(|context| context.request().callback.clone().unwrap());
        callbacks.collect()
    };
    let old = "http://10.0.0.1:6600/same";
    proxy
        .update_device(T0, "same", Some("http://new".into()))
        .unwrap();
    assert_eq!(callbacks(&proxy), ["http://new", old]);
    proxy.delete(ApiVersion::V1, ContextId(1)).unwrap();
    proxy
        .update_device(T0, "same", Some("http://newer".into()))
        .unwrap();
    assert_eq!(callbacks(&proxy), ["http://newer"]);
    proxy.delete(ApiVersion::V1, ContextId(2)).unwrap();
    let unknown = proxy.update_device(T0, "same", None);
    assert_eq!(unknown, Err(Refusal::UnknownContext));
}

#[test]
fn a_context_is_visible_only_through_the_version_that_created_it() {
    let mut proxy = proxy();
    let id = create(&mut proxy, 1, ApiVersion::V2, "10.0.0.1");
    let unknown = Err(Refusal::UnknownContext);
    assert_eq!(proxy.delete(ApiVersion::V1, id), unknown);
    assert_eq!(proxy.update(T0, ApiVersion::V1, id, None), unknown);
    assert_eq!(proxy.update_device(T0, "d1", None), unknown);
    assert_eq!(proxy.delete(ApiVersion::V2, id), Ok(()));
    assert_eq!(proxy.delete(ApiVersion::V2, id), unknown);
}

#[test]
fn tables_are_listed_by_client_with_any_client_last() {
    let mut proxy = proxy();
    proxy
        .associate(T0, address("10.0.0.2"), "g", "e:1")
        .unwrap();
    proxy
        .associate(T0, address("10.0.0.1"), "g", "e:1")
        .unwrap();
    proxy
        .associate(T0, address("10.0.0.1"), "f", "e:1")
        .unwrap();
    let rows: Vec<_> = proxy
        .associations()
        .map(|row| format!("{} {}", row.client.as_wire(), row.application))
        .collect();
    assert_eq!(rows, ["10.0.0.1 f", "10.0.0.1 g", "10.0.0.2 g", " f"]);
}
