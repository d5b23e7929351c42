//! Requests of a device application to its proxy.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, StatusCode};
use serde_json::Value;
use soe_model::mec::{Application, ApplicationKey};

use super::{ApiChoice, DeviceError, fresh};
use crate::http::{Client, Trust};
use crate::limits::{MEC_REQUEST, MEC_TABLES};
use crate::mec::address::ApiRoot;
use crate::mec::wire::{v1, v2};

/// The interface of a proxy.
#[derive(Debug)]
pub struct Api {
    choice: ApiChoice,
    root: ApiRoot,
    client: Client,
}

impl Api {
    /// The interface below `root`, asked from an address of this machine if one is given.
    pub fn new(choice: ApiChoice, root: ApiRoot, from: Option<IpAddr>) -> Self {
        let client = Client::new(Trust::System).with_most(MEC_TABLES);
        let client = match from {
            Some(from) => client.with_address(from),
            None => client,
        };
        Self {
            choice,
            root,
            client,
        }
    }

    /// The version that it uses.
    pub fn choice(&self) -> ApiChoice {
        self.choice
    }

    /// A fresh identifier of a device application.
    pub fn device(&self) -> String {
        fresh(self.choice)
    }

    /// All applications.
    pub async fn list(&self) -> Result<Vec<Application>, DeviceError> {
        // As the original, which sends a body with its GET.
        let body = match self.choice {
            ApiChoice::V1 => Bytes::from_static(b"{}"),
            ApiChoice::V2 => Bytes::new(),
        };
        let answer = self.send(Method::GET, "app_list", body, StatusCode::OK);
        let answer = answer.await?;
        let list = match self.choice {
            ApiChoice::V1 => v1::list(&answer),
            ApiChoice::V2 => v2::list(&answer),
        };
        list.map_err(|problem| self.invalid(problem))
    }

    /// The first application with this name.
    pub async fn find(&self, name: &str) -> Result<ApplicationKey, DeviceError> {
        let applications = self.list().await?.into_iter();
        let mut keys = applications.map(|application| application.key);
        let found = keys.find(|key| key.name == name);
        found.ok_or_else(|| DeviceError::NoApplication {
            root: self.root.to_string(),
            name: name.to_owned(),
        })
    }

    /// Creates a context; returns its identifier and its reference.
    pub async fn create(
        &self,
        application: &ApplicationKey,
        device: &str,
        callback: &str,
    ) -> Result<(String, String), DeviceError> {
        let body = self.context(application, device, callback);
        let created = StatusCode::CREATED;
        let answer = self.send(Method::POST, "app_contexts", body, created);
        let answer = answer.await?;
        let read = match self.choice {
            ApiChoice::V2 => v2::read_created(&answer),
            ApiChoice::V1 => v1::app_context(&answer).and_then(|context| {
                let id = context.context_id;
                let id = id.ok_or_else(|| "contextId: missing".to_owned())?;
                let reference = context.reference;
                let reference = reference.ok_or_else(|| "referenceURI: missing".to_owned())?;
                Ok((id, reference))
            }),
        };
        read.map_err(|problem| self.invalid(problem))
    }

    /// Sets the callback of a context.
    pub async fn update(
        &self,
        application: &ApplicationKey,
        id: &str,
        device: &str,
        callback: &str,
    ) -> Result<(), DeviceError> {
        let body = self.context(application, device, callback);
        let resource = format!("app_contexts/{id}");
        let updated = StatusCode::NO_CONTENT;
        self.send(Method::PUT, &resource, body, updated).await?;
        Ok(())
    }

    /// Deletes a context.
    pub async fn delete(&self, id: &str) -> Result<(), DeviceError> {
        let resource = format!("app_contexts/{id}");
        let deleted = StatusCode::NO_CONTENT;
        let answer = self.send(Method::DELETE, &resource, Bytes::new(), deleted);
        answer.await?;
        Ok(())
    }

    fn context(&self, application: &ApplicationKey, device: &str, callback: &str) -> Bytes {
        let body = match self.choice {
            ApiChoice::V1 => v1::write_context(&v1::AppContext {
                context_id: None,
                device: device.to_owned(),
                callback: Some(callback.to_owned()),
                application: application.clone(),
                description: String::new(),
                package: String::new(),
                reference: None,
            }),
            ApiChoice::V2 => v2::write_request(application, device, callback),
        };
        body.to_string().into()
    }

    async fn send(
        &self,
        method: Method,
        resource: &str,
        body: Bytes,
        expected: StatusCode,
    ) -> Result<Bytes, DeviceError> {
        let path = match self.choice {
            ApiChoice::V1 => "mx2/v1",
            ApiChoice::V2 => "dev_app/v1",
        };
        let uri = format!("{}/{path}/{resource}", self.root);
        let mut request = Request::new(body);
        *request.method_mut() = method;
        let parsed = uri.parse();
        *request.uri_mut() = parsed.map_err(|_| self.invalid(format!("`{uri}` is not a URI")))?;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
        let answer = self.client.send(request, MEC_REQUEST).await;
        let answer = answer.map_err(|source| DeviceError::Http {
            root: self.root.to_string(),
            source,
        })?;
        match answer.status() {
            status if status == expected => Ok(answer.into_body()),
            status => Err(DeviceError::Refused {
                root: self.root.to_string(),
                status: status.as_u16(),
                detail: detail(answer.body()),
            }),
        }
    }

    fn invalid(&self, problem: String) -> DeviceError {
        DeviceError::Invalid {
            root: self.root.to_string(),
            problem,
        }
    }
}

/// The text of a problem object, in a wrapper or not.
fn detail(body: &[u8]) -> String {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let problem = match value.get("ProblemDetails") {
        Some(inner) => inner,
        None => &value,
    };
    let detail = problem["detail"]
        .as_str()
        .unwrap_or("invalid ProblemDetails");
    detail.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_problem_is_found_in_both_forms() {
        assert_eq!(detail(br#"{"detail":"no","status":403}"#), "no");
        assert_eq!(detail(br#"{"ProblemDetails":{"detail":"no"}}"#), "no");
        for body in ["", "[]", "{}", "<html>"] {
            assert_eq!(detail(body.as_bytes()), "invalid ProblemDetails");
        }
    }
}
