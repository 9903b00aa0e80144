//! Opens the claims of a team in etcd, as the settings say. Nobody is asked yet.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::etcd::Etcd;
use super::etcd_login::EtcdLogin;
use super::etcd_trust::EtcdTrust;
use super::gateway::Gateway;
use super::patience::Patience;
use crate::host::machine::Host;
use crate::model::config::settings::EtcdSettings;
use crate::model::etcd::EtcdNames;

/// What etcd is asked about, and by whom.
pub struct EtcdPlace<'a> {
    pub host: &'a Host,
    /// What the repository is called among the team's clones.
    pub repository: &'a str,
    /// Where this host keeps what it has of the team.
    pub folder: &'a Path,
    pub patience: Patience,
}

/// Opens it.
#[must_use]
pub fn open(settings: &EtcdSettings, place: EtcdPlace<'_>) -> Etcd {
    // Where there is no home the file is not found, and the failure names it.
    let path = |text: &String| place.host.expand_home(text).unwrap_or_else(|_| PathBuf::from(text));
    let login = settings.user.as_ref().map(|(user, password_file)| EtcdLogin {
        user: user.clone(),
        password_file: path(password_file),
        token_file: place.folder.join("token"),
        known: std::sync::Mutex::default(),
    });
    let own = settings.own.as_ref().map(|(certificate, key)| (path(certificate), path(key)));
    let trust = EtcdTrust { ca: settings.ca.as_ref().map(path), own };
    let gateway = Gateway {
        endpoints: settings.endpoints.clone(),
        trust,
        login,
        interrupt: place.host.interrupt.clone(),
        patience: place.patience,
        agent: std::sync::OnceLock::new(),
        first: std::sync::atomic::AtomicUsize::new(0),
        heard: std::sync::Mutex::default(),
    };
    Etcd::new(Arc::new(gateway), EtcdNames::new(&settings.team, place.repository))
}
