//! Whom we believe to be etcd, and by what it knows us: the certificates of TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use crate::host::files;

/// The files.
#[derive(Debug, Default)]
pub struct EtcdTrust {
    /// Who signed the servers' certificates; `None`: those whom this machine trusts.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key.
    pub own: Option<(PathBuf, PathBuf)>,
}

impl EtcdTrust {
    /// Makes the client. It minds no proxy, follows no redirect, and takes every answer for one. Whom this machine trusts is read
    /// only where something `is_encrypted`: that takes longer than a question.
    ///
    /// # Errors
    ///
    /// Says which file cannot be read, or has no certificate.
    pub fn agent(&self, is_encrypted: bool) -> Result<Agent, String> {
        let roots = match &self.ca {
            Some(path) => certificates(path)?,
            None if !is_encrypted => Vec::new(),
            None => rustls_native_certs::load_native_certs()
                .certs
                .iter()
                .map(|found| Certificate::from_der(found.as_ref()).to_owned())
                .collect(),
        };
        let own = match &self.own {
            Some((certificate, key)) => {
                let chain = certificates(certificate)?;
                let pem = read(key)?;
                let key = PrivateKey::from_pem(&pem)
                    .map_err(|error| format!("{} has no private key: {error}", key.display()))?;
                Some(ClientCert::new_with_certs(&chain, key))
            }
            None => None,
        };
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .client_cert(own)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("wt/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Agent::new_with_config(config))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    files::read_plain(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let bytes = read(path)?;
    let found = parse_pem(&bytes).filter_map(|item| match item {
        Ok(PemItem::Certificate(found)) => Some(found.to_owned()),
        _ => None,
    });
    let found: Vec<Certificate<'static>> = found.collect();
    if found.is_empty() { Err(format!("{} has no certificate", path.display())) } else { Ok(found) }
}
