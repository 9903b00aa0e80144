//! The other hosts that this user works on, by the names that they are given here: one file in the state folder.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::interrupt::Interrupt;
use crate::host::lock::FileHold;

const FILE: &str = "hosts.json";

/// How long another `wt` that changes the file is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// One host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHost {
    pub name: String,
    /// How it is reached: `ssh://…`.
    pub address: String,
}

/// Returns the hosts, in the order of their names.
///
/// # Errors
///
/// `config_invalid` for a file that is none of ours.
pub fn read(state: &Path) -> Result<Vec<KnownHost>> {
    let path = state.join(FILE);
    let unread = |why: String| {
        Failure::new(Code::ConfigInvalid, format!("{} cannot be read: {why}", path.display()))
            .hint("put it right, or delete it and add the hosts anew: `wt team hosts add NAME ssh://HOST`")
    };
    match files::read_plain(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| unread(error.to_string())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unread(error.to_string())),
    }
}

/// Changes them, while nobody else does.
///
/// # Errors
///
/// Those of `change`; `registry_locked` where another one stays too long; `permission`, `disk_full`.
pub fn change<R>(
    state: &Path,
    interrupt: &Interrupt,
    change: impl FnOnce(&mut Vec<KnownHost>) -> Result<R>,
) -> Result<R> {
    let lock = state.join("hosts.lock");
    let hold = FileHold::take_within(&lock, PATIENCE, interrupt)?
        .ok_or_else(|| Failure::new(Code::RegistryLocked, format!("{} is locked", lock.display())))?;
    let mut hosts = read(state)?;
    let answer = change(&mut hosts)?;
    hosts.sort_by(|one, other| one.name.cmp(&other.name));
    let bytes = serde_json::to_vec_pretty(&hosts)
        .map_err(|error| Failure::new(Code::Internal, format!("hosts cannot be written down: {error}")))?;
    files::replace(&state.join(FILE), &bytes, 0o600)?;
    hold.release();
    Ok(answer)
}
