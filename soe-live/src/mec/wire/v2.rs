//! Documents of ETSI GS MEC 016 v2.2.1, after its published OpenAPI document.
//!
//! That document wraps each body in an object with one member that is named after its
//! type. The text of the standard does not. Both are read; a response has the form of
//! its request.

use serde_json::{Map, Value, json};
use soe_model::mec::{Application, ApplicationKey};

use super::schema::{Kind, optional, required};
use super::v1::{parse, text};

const LOCATION: Kind = Kind::Object(&[
    optional("countryCode", Kind::Text),
    optional(
        "civicAddressElement",
        Kind::List(
            0,
            &Kind::Object(&[
                required("caType", Kind::Integer),
                required("caValue", Kind::Text),
            ]),
        ),
    ),
    optional("area", Kind::Object(&[optional("coordinates", POLYGON)])),
]);

const POLYGON: Kind = Kind::List(1, &Kind::List(0, &Kind::List(0, &Kind::Number)));

const INSTANCES: Kind = Kind::List(
    0,
    &Kind::Object(&[
        optional("appInstanceId", Kind::Text),
        optional("referenceURI", Kind::Uri),
        optional("appLocation", LOCATION),
    ]),
);

const APP_CONTEXT: Kind = Kind::Object(&[
    optional("contextId", Kind::Text),
    required("associateDevAppId", Kind::Text),
    optional("callbackReference", Kind::Text),
    optional("appLocationUpdates", Kind::Flag),
    optional("appAutoInstantiation", Kind::Flag),
    required(
        "appInfo",
        Kind::Object(&[
            optional("appDId", Kind::Text),
            required("appName", Kind::Text),
            required("appProvider", Kind::Text),
            optional("appSoftVersion", Kind::Text),
            required("appDVersion", Kind::Text),
            optional("appDescription", Kind::Text),
            required("userAppInstanceInfo", INSTANCES),
            optional("appPackageSource", Kind::Uri),
        ]),
    ),
]);

const AVAILABILITY: Kind = Kind::Object(&[
    required("associateDevAppId", Kind::Text),
    required(
        "appInfo",
        Kind::Object(&[
            required("appName", Kind::Text),
            required("appProvider", Kind::Text),
            optional("appSoftVersion", Kind::Text),
            required("appDVersion", Kind::Text),
            optional("appDescription", Kind::Text),
            optional(
                "availableLocations",
                Kind::List(0, &Kind::Object(&[optional("appLocation", LOCATION)])),
            ),
            optional("appPackageSource", Kind::Uri),
        ]),
    ),
]);

const LIST: Kind = Kind::Object(&[required(
    "ApplicationList",
    Kind::Object(&[optional(
        "appList",
        Kind::List(
            0,
            &Kind::Object(&[required(
                "appInfo",
                Kind::Object(&[
                    required("appName", Kind::Text),
                    required("appProvider", Kind::Text),
                    required("appSoftVersion", Kind::Text),
                    required("appDVersion", Kind::Text),
                ]),
            )]),
        ),
    )]),
)]);

const ADDRESS_CHANGE: Kind = Kind::Object(&[
    required("notificationType", Kind::Text),
    required("contextId", Kind::Text),
    required("referenceURI", Kind::Text),
]);

/// A document that was read and checked, wrapped or not.
#[derive(Clone, Debug)]
pub struct Document {
    name: &'static str,
    wrapped: bool,
    value: Value,
}

/// Reads a context.
///
/// # Errors
/// The place of what is wrong, and what was expected.
pub fn app_context(body: &[u8]) -> Result<Document, String> {
    Document::read("AppContext", &APP_CONTEXT, body)
}

/// Reads a question for the locations of an application.
///
/// # Errors
/// The place of what is wrong, and what was expected.
pub fn availability(body: &[u8]) -> Result<Document, String> {
    Document::read("ApplicationLocationAvailability", &AVAILABILITY, body)
}

impl Document {
    fn read(name: &'static str, kind: &Kind, body: &[u8]) -> Result<Self, String> {
        let mut value = parse(body)?;
        let object = value.as_object_mut();
        let object = object.ok_or_else(|| "body: expected an object".to_owned())?;
        let inner = object.remove(name);
        let wrapped = inner.is_some();
        let inner = match inner {
            Some(inner) => inner,
            None if object.contains_key("appInfo") => value,
            None => return Err(format!("body.{name}: missing, expected an object")),
        };
        kind.check(name, &inner)?;
        Ok(Self {
            name,
            wrapped,
            value: kind.known(&inner),
        })
    }

    /// The identifier of the device application.
    pub fn device(&self) -> String {
        text(&self.value, "associateDevAppId")
    }

    /// Where it wants to be notified.
    pub fn callback(&self) -> Option<String> {
        self.value["callbackReference"].as_str().map(str::to_owned)
    }

    /// The application, and the version of its descriptor.
    pub fn application(&self) -> (ApplicationKey, String) {
        let info = &self.value["appInfo"];
        let key = ApplicationKey {
            name: text(info, "appName"),
            provider: text(info, "appProvider"),
            version: text(info, "appSoftVersion"),
        };
        (key, text(info, "appDVersion"))
    }

    /// The country codes of the locations at which the application is wanted.
    pub fn countries(&self) -> impl Iterator<Item = &str> {
        let instances = self.value["appInfo"]["userAppInstanceInfo"].as_array();
        let instances = instances.into_iter().flatten();
        instances.filter_map(|it| it["appLocation"]["countryCode"].as_str())
    }

    /// The response: the context as it was created.
    pub fn created(mut self, id: &str, application: &Application, reference: &str) -> Value {
        self.value["contextId"] = id.into();
        let info = &mut self.value["appInfo"];
        info["appDId"] = descriptor_id(&application.key).into();
        let location = info.pointer_mut("/userAppInstanceInfo/0/appLocation");
        let location = location.map_or(Value::Null, Value::take);
        let mut instance = json!({ "appInstanceId": id, "referenceURI": uri(reference) });
        if !location.is_null() {
            instance["appLocation"] = location;
        }
        info["userAppInstanceInfo"] = Value::Array(vec![instance]);
        self.wrap()
    }

    /// The response: where the application is available.
    pub fn available(mut self, countries: &[&str]) -> Value {
        let locations = countries
            .iter()
            .map(|country| json!({ "appLocation": { "countryCode": country } }));
        self.value["appInfo"]["availableLocations"] = Value::Array(locations.collect());
        self.wrap()
    }

    fn wrap(self) -> Value {
        match self.wrapped {
            true => {
                let mut outer = Map::new();
                outer.insert(self.name.to_owned(), self.value);
                outer.into()
            }
            false => self.value,
        }
    }
}

/// The identifier of the descriptor of an application.
pub fn descriptor_id(key: &ApplicationKey) -> String {
    format!("{}+{}+{}", key.name, key.provider, key.version)
}

/// A reference as a URI: end-points get the scheme of what is served there.
pub fn uri(reference: &str) -> String {
    format!("http://{reference}")
}

/// The end-point in such a URI.
pub fn endpoint_of(uri: &str) -> &str {
    let rest = uri.strip_prefix("http://").unwrap_or(uri);
    rest.trim_end_matches('/')
}

/// Writes the list of applications.
pub fn write_list<'a>(applications: impl Iterator<Item = &'a Application>) -> Value {
    let all = applications.map(|application| {
        let (key, needs) = (&application.key, &application.characteristics);
        json!({ "appInfo": {
            "appDId": descriptor_id(key),
            "appName": key.name,
            "appProvider": key.provider,
            "appSoftVersion": key.version,
            "appDVersion": key.version,
            "appDescription": application.description,
            "appCharcs": {
                "memory": needs.memory,
                "storage": needs.storage,
                "latency": needs.latency,
                "bandwidth": needs.bandwidth,
                "serviceCont": u8::from(needs.service_continuity),
            },
        }})
    });
    json!({ "ApplicationList": { "appList": all.collect::<Vec<_>>() } })
}

/// Reads the list of applications.
///
/// # Errors
/// The place of what is wrong, and what was expected.
pub fn list(body: &[u8]) -> Result<Vec<Application>, String> {
    let value = parse(body)?;
    LIST.check("body", &value)?;
    let all = value["ApplicationList"]["appList"].as_array();
    let application = |entry: &Value| {
        let info = &entry["appInfo"];
        let key = ApplicationKey {
            name: text(info, "appName"),
            provider: text(info, "appProvider"),
            version: text(info, "appSoftVersion"),
        };
        let application = Application::plain(key);
        application.check().map_err(|error| error.to_string())?;
        Ok(application)
    };
    all.into_iter().flatten().map(application).collect()
}

/// Writes a request for a context.
pub fn write_request(key: &ApplicationKey, device: &str, callback: &str) -> Value {
    json!({ "AppContext": {
        "associateDevAppId": device,
        "callbackReference": callback,
        "appInfo": {
            "appDId": descriptor_id(key),
            "appName": key.name,
            "appProvider": key.provider,
            "appSoftVersion": key.version,
            "appDVersion": key.version,
            "userAppInstanceInfo": [],
        },
    }})
}

/// Reads the response to it: identifier and reference.
///
/// # Errors
/// What is missing.
pub fn read_created(body: &[u8]) -> Result<(String, String), String> {
    let document = app_context(body)?;
    let id = text(&document.value, "contextId");
    let reference = &document.value["appInfo"]["userAppInstanceInfo"][0]["referenceURI"];
    match (id.as_str(), reference.as_str()) {
        ("", _) => Err("AppContext.contextId: missing".to_owned()),
        (_, None) => Err("AppContext.appInfo.userAppInstanceInfo: no referenceURI".to_owned()),
        (_, Some(reference)) => {
            let reference = endpoint_of(reference).to_owned();
            Ok((id, reference))
        }
    }
}

const CHANGED: &str = "AddressChangeNotification";

/// Writes a notification of a new reference.
pub fn notification(context: &str, reference: &str) -> Value {
    json!({
        "notificationType": CHANGED,
        "contextId": context,
        "appInstanceId": context,
        "referenceURI": uri(reference),
    })
}

/// Reads a notification: the new reference. `None` if it is about something else.
///
/// # Errors
/// The place of what is wrong, and what was expected.
pub fn read_notification(body: &[u8]) -> Result<Option<String>, String> {
    let value = parse(body)?;
    let sort = value["notificationType"].as_str();
    let sort = sort.ok_or_else(|| "notificationType: missing, expected a string".to_owned())?;
    if sort != CHANGED {
        return Ok(None);
    }
    ADDRESS_CHANGE.check(CHANGED, &value)?;
    let reference = text(&value, "referenceURI");
    Ok(Some(endpoint_of(&reference).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Value {
        write_request(&ApplicationKey::new("f", "p", "1.0"), "d1", "http://h:1/d1")
    }

    #[test]
    fn a_response_has_the_form_of_its_request() {
        let application = Application::plain(ApplicationKey::new("f", "p", "1.0"));
        for wrapped in [true, false] {
            let mut body = request();
            if !wrapped {
                body = body["AppContext"].take();
            }
            let document = app_context(body.to_string().as_bytes()).unwrap();
            let created = document.created("id1", &application, "e:1");
            assert_eq!(created.get("AppContext").is_some(), wrapped);
            let read = read_created(created.to_string().as_bytes()).unwrap();
            assert_eq!(read, ("id1".to_owned(), "e:1".to_owned()));
        }
    }

    #[test]
    fn a_wrong_context_says_where() {
        let wrong = |change: fn(&mut Value)| {
            let mut body = request();
            change(&mut body["AppContext"]);
            app_context(body.to_string().as_bytes()).unwrap_err()
        };
        assert_eq!(
            app_context(b"{}").unwrap_err(),
            "body.AppContext: missing, expected an object"
        );
        let missing = wrong(|it| {
            it["appInfo"].as_object_mut().unwrap().remove("appDVersion");
        });
        assert_eq!(
            missing,
            "AppContext.appInfo.appDVersion: missing, expected a string"
        );
        let location = wrong(|it| {
            it["appInfo"]["userAppInstanceInfo"] =
                json!([{"appLocation": {"area": {"coordinates": []}}}]);
        });
        assert!(location.contains("[0].appLocation.area.coordinates: expected at least 1"));
        assert!(wrong(|it| it["appLocationUpdates"] = 1.into()).contains("true or false"));
    }

    #[test]
    fn members_without_meaning_are_not_returned() {
        let mut body = request();
        body["AppContext"]["more"] = json!({"x": 1});
        let document = app_context(body.to_string().as_bytes()).unwrap();
        let application = Application::plain(ApplicationKey::new("f", "p", "1.0"));
        assert!(
            !document
                .created("i", &application, "e:1")
                .to_string()
                .contains("more")
        );
    }

    #[test]
    fn notifications_of_other_types_are_not_about_the_reference() {
        let body = notification("c", "e:2").to_string();
        assert_eq!(
            read_notification(body.as_bytes()),
            Ok(Some("e:2".to_owned()))
        );
        let other = br#"{"notificationType":"ApplicationContextDeleteNotification"}"#;
        assert_eq!(read_notification(other), Ok(None));
        assert!(read_notification(b"{}").is_err());
        let incomplete = br#"{"notificationType":"AddressChangeNotification"}"#;
        assert!(read_notification(incomplete).is_err());
    }
}
