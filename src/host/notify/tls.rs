//! TLS to a receiver of notices, trusted as this machine trusts: by the certificates of its system.

use std::io::{Error, ErrorKind, Read, Write};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Begins TLS with `host` on a connection.
///
/// # Errors
///
/// Where the machine trusts nobody, or `host` is no name that a certificate can have.
pub(super) fn begin<S: Read + Write>(
    stream: S,
    host: &str,
) -> std::io::Result<StreamOwned<ClientConnection, S>> {
    let mut roots = RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // One that is broken is not trusted; the others are.
        let _ = roots.add(certificate);
    }
    if roots.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, "this machine trusts no certificates (ca-certificates)"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}
