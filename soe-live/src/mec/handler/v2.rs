//! Version 2.2.1 (`/dev_app/v1/`).

use std::borrow::Cow;
use std::collections::BTreeSet;

use http::header::{ALLOW, HOST, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use soe_model::mec::{ApiVersion, Application, ApplicationKey, ContextId, ContextRequest, Refusal};
use uuid::Uuid;

use super::{client_of, context_of, has_json, no_content};
use crate::http::{Answer, Request, json, problem};
use crate::limits::MEC_IDENTIFIER;
use crate::mec::address::is_callback;
use crate::mec::journal::NotKept;
use crate::mec::proxy::Proxy;
use crate::mec::wire::v2::{Document, app_context, availability, write_list};

/// Why a request is not fulfilled.
struct Problem(StatusCode, String);

fn bad(detail: impl Into<String>) -> Problem {
    Problem(StatusCode::BAD_REQUEST, detail.into())
}

/// Answers a request for a resource below `base`.
pub async fn answer(proxy: &Proxy, base: &str, resource: &str, request: &Request) -> Answer {
    let answered = match (resource, request.method()) {
        ("app_list", &Method::GET) => list(proxy, request),
        ("app_list", _) => return not_allowed("GET"),
        ("app_contexts", &Method::POST) => create(proxy, base, request).await,
        ("app_contexts", _) => return not_allowed("POST"),
        ("obtain_app_loc_availability", &Method::POST) => locations(proxy, request),
        ("obtain_app_loc_availability", _) => return not_allowed("POST"),
        _ => match (context_of(resource), request.method()) {
            (Some(id), &Method::PUT) => update(proxy, id, request).await,
            (Some(id), &Method::DELETE) => delete(proxy, id).await,
            (Some(_), _) => return not_allowed("DELETE, PUT"),
            (None, _) => Err(Problem(
                StatusCode::NOT_FOUND,
                format!("there is no resource {}", request.path()),
            )),
        },
    };
    answered.unwrap_or_else(|Problem(status, detail)| problem(status, &detail))
}

fn not_allowed(methods: &'static str) -> Answer {
    let detail = format!("this resource has only {methods}");
    let mut answer = problem(StatusCode::METHOD_NOT_ALLOWED, &detail);
    let methods = HeaderValue::from_static(methods);
    answer.headers_mut().insert(ALLOW, methods);
    answer
}

/// The filters of the list of applications. An application passes if it has one of the
/// values of each filter that is given.
#[derive(Default)]
struct Filters<'a> {
    names: BTreeSet<Cow<'a, str>>,
    providers: BTreeSet<Cow<'a, str>>,
    versions: BTreeSet<Cow<'a, str>>,
    continuity: Option<i64>,
    vendors: bool,
}

/// Whether a text is a whole number, but one that does not fit.
fn is_too_large(error: &std::num::ParseIntError) -> bool {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    matches!(error.kind(), PosOverflow | NegOverflow)
}

impl<'a> Filters<'a> {
    /// The filters of a query, as many as fit into the headers of a request. Their names are those of the OpenAPI document, in any case,
    /// which are those of the text of the standard, too. Other parameters are ignored.
    fn read(request: &'a Request) -> Result<Self, Problem> {
        let mut filters = Self::default();
        for (name, value) in request.query() {
            match name.to_ascii_lowercase().as_str() {
                "appname" => drop(filters.names.insert(value)),
                "appprovider" => drop(filters.providers.insert(value)),
                "appsoftversion" => drop(filters.versions.insert(value)),
                "servicecont" => {
                    let number = match value.parse::<i64>() {
                        Ok(number) => number,
                        // Any other number is that of no application.
                        Err(error) if is_too_large(&error) => i64::MAX,
                        Err(_) => return Err(bad("serviceCont: expected 0 or 1")),
                    };
                    if filters.continuity.replace(number).is_some() {
                        return Err(bad("serviceCont: given more than once"));
                    }
                }
                // No application here has an extension of a vendor.
                "vendorid" => filters.vendors = true,
                _ => {}
            }
        }
        Ok(filters)
    }

    fn pass(&self, application: &Application) -> bool {
        let has = |values: &BTreeSet<Cow<'_, str>>, value: &str| {
            values.is_empty() || values.contains(value)
        };
        let key = &application.key;
        let continuity = i64::from(application.characteristics.service_continuity);
        has(&self.names, &key.name)
            && has(&self.providers, &key.provider)
            && has(&self.versions, &key.version)
            && self.continuity.is_none_or(|wanted| wanted == continuity)
            && !self.vendors
    }
}

fn list(proxy: &Proxy, request: &Request) -> Result<Answer, Problem> {
    let filters = Filters::read(request)?;
    let list = proxy.look(|machine| {
        let applications = machine.applications();
        write_list(applications.filter(|application| filters.pass(application)))
    });
    Ok(json(StatusCode::OK, &list))
}

async fn create(proxy: &Proxy, base: &str, request: &Request) -> Result<Answer, Problem> {
    let document = read(request, app_context)?;
    let application = find(proxy, &document)?;
    if let Some(own) = proxy.country()
        && let Some(other) = document.countries().find(|country| *country != own)
    {
        let detail = format!("the application runs in {own}, not in {other}");
        return Err(Problem(StatusCode::FORBIDDEN, detail));
    }
    let id = Uuid::new_v4();
    let asked = ContextRequest {
        version: ApiVersion::V2,
        client: client_of(request),
        device: document.device(),
        callback: callback(&document)?,
        application: application.key.clone(),
    };
    let created = proxy.change(|machine, now| {
        let context = machine.create(now, ContextId(id.as_u128()), asked);
        context.map(|context| context.reference().to_owned())
    });
    let reference = created.await??;
    let id = id.simple().to_string();
    let body = document.created(&id, &application, &reference);
    let mut answer = json(StatusCode::CREATED, &body);
    // A host that is not a valid header did not come in one.
    if let Ok(location) = location(request, base, &id).try_into() {
        answer.headers_mut().insert(LOCATION, location);
    }
    Ok(answer)
}

async fn update(proxy: &Proxy, id: &str, request: &Request) -> Result<Answer, Problem> {
    let context = parse(id)?;
    let known = proxy.look(|machine| machine.context(ApiVersion::V2, context).is_some());
    if !known {
        return Err(unknown(id));
    }
    let document = read(request, app_context)?;
    // All other attributes stay as they are.
    if let Some(callback) = callback(&document)? {
        let updated = proxy
            .change(|machine, now| machine.update(now, ApiVersion::V2, context, Some(callback)));
        updated.await??;
    }
    Ok(no_content())
}

async fn delete(proxy: &Proxy, id: &str) -> Result<Answer, Problem> {
    let context = parse(id)?;
    let deleted = proxy.change(|machine, _| machine.delete(ApiVersion::V2, context));
    match deleted.await? {
        Ok(()) => Ok(no_content()),
        Err(_) => Err(unknown(id)),
    }
}

/// An application is available where this system is, if an end-point serves it for this
/// client. An application that is not listed is available nowhere.
fn locations(proxy: &Proxy, request: &Request) -> Result<Answer, Problem> {
    let document = read(request, availability)?;
    let client = client_of(request);
    let is_served = find(proxy, &document).is_ok_and(|application| {
        let name = &application.key.name;
        proxy.look(|machine| machine.resolved(&client, name).is_some())
    });
    let countries: Vec<_> = proxy.country().into_iter().filter(|_| is_served).collect();
    Ok(json(StatusCode::OK, &document.available(&countries)))
}

fn read(
    request: &Request,
    parse: fn(&[u8]) -> Result<Document, String>,
) -> Result<Document, Problem> {
    if !has_json(request) {
        return Err(bad("Content-Type: expected application/json"));
    }
    let document = parse(&request.body).map_err(bad)?;
    if !(1..=MEC_IDENTIFIER).contains(&document.device().chars().count()) {
        let detail = format!("associateDevAppId: expected 1 to {MEC_IDENTIFIER} characters");
        return Err(bad(detail));
    }
    Ok(document)
}

/// The application that a document asks for. Its software version may be left out, and
/// is that of the descriptor then.
fn find(proxy: &Proxy, document: &Document) -> Result<Application, Problem> {
    let (mut key, descriptor) = document.application();
    if key.version.is_empty() {
        key.version = descriptor;
    }
    let found = proxy.look(|machine| {
        let mut applications = machine.applications();
        applications
            .find(|application| application.key == key)
            .cloned()
    });
    found.ok_or_else(|| {
        let ApplicationKey {
            name,
            provider,
            version,
        } = &key;
        let detail =
            format!("there is no application `{name}` of `{provider}`, version `{version}`");
        Problem(StatusCode::FORBIDDEN, detail)
    })
}

fn callback(document: &Document) -> Result<Option<String>, Problem> {
    let callback = document.callback();
    match callback.as_deref().is_none_or(is_callback) {
        true => Ok(callback),
        false => Err(bad(
            "callbackReference: expected an address of http or https",
        )),
    }
}

/// The address of a new context, as the client sees this server.
fn location(request: &Request, base: &str, id: &str) -> String {
    let authority = request.head.uri.authority().map(|it| it.as_str());
    let host = authority.or_else(|| request.header(HOST));
    match host {
        Some(host) => format!("http://{host}{base}app_contexts/{id}"),
        None => format!("{base}app_contexts/{id}"),
    }
}

/// An identifier, as it was written in the response.
fn parse(id: &str) -> Result<ContextId, Problem> {
    let parsed = Uuid::try_parse(id).ok();
    let parsed = parsed.filter(|parsed| parsed.simple().to_string() == id);
    let parsed = parsed.ok_or_else(|| unknown(id))?;
    Ok(ContextId(parsed.as_u128()))
}

fn unknown(id: &str) -> Problem {
    let id: String = id.chars().take(MEC_IDENTIFIER).collect();
    let detail = format!("there is no context {id}");
    Problem(StatusCode::NOT_FOUND, detail)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Invalid { .. } => StatusCode::BAD_REQUEST,
            Refusal::UnknownContext => StatusCode::NOT_FOUND,
            _ => StatusCode::FORBIDDEN,
        };
        Self(status, refusal.to_string())
    }
}

impl From<NotKept> for Problem {
    fn from(error: NotKept) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}
