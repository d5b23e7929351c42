//! The content of records, as protobuf messages.

use soe_model::mec::{
    ApiVersion, Application, ApplicationKey, Association, Characteristics, Client, ContextId,
    ContextRequest, Record,
};

/// One record.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Entry {
    #[prost(oneof = "Sort", tags = "1, 2, 3, 4, 5, 6")]
    sort: Option<Sort>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Sort {
    #[prost(message, tag = "1")]
    Application(App),
    #[prost(message, tag = "2")]
    ApplicationRemoved(Key),
    #[prost(message, tag = "3")]
    Association(Assoc),
    #[prost(message, tag = "4")]
    AssociationRemoved(Assoc),
    #[prost(message, tag = "5")]
    Context(Box<Ctx>),
    #[prost(bytes = "vec", tag = "6")]
    ContextRemoved(Vec<u8>),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Key {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    provider: String,
    #[prost(string, tag = "3")]
    version: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct App {
    #[prost(message, optional, tag = "1")]
    key: Option<Key>,
    #[prost(string, tag = "2")]
    description: String,
    #[prost(uint32, tag = "3")]
    memory: u32,
    #[prost(uint32, tag = "4")]
    storage: u32,
    #[prost(uint32, tag = "5")]
    latency: u32,
    #[prost(uint32, tag = "6")]
    bandwidth: u32,
    #[prost(bool, tag = "7")]
    continuity: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Assoc {
    /// Empty for any client.
    #[prost(string, tag = "1")]
    client: String,
    #[prost(string, tag = "2")]
    application: String,
    #[prost(string, tag = "3")]
    endpoint: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Ctx {
    /// 16 bytes in big-endian order.
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(uint32, tag = "2")]
    version: u32,
    #[prost(string, tag = "3")]
    client: String,
    #[prost(string, tag = "4")]
    device: String,
    #[prost(string, optional, tag = "5")]
    callback: Option<String>,
    #[prost(message, optional, tag = "6")]
    application: Option<Key>,
    #[prost(string, optional, tag = "7")]
    told: Option<String>,
}

impl Entry {
    /// The message of a record.
    pub fn of(record: &Record) -> Self {
        let sort = match record {
            Record::Application(it) => Sort::Application(App::of(it)),
            Record::ApplicationRemoved(key) => Sort::ApplicationRemoved(Key::of(key)),
            Record::Association(it) => Sort::Association(Assoc {
                client: it.client.as_wire().to_owned(),
                application: it.application.clone(),
                endpoint: it.endpoint.clone(),
            }),
            Record::AssociationRemoved {
                client,
                application,
            } => Sort::AssociationRemoved(Assoc {
                client: client.as_wire().to_owned(),
                application: application.clone(),
                endpoint: String::new(),
            }),
            Record::Context { id, request, told } => Sort::Context(Box::new(Ctx {
                id: id.0.to_be_bytes().to_vec(),
                version: match request.version {
                    ApiVersion::V1 => 1,
                    ApiVersion::V2 => 2,
                },
                client: request.client.clone(),
                device: request.device.clone(),
                callback: request.callback.clone(),
                application: Some(Key::of(&request.application)),
                told: told.clone(),
            })),
            Record::ContextRemoved(id) => Sort::ContextRemoved(id.0.to_be_bytes().to_vec()),
        };
        Self { sort: Some(sort) }
    }

    /// The record, if the message has one.
    pub fn record(self) -> Option<Record> {
        Some(match self.sort? {
            Sort::Application(it) => Record::Application(it.application()?),
            Sort::ApplicationRemoved(key) => Record::ApplicationRemoved(key.key()),
            Sort::Association(it) => Record::Association(Association {
                client: Client::of_wire(&it.client),
                application: it.application,
                endpoint: it.endpoint,
            }),
            Sort::AssociationRemoved(it) => Record::AssociationRemoved {
                client: Client::of_wire(&it.client),
                application: it.application,
            },
            Sort::Context(it) => Record::Context {
                id: id(&it.id)?,
                request: ContextRequest {
                    version: match it.version {
                        1 => ApiVersion::V1,
                        2 => ApiVersion::V2,
                        _ => return None,
                    },
                    client: it.client,
                    device: it.device,
                    callback: it.callback,
                    application: it.application?.key(),
                },
                told: it.told,
            },
            Sort::ContextRemoved(bytes) => Record::ContextRemoved(id(&bytes)?),
        })
    }
}

impl Key {
    fn of(key: &ApplicationKey) -> Self {
        Self {
            name: key.name.clone(),
            provider: key.provider.clone(),
            version: key.version.clone(),
        }
    }

    fn key(self) -> ApplicationKey {
        ApplicationKey {
            name: self.name,
            provider: self.provider,
            version: self.version,
        }
    }
}

impl App {
    fn of(application: &Application) -> Self {
        let needs = &application.characteristics;
        Self {
            key: Some(Key::of(&application.key)),
            description: application.description.clone(),
            memory: needs.memory,
            storage: needs.storage,
            latency: needs.latency,
            bandwidth: needs.bandwidth,
            continuity: needs.service_continuity,
        }
    }

    fn application(self) -> Option<Application> {
        Some(Application {
            key: self.key?.key(),
            description: self.description,
            characteristics: Characteristics {
                memory: self.memory,
                storage: self.storage,
                latency: self.latency,
                bandwidth: self.bandwidth,
                service_continuity: self.continuity,
            },
        })
    }
}

fn id(bytes: &[u8]) -> Option<ContextId> {
    let bytes = bytes.try_into().ok()?;
    Some(ContextId(u128::from_be_bytes(bytes)))
}
