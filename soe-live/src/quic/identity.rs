//! Certificates of QUIC: those of `--secure`, or one that nobody verifies.

use std::sync::Arc;

use quinn::EndpointConfig;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use ring::{digest, hmac};
use rustls::client::Resumption;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::ServerSessionMemoryCache;
use rustls::{ClientConfig, ServerConfig};

use crate::command::Endpoint;
use crate::limits::QUIC_SESSIONS;
use crate::security::{MissingIdentity, Security, anyone, provider};
use crate::transport::QuicOptions;

/// HTTP/3, as TLS names it.
const ALPN: &[u8] = b"h3";

/// What a server needs.
///
/// # Errors
/// If there is no certificate, or the options contradict each other.
pub fn server(
    endpoint: &Endpoint,
    security: &Security,
    options: QuicOptions,
) -> Result<QuicServerConfig, MissingIdentity> {
    let mut tls = match (security.server()?, options.insecure) {
        (Some(tls), false) => ServerConfig::clone(&tls),
        (None, true) => self_signed(endpoint)?,
        (Some(_), true) => return Err(MissingIdentity::Contradiction),
        (None, false) => return Err(MissingIdentity::Unsecured),
    };
    tls.alpn_protocols = vec![ALPN.to_vec()];
    // Each session is resumed once, so that the same server does not take the same early
    // data twice.
    tls.session_storage = ServerSessionMemoryCache::new(QUIC_SESSIONS);
    tls.max_early_data_size = if options.early_data { u32::MAX } else { 0 };
    QuicServerConfig::try_from(tls).map_err(unsuitable)
}

/// What the clients of one destination need.
///
/// # Errors
/// If there is no certificate, or the options contradict each other.
pub fn client(
    security: &Security,
    options: QuicOptions,
) -> Result<QuicClientConfig, MissingIdentity> {
    let mut tls = match (security.client()?, options.insecure) {
        (Some(tls), false) => ClientConfig::clone(&tls),
        (None, true) => unverified()?,
        (Some(_), true) => return Err(MissingIdentity::Contradiction),
        (None, false) => return Err(MissingIdentity::Unsecured),
    };
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.enable_early_data = options.early_data;
    tls.resumption = Resumption::in_memory_sessions(QUIC_SESSIONS);
    QuicClientConfig::try_from(tls).map_err(unsuitable)
}

/// Keys that are the same after a restart: the server then tells the peers of lost
/// connections that they are lost (stateless reset) instead of leaving them waiting.
pub fn endpoint(endpoint: &Endpoint, security: &Security) -> EndpointConfig {
    let mut seed = digest::Context::new(&digest::SHA256);
    seed.update(b"stateless reset of ");
    seed.update(endpoint.as_str().as_bytes());
    seed.update(security.server_key());
    let seed = seed.finish();
    let mut config =
        EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, seed.as_ref())));
    let number = seed.as_ref().iter().take(8);
    let key = number.fold(0, |key: u64, byte| key << 8 | u64::from(*byte));
    config.cid_generator(move || Box::new(quinn_proto::HashedConnectionIdGenerator::from_key(key)));
    config
}

fn unsuitable(error: impl std::fmt::Display) -> MissingIdentity {
    MissingIdentity::Unsuitable(error.to_string())
}

fn self_signed(endpoint: &Endpoint) -> Result<ServerConfig, MissingIdentity> {
    let host = endpoint.host().trim_matches(['[', ']']).to_owned();
    let made = rcgen::generate_simple_self_signed(vec![host]).map_err(unsuitable)?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(unsuitable)?;
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(unsuitable)?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .map_err(unsuitable)
}

fn unverified() -> Result<ClientConfig, MissingIdentity> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(unsuitable)?
        .dangerous()
        .with_custom_certificate_verifier(anyone())
        .with_no_client_auth();
    Ok(config)
}
