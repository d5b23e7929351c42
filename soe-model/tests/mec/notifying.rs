//! When notifications are sent, repeated, given up, and when they end a context.

use sim_core::{SimDuration, SimTime};
use soe_model::mec::*;

use super::{T0, address, after, create, proxy, reference};

const V1: ApiVersion = ApiVersion::V1;
const V2: ApiVersion = ApiVersion::V2;

fn answered(status: u16) -> Outcome {
    Outcome::Answered { status }
}

/// Associates all clients, and takes the only notification that follows.
fn move_to(proxy: &mut Proxy, now: SimTime, endpoint: &str) -> Notification {
    proxy.associate(now, Client::Any, "f", endpoint).unwrap();
    let notification = proxy.poll(now).unwrap();
    assert_eq!(proxy.poll(now), None);
    assert_eq!(notification.reference, endpoint);
    notification
}

#[test]
fn an_association_that_stays_the_same_notifies_no_client() {
    let mut proxy = proxy();
    create(&mut proxy, 1, V1, "10.0.0.1");
    proxy.associate(T0, Client::Any, "f", "any:1").unwrap();
    assert_eq!(proxy.poll(T0), None);
    assert_eq!(proxy.next_wake(), None);
}

#[test]
fn a_notification_goes_to_the_callback_as_given() {
    let mut proxy = proxy();
    create(&mut proxy, 1, V1, "10.0.0.1");
    let notification = move_to(&mut proxy, T0, "any:2");
    assert_eq!(notification.callback, "http://10.0.0.1:6600/d1");
    assert_eq!(notification.context, ContextId(1));
}

#[test]
fn a_context_without_callback_follows_silently() {
    let mut proxy = proxy();
    let id = create(&mut proxy, 1, V2, "10.0.0.1");
    proxy.update(T0, V2, id, None).unwrap();
    proxy.associate(T0, Client::Any, "f", "any:2").unwrap();
    assert_eq!(proxy.poll(T0), None);
    assert_eq!(reference(&proxy, V2, id), Some("any:2"));
    // It is told what it missed once it can be.
    let callback = Some("http://later".to_owned());
    proxy.update(T0, V2, id, callback).unwrap();
    assert_eq!(proxy.poll(T0).unwrap().callback, "http://later");
}

#[test]
fn under_v1_any_status_but_204_ends_the_context() {
    for status in [200, 201, 302, 400, 404, 500, 503] {
        let mut proxy = proxy();
        create(&mut proxy, 1, V1, "10.0.0.1");
        let sent = move_to(&mut proxy, T0, "any:2");
        let settled = proxy.settled(T0, sent.number, answered(status));
        assert_eq!(settled, Settled::Dropped, "{status}");
        assert_eq!(proxy.context_count(), 0);
    }
    let mut proxy = proxy();
    create(&mut proxy, 1, V1, "10.0.0.1");
    let sent = move_to(&mut proxy, T0, "any:2");
    let settled = proxy.settled(T0, sent.number, answered(204));
    assert_eq!(settled, Settled::Delivered);
    assert_eq!(proxy.context_count(), 1);
}

#[test]
fn under_v2_only_a_status_of_400_to_499_ends_the_context() {
    let expected = [
        (200, Settled::Delivered),
        (204, Settled::Delivered),
        (302, Settled::Again),
        (400, Settled::Dropped),
        (404, Settled::Dropped),
        (499, Settled::Dropped),
        (500, Settled::Again),
        (503, Settled::Again),
    ];
    for (status, expected) in expected {
        let mut proxy = proxy();
        create(&mut proxy, 1, V2, "10.0.0.1");
        let sent = move_to(&mut proxy, T0, "any:2");
        let settled = proxy.settled(T0, sent.number, answered(status));
        assert_eq!(settled, expected, "{status}");
        let stays = expected != Settled::Dropped;
        assert_eq!(proxy.context_count(), usize::from(stays));
    }
}

#[test]
fn connection_errors_are_repeated_with_doubled_pauses_up_to_the_stated_age() {
    let mut proxy = proxy();
    create(&mut proxy, 1, V1, "10.0.0.1");
    let mut sent = move_to(&mut proxy, T0, "any:2");
    let (mut now, mut pauses) = (T0, Vec::new());
    while proxy.settled(now, sent.number, Outcome::Unreachable) == Settled::Again {
        let at = proxy.next_wake().unwrap();
        assert_eq!(proxy.poll(now), None);
        pauses.push(at.since(now));
        now = at;
        sent = proxy.poll(now).unwrap();
        assert_eq!(sent.reference, "any:2");
    }
    let patience = Patience::default();
    assert_eq!(pauses[0], patience.first);
    for pair in pauses.windows(2) {
        let doubled = SimDuration::from_nanos(2 * pair[0].as_nanos());
        assert_eq!(pair[1], doubled.min(patience.longest));
    }
    assert!(now.since(T0) <= patience.age);
    assert!(now.since(T0) + patience.longest > patience.age);

    // The context stays, and the next change is notified.
    assert_eq!(proxy.next_wake(), None);
    assert_eq!(proxy.context_count(), 1);
    move_to(&mut proxy, now, "any:3");
}

#[test]
fn what_changes_while_a_notification_is_under_way_is_sent_after_it() {
    let mut proxy = proxy();
    create(&mut proxy, 1, V1, "10.0.0.1");
    let sent = move_to(&mut proxy, T0, "any:2");
    for endpoint in ["any:3", "any:4"] {
        proxy.associate(T0, Client::Any, "f", endpoint).unwrap();
        assert_eq!(proxy.poll(T0), None);
    }
    proxy.settled(T0, sent.number, answered(204));
    assert_eq!(proxy.poll(T0).unwrap().reference, "any:4");
}

#[test]
fn a_change_that_is_taken_back_before_it_was_sent_is_not_sent() {
    let mut proxy = proxy();
    create(&mut proxy, 1, V1, "10.0.0.1");
    proxy.associate(T0, Client::Any, "f", "any:2").unwrap();
    proxy.associate(T0, Client::Any, "f", "any:1").unwrap();
    assert_eq!(proxy.poll(T0), None);
}

#[test]
fn a_change_that_is_taken_back_after_a_lost_notification_is_sent() {
    let mut proxy = proxy();
    create(&mut proxy, 1, V1, "10.0.0.1");
    let sent = move_to(&mut proxy, T0, "any:2");
    proxy.associate(T0, Client::Any, "f", "any:1").unwrap();
    // Whether `any:2` has arrived is not known.
    proxy.settled(T0, sent.number, Outcome::Unreachable);
    assert_eq!(proxy.poll(T0).unwrap().reference, "any:1");
}

#[test]
fn an_empty_reference_is_not_notified_but_what_follows_it_is() {
    let mut proxy = proxy();
    let id = create(&mut proxy, 1, V1, "10.0.0.1");
    assert!(proxy.dissociate(T0, &Client::Any, "f"));
    assert_eq!(proxy.poll(T0), None);
    assert_eq!(reference(&proxy, V1, id), Some(""));
    // As in the original, even if it is what the context had before.
    move_to(&mut proxy, T0, "any:1");
}

#[test]
fn a_refusal_by_an_old_callback_does_not_end_the_context() {
    let mut proxy = proxy();
    let id = create(&mut proxy, 1, V2, "10.0.0.1");
    let sent = move_to(&mut proxy, T0, "any:2");
    let callback = Some("http://new".to_owned());
    proxy.update(T0, V2, id, callback).unwrap();
    assert_eq!(
        proxy.settled(T0, sent.number, answered(404)),
        Settled::Again
    );
    assert_eq!(proxy.poll(T0).unwrap().callback, "http://new");
}

#[test]
fn outcomes_of_deleted_contexts_and_unknown_numbers_change_nothing() {
    let mut proxy = proxy();
    let id = create(&mut proxy, 1, V1, "10.0.0.1");
    let sent = move_to(&mut proxy, T0, "any:2");
    proxy.delete(V1, id).unwrap();
    assert_eq!(proxy.under_way(), 1);
    assert_eq!(
        proxy.settled(T0, sent.number, answered(204)),
        Settled::Unknown
    );
    assert_eq!(
        proxy.settled(T0, sent.number, answered(500)),
        Settled::Unknown
    );
    assert_eq!(proxy.settled(T0, 99, answered(204)), Settled::Unknown);
    assert_eq!(proxy.under_way(), 0);
}

#[test]
fn a_client_that_does_not_answer_delays_no_other() {
    let limits = Limits::default();
    let mut proxy = proxy();
    for id in 0..100 {
        create(&mut proxy, id, V1, "10.0.0.1");
    }
    for id in 100..104 {
        create(&mut proxy, id, V1, "10.0.0.2");
    }
    proxy.associate(T0, Client::Any, "f", "any:2").unwrap();
    let sent: Vec<_> = std::iter::from_fn(|| proxy.poll(T0)).collect();
    assert_eq!(sent.len(), limits.flights_of_client + 4);
    // Each that ends makes room for the next of the same client.
    let first = sent[0].number;
    proxy.settled(T0, first, Outcome::Unreachable);
    let next = proxy.poll(T0).unwrap();
    assert!(next.callback.starts_with("http://10.0.0.1"));
    assert_eq!(proxy.poll(T0), None);
}

#[test]
fn notifications_under_way_are_bounded() {
    let limits = Limits::default();
    let mut proxy = proxy();
    for id in 0..200 {
        create(&mut proxy, id, V1, &format!("10.0.0.{id}"));
    }
    proxy.associate(T0, Client::Any, "f", "any:2").unwrap();
    let mut told = Vec::new();
    while told.len() < 200 {
        let sent: Vec<_> = std::iter::from_fn(|| proxy.poll(T0)).collect();
        assert!(sent.len() <= limits.flights && !sent.is_empty());
        assert!(proxy.next_wake().is_none() || sent.len() < limits.flights);
        for notification in sent {
            proxy.settled(T0, notification.number, answered(204));
            told.push(notification.context);
        }
    }
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 200);
    assert_eq!(proxy.poll(after(1)), None);
}

#[test]
fn a_specific_association_notifies_only_that_client() {
    let mut proxy = proxy();
    create(&mut proxy, 1, V1, "10.0.0.1");
    create(&mut proxy, 2, V1, "10.0.0.2");
    proxy
        .associate(T0, address("10.0.0.2"), "f", "own:1")
        .unwrap();
    assert_eq!(proxy.poll(T0).unwrap().context, ContextId(2));
    assert_eq!(proxy.poll(T0), None);
}
