//! TLS of HTTP: certificates of servers, and whom clients trust.
//!
//! A server presents a certificate and asks for none. A client trusts the authorities of
//! the system, or those in a file, or anyone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::security::{anyone, provider};

/// A file of TLS that is not usable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct TlsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

fn wrong(path: &Path, problem: impl std::fmt::Display) -> TlsError {
    TlsError {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| wrong(path, format!("cannot read: {error}")))
}

/// What a [`Server`](super::Server) presents: a certificate, with those that it needs to be
/// verified, and its key, both PEM. HTTP/2 and HTTP/1.1 are offered.
///
/// # Errors
/// If a file cannot be read or used.
pub fn certificate(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let pem = read(certificate)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.map_err(|error| wrong(certificate, error))?;
    if chain.is_empty() {
        return Err(wrong(certificate, "no certificate in it"));
    }
    let secret = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| wrong(key, error))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(certificate, error))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| wrong(key, error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// What a client needs that trusts the authorities in `file`, or those of the system.
pub fn trusting(file: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let pem = read(file).map_err(|error| error.to_string())?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| wrong(file, error).to_string())?;
                // There may be authorities that this library does not know how to read.
                let _ = roots.add(certificate);
            }
            if roots.is_empty() {
                return Err(wrong(file, "no CA certificate").to_string());
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let why = found.errors.first().map(ToString::to_string);
                return Err(format!(
                    "found no CA certificates{}: name a file with them in the \
                     environment variable SSL_CERT_FILE",
                    why.map(|why| format!(" ({why})")).unwrap_or_default()
                ));
            }
        }
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// What a client needs that trusts anyone.
pub fn trusting_anyone() -> Result<Arc<ClientConfig>, String> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(anyone())
        .with_no_client_auth();
    Ok(Arc::new(config))
}
