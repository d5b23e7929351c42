//! Documents of ETSI GS MEC 016 v1.1.1, as the original reads and writes them: members
//! in alphabetical order, empty texts left out.

use serde_json::{Map, Value, json};
use soe_model::mec::{Application, ApplicationKey, Characteristics};

use super::schema::{Kind, Member, optional, required};

/// What a device application asks for, or what it got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppContext {
    /// Present in responses.
    pub context_id: Option<String>,
    /// The identifier of the device application.
    pub device: String,
    /// Where it wants to be notified.
    pub callback: Option<String>,
    /// The application.
    pub application: ApplicationKey,
    /// The description of the application; may be empty.
    pub description: String,
    /// The source of its package; may be empty.
    pub package: String,
    /// The end-point to call; present in responses.
    pub reference: Option<String>,
}

const APP_INFO: &[Member] = &[
    required("appName", Kind::Text),
    required("appProvider", Kind::Text),
    optional("appSoftVersion", Kind::Text),
    optional("appDescription", Kind::Text),
    optional("appPackageSource", Kind::Text),
    optional("referenceURI", Kind::Text),
    optional("appCharcs", CHARACTERISTICS),
];

const CHARACTERISTICS: Kind = Kind::Object(&[
    optional("memory", Kind::Number),
    optional("storage", Kind::Number),
    optional("latency", Kind::Number),
    optional("bandwidth", Kind::Number),
    optional("serviceCont", Kind::Integer),
]);

const APP_CONTEXT: Kind = Kind::Object(&[
    optional("contextId", Kind::Text),
    required("associateUeAppId", Kind::Text),
    optional("callbackReference", Kind::Text),
    required("appInfo", Kind::Object(APP_INFO)),
]);

const LIST: Kind = Kind::Object(&[required(
    "ApplicationList",
    Kind::Object(&[required("appInfo", Kind::List(0, &Kind::Object(APP_INFO)))]),
)]);

const NOTIFICATION: Kind = Kind::Object(&[required("referenceURI", Kind::Text)]);

/// Reads a context.
///
/// # Errors
/// The place of what is wrong, and what was expected.
pub fn app_context(body: &[u8]) -> Result<AppContext, String> {
    let value = parse(body)?;
    APP_CONTEXT.check("AppContext", &value)?;
    let device = text(&value, "associateUeAppId");
    if device.is_empty() {
        return Err("AppContext.associateUeAppId: empty".to_owned());
    }
    let context_id = present(&value, "contextId");
    if context_id.as_deref() == Some("") {
        return Err("AppContext.contextId: empty".to_owned());
    }
    let info = &value["appInfo"];
    let application = application(info)?;
    if info.get("appCharcs").is_some() && info.get("referenceURI").is_some() {
        return Err("AppContext.appInfo: both appCharcs and referenceURI".to_owned());
    }
    Ok(AppContext {
        context_id,
        device,
        callback: present(&value, "callbackReference").filter(|text| !text.is_empty()),
        description: application.description,
        application: application.key,
        package: text(info, "appPackageSource"),
        reference: present(info, "referenceURI"),
    })
}

/// Writes a context.
pub fn write_context(context: &AppContext) -> Value {
    let mut info = Map::new();
    add(&mut info, "appDescription", &context.description);
    add(&mut info, "appName", &context.application.name);
    add(&mut info, "appPackageSource", &context.package);
    add(&mut info, "appProvider", &context.application.provider);
    add(&mut info, "appSoftVersion", &context.application.version);
    add(
        &mut info,
        "referenceURI",
        context.reference.as_deref().unwrap_or_default(),
    );
    let mut all = Map::new();
    all.insert("appInfo".into(), info.into());
    add(&mut all, "associateUeAppId", &context.device);
    add(
        &mut all,
        "callbackReference",
        context.callback.as_deref().unwrap_or_default(),
    );
    add(
        &mut all,
        "contextId",
        context.context_id.as_deref().unwrap_or_default(),
    );
    all.into()
}

/// Writes the list of applications.
pub fn write_list<'a>(applications: impl Iterator<Item = &'a Application>) -> Value {
    let all: Vec<_> = applications.map(write_application).collect();
    json!({ "ApplicationList": { "appInfo": all } })
}

fn write_application(application: &Application) -> Value {
    let needs = &application.characteristics;
    let mut info = Map::new();
    let characteristics = json!({
        "bandwidth": needs.bandwidth,
        "latency": needs.latency,
        "memory": needs.memory,
        "serviceCont": u8::from(needs.service_continuity),
        "storage": needs.storage,
    });
    info.insert("appCharcs".into(), characteristics);
    add(&mut info, "appDescription", &application.description);
    add(&mut info, "appName", &application.key.name);
    add(&mut info, "appProvider", &application.key.provider);
    add(&mut info, "appSoftVersion", &application.key.version);
    info.into()
}

/// Reads the list of applications.
///
/// # Errors
/// The place of what is wrong, and what was expected.
pub fn list(body: &[u8]) -> Result<Vec<Application>, String> {
    let value = parse(body)?;
    LIST.check("body", &value)?;
    let all = value["ApplicationList"]["appInfo"].as_array();
    all.into_iter().flatten().map(application).collect()
}

/// Writes a notification.
pub fn notification(reference: &str) -> Value {
    json!({ "referenceURI": reference })
}

/// Reads a notification: the new reference.
///
/// # Errors
/// The place of what is wrong, and what was expected.
pub fn read_notification(body: &[u8]) -> Result<String, String> {
    let value = parse(body)?;
    NOTIFICATION.check("NotificationEvent", &value)?;
    Ok(text(&value, "referenceURI"))
}

fn application(info: &Value) -> Result<Application, String> {
    let application = Application {
        key: ApplicationKey {
            name: text(info, "appName"),
            provider: text(info, "appProvider"),
            version: text(info, "appSoftVersion"),
        },
        description: text(info, "appDescription"),
        characteristics: characteristics(&info["appCharcs"])?,
    };
    application.check().map_err(|error| error.to_string())?;
    Ok(application)
}

fn characteristics(value: &Value) -> Result<Characteristics, String> {
    // Numbers beyond the range of the model are as large as it allows.
    let number = |name: &str| value[name].as_f64().unwrap_or(0.0) as u32;
    let continuity = match value["serviceCont"].as_f64() {
        None | Some(0.0) => false,
        Some(1.0) => true,
        Some(_) => return Err("appCharcs.serviceCont: expected 0 or 1".to_owned()),
    };
    Ok(Characteristics {
        memory: number("memory"),
        storage: number("storage"),
        latency: number("latency"),
        bandwidth: number("bandwidth"),
        service_continuity: continuity,
    })
}

pub fn parse(body: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))
}

pub fn text(value: &Value, name: &str) -> String {
    present(value, name).unwrap_or_default()
}

fn present(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

fn add(map: &mut Map<String, Value>, name: &str, value: &str) {
    if !value.is_empty() {
        map.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r#"{"associateUeAppId":"u1","callbackReference":"http://127.0.0.1:16600/u1","appInfo":{"appName":"test1","appProvider":"OpenLambdaMec","appSoftVersion":"1.0"}}"#;

    #[test]
    fn a_response_has_the_bytes_of_the_original() {
        let mut context = app_context(REQUEST.as_bytes()).unwrap();
        context.context_id = Some("c828a4ad-a234-41e5-b213-4142ec4b46d2".to_owned());
        context.reference = Some("localhost:10000".to_owned());
        let written = write_context(&context).to_string();
        let expected = r#"{"appInfo":{"appName":"test1","appProvider":"OpenLambdaMec","appSoftVersion":"1.0","referenceURI":"localhost:10000"},"associateUeAppId":"u1","callbackReference":"http://127.0.0.1:16600/u1","contextId":"c828a4ad-a234-41e5-b213-4142ec4b46d2"}"#;
        assert_eq!(written, expected);
        assert_eq!(app_context(written.as_bytes()), Ok(context));
    }

    #[test]
    fn a_wrong_context_says_where() {
        for (body, expected) in [
            ("{\"a\":", "not JSON"),
            ("[]", "AppContext: expected an object"),
            ("{}", "AppContext.associateUeAppId: missing"),
            (r#"{"associateUeAppId":"u"}"#, "AppContext.appInfo: missing"),
            (
                r#"{"associateUeAppId":"","appInfo":{"appName":"a","appProvider":"b"}}"#,
                "associateUeAppId: empty",
            ),
            (
                r#"{"associateUeAppId":"u","appInfo":{"appName":"","appProvider":"b"}}"#,
                "name of an application",
            ),
            (
                r#"{"associateUeAppId":"u","contextId":"","appInfo":{"appName":"a","appProvider":"b"}}"#,
                "contextId: empty",
            ),
            (
                r#"{"associateUeAppId":"u","appInfo":{"appName":"a","appProvider":"b","appCharcs":{},"referenceURI":"x"}}"#,
                "both",
            ),
            (
                r#"{"associateUeAppId":"u","appInfo":{"appName":"a","appProvider":"b","appCharcs":{"serviceCont":2}}}"#,
                "0 or 1",
            ),
            (
                r#"{"associateUeAppId":"u","callbackReference":1,"appInfo":{"appName":"a","appProvider":"b"}}"#,
                "callbackReference: expected a string",
            ),
        ] {
            let error = app_context(body.as_bytes()).unwrap_err();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let mut application = Application::plain(ApplicationKey::new("f", "p", ""));
        application.description = "text".to_owned();
        application.characteristics.latency = 7;
        application.characteristics.service_continuity = true;
        let written = write_list([&application].into_iter()).to_string();
        assert_eq!(list(written.as_bytes()), Ok(vec![application]));
        assert!(list(b"{}").is_err());
    }
}
