//! Whatever happens in whatever order: references follow from the associations, device
//! applications learn them, and records restore all of it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sim_core::{SimDuration, SimTime};
use soe_model::mec::*;

use super::{address, key, request};

#[derive(Clone, Debug)]
enum Step {
    Associate { client: usize, endpoint: u8 },
    Dissociate { client: usize },
    Create { client: usize, v2: bool },
    Delete { nth: usize },
    Update { nth: usize, callback: Option<u8> },
    Send,
    Settle { nth: usize, outcome: u8 },
    Wait { millis: u64 },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_usize..4, 0_u8..3).prop_map(|(client, endpoint)| Step::Associate { client, endpoint }),
        2 => (0_usize..4).prop_map(|client| Step::Dissociate { client }),
        4 => (0_usize..3, any::<bool>()).prop_map(|(client, v2)| Step::Create { client, v2 }),
        1 => (0_usize..8).prop_map(|nth| Step::Delete { nth }),
        2 => (0_usize..8, prop::option::of(0_u8..2)).prop_map(|(nth, callback)| Step::Update { nth, callback }),
        4 => Just(Step::Send),
        4 => (0_usize..8, 0_u8..8).prop_map(|(nth, outcome)| Step::Settle { nth, outcome }),
        2 => (0_u64..20_000).prop_map(|millis| Step::Wait { millis }),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..120)
}

/// The last client stands for any.
fn who(client: usize) -> Client {
    match client {
        3 => Client::Any,
        client => address(&format!("10.0.0.{client}")),
    }
}

/// A proxy and a plain account of what is true.
struct Bench {
    proxy: Proxy,
    now: SimTime,
    journal: Vec<Record>,
    associations: BTreeMap<Client, String>,
    /// By identifier: client, and what its device application believes.
    believed: BTreeMap<ContextId, (String, String)>,
    under_way: Vec<Notification>,
    next: u128,
}

impl Bench {
    fn new() -> Self {
        let mut proxy = Proxy::new(Limits::default(), Patience::default());
        proxy.add_application(Application::plain(key("f"))).unwrap();
        Self {
            proxy,
            now: SimTime::ZERO,
            journal: Vec::new(),
            associations: BTreeMap::new(),
            believed: BTreeMap::new(),
            under_way: Vec::new(),
            next: 0,
        }
    }

    fn nth(&self, nth: usize) -> Option<(ApiVersion, ContextId)> {
        let count = self.proxy.context_count().max(1);
        let context = self.proxy.contexts().nth(nth % count)?;
        Some((context.request().version, context.id()))
    }

    fn resolved(&self, client: &str) -> String {
        let own = self.associations.get(&address(client));
        let found = own.or_else(|| self.associations.get(&Client::Any));
        found.cloned().unwrap_or_default()
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Associate { client, endpoint } => {
                let endpoint = format!("e{endpoint}:1");
                let client = who(client);
                self.proxy
                    .associate(self.now, client.clone(), "f", &endpoint)
                    .unwrap();
                self.associations.insert(client, endpoint);
            }
            Step::Dissociate { client } => {
                let removed = self.proxy.dissociate(self.now, &who(client), "f");
                assert_eq!(removed, self.associations.remove(&who(client)).is_some());
            }
            Step::Create { client, v2 } => {
                let version = [ApiVersion::V1, ApiVersion::V2][usize::from(v2)];
                let client = format!("10.0.0.{client}");
                let id = ContextId(self.next);
                let asked = request(version, &client, "d", "f");
                let created = self.proxy.create(self.now, id, asked);
                let expected = self.associations.contains_key(&address(&client))
                    || self.associations.contains_key(&Client::Any);
                assert_eq!(created.is_ok(), expected);
                if let Ok(context) = created {
                    let reference = context.reference().to_owned();
                    self.believed.insert(id, (client, reference));
                    self.next += 1;
                }
            }
            Step::Delete { nth } => {
                if let Some((version, id)) = self.nth(nth) {
                    self.proxy.delete(version, id).unwrap();
                    self.believed.remove(&id);
                }
            }
            Step::Update { nth, callback } => {
                if let Some((version, id)) = self.nth(nth) {
                    let callback = callback.map(|number| format!("http://c{number}"));
                    self.proxy.update(self.now, version, id, callback).unwrap();
                }
            }
            Step::Send => {
                while let Some(notification) = self.proxy.poll(self.now) {
                    self.sent(notification);
                }
            }
            Step::Settle { nth, outcome } => {
                if !self.under_way.is_empty() {
                    let notification = self.under_way.remove(nth % self.under_way.len());
                    self.settle(&notification, outcome);
                }
            }
            Step::Wait { millis } => self.now += SimDuration::from_millis(millis),
            Step::Restart => self.restart(),
        }
        let records = self.proxy.take_records();
        self.journal.extend(records);
    }

    /// Never sent for nothing, never anything but the current reference, and never two
    /// for one context at a time.
    fn sent(&mut self, notification: Notification) {
        let (client, _) = &self.believed[&notification.context];
        assert_eq!(notification.reference, self.resolved(client));
        let mut others = self.under_way.iter();
        assert!(others.all(|other| other.context != notification.context));
        self.under_way.push(notification);
    }

    fn settle(&mut self, notification: &Notification, outcome: u8) {
        let status = [204, 204, 204, 204, 400, 503][usize::from(outcome % 6)];
        let (arrives, outcome) = match outcome {
            6 => (false, Outcome::Unreachable),
            // It arrives, but the answer is lost.
            7 => (true, Outcome::Unreachable),
            _ => (status == 204, Outcome::Answered { status }),
        };
        if arrives && let Some((_, believed)) = self.believed.get_mut(&notification.context) {
            notification.reference.clone_into(believed);
        }
        let settled = self.proxy.settled(self.now, notification.number, outcome);
        if settled == Settled::Dropped {
            self.believed.remove(&notification.context);
        }
    }

    /// The proxy is killed: what was in progress has arrived or not.
    fn restart(&mut self) {
        let records = self.proxy.take_records();
        self.journal.extend(records);
        for (number, notification) in self.under_way.drain(..).enumerate() {
            if number % 2 == 0
                && let Some((_, believed)) = self.believed.get_mut(&notification.context)
            {
                notification.reference.clone_into(believed);
            }
        }
        let (limits, patience) = (Limits::default(), Patience::default());
        let journal = self.journal.clone();
        let (proxy, refused) = Proxy::restore(limits, patience, self.now, journal);
        assert_eq!(refused, 0);
        assert!(proxy.snapshot().eq(self.proxy.snapshot()));
        let (again, _) = Proxy::restore(limits, patience, self.now, proxy.snapshot());
        assert!(again.snapshot().eq(proxy.snapshot()));
        self.proxy = proxy;
    }

    fn check(&self) {
        assert_eq!(self.proxy.context_count(), self.believed.len());
        for context in self.proxy.contexts() {
            let (client, _) = &self.believed[&context.id()];
            assert_eq!(context.reference(), self.resolved(client));
        }
        assert_eq!(self.proxy.under_way(), self.under_way.len());
    }

    /// All callbacks answer from now on: in the end everybody believes what is true.
    fn finish(&mut self) {
        for notification in std::mem::take(&mut self.under_way) {
            if self.believed.contains_key(&notification.context) {
                self.settle(&notification, 0);
            } else {
                self.proxy
                    .settled(self.now, notification.number, Outcome::Unreachable);
            }
        }
        // What was given up is told at the next change.
        for endpoint in [9, 8] {
            for client in 0..4 {
                self.take(Step::Associate { client, endpoint });
            }
            while let Some(at) = self.proxy.next_wake() {
                self.now = self.now.max(at);
                self.take(Step::Send);
                for notification in std::mem::take(&mut self.under_way) {
                    self.settle(&notification, 0);
                }
            }
        }
        self.check();
        for context in self.proxy.contexts() {
            let (_, believed) = &self.believed[&context.id()];
            if context.request().callback.is_some() {
                assert_eq!(context.reference(), believed);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn device_applications_learn_their_references(steps in steps()) {
        let mut bench = Bench::new();
        for step in steps {
            bench.take(step);
            bench.check();
        }
        bench.finish();
    }
}
