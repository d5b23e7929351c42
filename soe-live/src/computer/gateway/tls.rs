//! TLS towards a gateway whose address begins with `https`.
//!
//! The gateway presents a certificate; this side presents none. The certificate is
//! trusted if an authority in a certificate file has signed it: the file that the
//! configuration names, otherwise that of the system.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The environment variable that names the file of the system, as for OpenSSL.
const SSL_CERT_FILE: &str = "SSL_CERT_FILE";

/// Where systems keep the certificates of the authorities that they trust.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What connects to gateways that one of the authorities in `file`, or in that of the
/// system, has signed.
pub(super) fn connector(file: Option<&Path>) -> Result<TlsConnector, String> {
    let file = match file {
        Some(file) => file.to_owned(),
        None => system()?,
    };
    let wrong = |problem: &dyn std::fmt::Display| format!("{}: {problem}", file.display());
    let text = std::fs::read(&file).map_err(|error| wrong(&format!("cannot read: {error}")))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        // A system may trust authorities that this library does not know how to read.
        let _ = roots.add(certificate);
    }
    if roots.is_empty() {
        return Err(wrong(&"no certificate of an authority"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn system() -> Result<PathBuf, String> {
    if let Some(file) = std::env::var_os(SSL_CERT_FILE) {
        return Ok(file.into());
    }
    let found = SYSTEM.iter().map(Path::new).find(|path| path.exists());
    found.map(Path::to_owned).ok_or_else(|| {
        format!(
            "found no certificates of authorities: name a file of them in `gateway-ca` or in the \
             environment variable {SSL_CERT_FILE}"
        )
    })
}

/// Secures a connection to `host`.
pub(super) async fn secure(
    connector: &TlsConnector,
    host: &str,
    socket: TcpStream,
) -> Result<TlsStream<TcpStream>, String> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|error| format!("`{host}`: {error}"))?;
    let secured = connector.connect(name, socket).await;
    secured.map_err(|error| error.to_string())
}
