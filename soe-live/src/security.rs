//! Plaintext, or TLS with certificates on both sides.
//!
//! The files are PEM and have the original's names: `ca.crt`, `server.key`,
//! `server.crt`, `client.key` and `client.crt`, in the working directory. The
//! environment variable `CERT_DIR` sets another directory, and `CA_CRT`,
//! `SERVER_KEY`, `SERVER_CRT`, `CLIENT_KEY` and `CLIENT_CRT` set other files in it. A
//! server requires a certificate that the authority has signed. A client checks that
//! the certificate of the server contains the name to which it connects.

mod anyone;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

pub(crate) use anyone::anyone;

/// What does the cryptography of all connections.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// How connections are protected.
#[derive(Clone, Debug, Default)]
pub enum Security {
    /// Not at all.
    #[default]
    Plaintext,
    /// TLS with certificates on both sides.
    Tls(Arc<Credentials>),
}

/// Who we are and whom we trust.
pub struct Credentials {
    authority: Vec<u8>,
    client: Option<(Vec<u8>, Vec<u8>)>,
    server: Option<Arc<ServerConfig>>,
    /// The key of the server, from which other secrets are derived.
    #[cfg(feature = "quic")]
    server_key: Vec<u8>,
    as_client: Option<Arc<ClientConfig>>,
}

/// Why credentials could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// `CERT_DIR` is not a directory.
    #[error("Invalid CERT_DIR: {}", .0.display())]
    InvalidDirectory(PathBuf),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// There is neither a certificate for servers nor one for clients.
    #[error(
        "neither {} nor {} exists; set CERT_DIR to the folder of the certificates",
        server.display(),
        client.display()
    )]
    NoIdentity {
        /// The certificate of servers.
        server: PathBuf,
        /// The certificate of clients.
        client: PathBuf,
    },
}

impl Security {
    /// Plaintext unless `secure`, otherwise with the credentials that the
    /// environment names.
    ///
    /// # Errors
    /// If the credentials are missing or not usable.
    pub fn from_environment(secure: bool) -> Result<Self, SecurityError> {
        if !secure {
            return Ok(Self::Plaintext);
        }
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let directory = variable("CERT_DIR").unwrap_or_else(|| PathBuf::from("."));
        if !directory.is_dir() {
            return Err(SecurityError::InvalidDirectory(directory));
        }
        let file = |name: &str, default: &str| {
            directory.join(variable(name).unwrap_or_else(|| PathBuf::from(default)))
        };
        Files {
            authority: file("CA_CRT", "ca.crt"),
            server: [
                file("SERVER_CRT", "server.crt"),
                file("SERVER_KEY", "server.key"),
            ],
            client: [
                file("CLIENT_CRT", "client.crt"),
                file("CLIENT_KEY", "client.key"),
            ],
        }
        .load()
    }

    /// With the credentials in a directory, under their usual names.
    ///
    /// # Errors
    /// If the credentials are missing or not usable.
    pub fn from_directory(directory: &Path) -> Result<Self, SecurityError> {
        Files {
            authority: directory.join("ca.crt"),
            server: ["server.crt", "server.key"].map(|name| directory.join(name)),
            client: ["client.crt", "client.key"].map(|name| directory.join(name)),
        }
        .load()
    }

    /// What a server needs; `None` for plaintext.
    ///
    /// # Errors
    /// If the files of the server do not exist.
    pub fn server(&self) -> Result<Option<Arc<ServerConfig>>, MissingIdentity> {
        match self {
            Self::Plaintext => Ok(None),
            Self::Tls(credentials) => match &credentials.server {
                Some(server) => Ok(Some(server.clone())),
                None => Err(MissingIdentity::Files("server")),
            },
        }
    }

    /// The private key of a server; nothing for plaintext.
    #[cfg(feature = "quic")]
    pub(crate) fn server_key(&self) -> &[u8] {
        match self {
            Self::Plaintext => &[],
            Self::Tls(credentials) => &credentials.server_key,
        }
    }

    /// What a client needs; `None` for plaintext.
    ///
    /// # Errors
    /// If the files of the client do not exist.
    pub fn client(&self) -> Result<Option<Arc<ClientConfig>>, MissingIdentity> {
        match self {
            Self::Plaintext => Ok(None),
            Self::Tls(credentials) => match &credentials.as_client {
                Some(client) => Ok(Some(client.clone())),
                None => Err(MissingIdentity::Files("client")),
            },
        }
    }

    /// What a client of tonic needs; `None` for plaintext.
    ///
    /// # Errors
    /// If the files of the client do not exist.
    pub fn tonic_client(&self) -> Result<Option<ClientTlsConfig>, MissingIdentity> {
        let Self::Tls(credentials) = self else {
            return Ok(None);
        };
        let (certificate, key) = credentials
            .client
            .as_ref()
            .ok_or(MissingIdentity::Files("client"))?;
        Ok(Some(
            ClientTlsConfig::new()
                .ca_certificate(Certificate::from_pem(&credentials.authority))
                .identity(Identity::from_pem(certificate, key)),
        ))
    }
}

/// Why a connection cannot be protected as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingIdentity {
    /// One side of TLS was asked for whose certificate and key do not exist.
    #[error("no certificate and key for a {0}: {0}.crt and {0}.key are missing")]
    Files(&'static str),
    /// QUIC was asked for without certificates.
    #[error(
        "type=quic needs certificates: give --secure, or insecure=true for a certificate that \
         nobody verifies"
    )]
    Unsecured,
    /// QUIC was asked for with certificates that nobody verifies.
    #[error("insecure=true contradicts --secure, with which certificates are verified")]
    Contradiction,
    /// The certificates do not do for QUIC.
    #[error("type=quic: {0}")]
    Unsuitable(String),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Keys do not belong into logs.
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

/// Where the files are: certificates, then keys.
struct Files {
    authority: PathBuf,
    server: [PathBuf; 2],
    client: [PathBuf; 2],
}

impl Files {
    fn load(self) -> Result<Security, SecurityError> {
        let exists = |pair: &[PathBuf; 2]| pair.iter().any(|path| path.exists());
        if !exists(&self.server) && !exists(&self.client) {
            let ([server, _], [client, _]) = (self.server, self.client);
            return Err(SecurityError::NoIdentity { server, client });
        }
        let authority = read(&self.authority)?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.authority, &authority)? {
            let added = roots.add(certificate);
            added.map_err(|error| invalid(&self.authority, &error))?;
        }
        let roots = Arc::new(roots);
        let provider = provider();

        let mut server = None;
        #[cfg(feature = "quic")]
        let mut server_key = Vec::new();
        if exists(&self.server) {
            let [certificate, key] = pair(&self.server)?;
            #[cfg(feature = "quic")]
            server_key.clone_from(&key);
            let verifier =
                WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
                    .build()
                    .map_err(|error| invalid(&self.authority, &error))?;
            let mut config = ServerConfig::builder_with_provider(provider.clone())
                .with_safe_default_protocol_versions()
                .map_err(|error| invalid(&self.server[0], &error))?
                .with_client_cert_verifier(verifier)
                .with_single_cert(
                    certificates(&self.server[0], &certificate)?,
                    private_key(&self.server[1], &key)?,
                )
                .map_err(|error| invalid(&self.server[0], &error))?;
            config.alpn_protocols.push(b"h2".to_vec());
            server = Some(Arc::new(config));
        }

        let (mut client, mut as_client) = (None, None);
        if exists(&self.client) {
            let [certificate, key] = pair(&self.client)?;
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|error| invalid(&self.client[0], &error))?
                .with_root_certificates(roots)
                .with_client_auth_cert(
                    certificates(&self.client[0], &certificate)?,
                    private_key(&self.client[1], &key)?,
                )
                .map_err(|error| invalid(&self.client[0], &error))?;
            config.alpn_protocols.push(b"h2".to_vec());
            as_client = Some(Arc::new(config));
            client = Some((certificate, key));
        }
        Ok(Security::Tls(Arc::new(Credentials {
            authority,
            client,
            server,
            #[cfg(feature = "quic")]
            server_key,
            as_client,
        })))
    }
}

fn pair(paths: &[PathBuf; 2]) -> Result<[Vec<u8>; 2], SecurityError> {
    Ok([read(&paths[0])?, read(&paths[1])?])
}

fn read(path: &Path) -> Result<Vec<u8>, SecurityError> {
    std::fs::read(path).map_err(|source| SecurityError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn invalid(path: &Path, problem: &dyn std::fmt::Display) -> SecurityError {
    SecurityError::Invalid {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, SecurityError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(invalid(path, &"no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(invalid(path, &error)),
    }
}

fn private_key(path: &Path, pem: &[u8]) -> Result<PrivateKeyDer<'static>, SecurityError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| invalid(path, &error))
}
