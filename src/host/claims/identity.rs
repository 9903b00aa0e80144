//! Who this host is among the team's: its machine and a random id of the state folder, since names are shared and images are
//! copied.

use std::path::Path;

use jiff::Timestamp;
use sha1::{Digest, Sha1};

use super::state_id::random_id;
use crate::error::Result;
use crate::host::dirs::Dirs;
use crate::host::process::identity::{self, BootClock};
use crate::host::{files, token};
use crate::model::hex::hex;

const FILE: &str = "host-id";

/// One host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostIdentity {
    /// Tells it from all others.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Which start of the machine this is, and when it began.
    pub boot: String,
    pub began: Option<Timestamp>,
}

/// Reads who we are; `name` is what the machine is called.
///
/// # Errors
///
/// `permission`, `disk_full`.
pub fn read(dirs: &Dirs, name: String) -> Result<HostIdentity> {
    let random = random_id(dirs, FILE)?;
    let (boot, began) = (identity::boot(), BootClock::read().time_of(0));
    Ok(HostIdentity { id: format!("{}-{random}", machine()), name, boot, began })
}

/// Gives this state folder another random id.
///
/// # Errors
///
/// `permission`, `disk_full`.
pub fn renew(dirs: &Dirs) -> Result<()> {
    let path = dirs.require_state()?.join(FILE);
    files::replace(&path, format!("{}\n", token::random()?).as_bytes(), 0o600)
}

/// The machine's id (machine-id(5)), which is not to leave the machine as it is: a part of its hash. Containers may have none.
fn machine() -> String {
    let text = files::read_plain_text(Path::new("/etc/machine-id")).unwrap_or_default();
    let hash = Sha1::digest(format!("team of wt {}", text.trim()).as_bytes());
    hex(&hash[..6])
}
