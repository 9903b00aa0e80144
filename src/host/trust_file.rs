//! `trust.json` in the state folder: read whole, replaced whole, for its owner alone.

use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::dirs::Dirs;
use super::interrupt::Interrupt;
use super::{files, lock};
use crate::error::{Code, Failure, Result};
use crate::model::trust::{Approvals, SCHEMA};

const NAME: &str = "trust.json";

/// Bytes: far more than anybody approves.
const LONGEST: u64 = 16 << 20;

/// Reads what was approved; nothing where there is no file.
///
/// # Errors
///
/// `registry_corrupt` for what is no such file, `registry_newer` for one of a later version, `permission` for one that
/// others may write: then they could approve for us.
pub fn read(dirs: &Dirs) -> Result<Approvals> {
    let path = dirs.state().join(NAME);
    let refused =
        |error| Failure::from_io(error, Code::Permission, format!("{} cannot be read", path.display()));
    let file = match files::open_plain(&path) {
        Ok((file, _)) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Approvals::default()),
        Err(error) => return Err(refused(error)),
    };
    let found = file.metadata().map_err(refused)?;
    if found.mode() & 0o022 != 0 || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(Failure::new(
            Code::Permission,
            format!("others than you may write {}: nothing in it counts", path.display()),
        )
        .hint(format!("look at it, then `chmod 600 {}`", path.display())));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).map_err(refused)?;
    let approvals: Approvals = serde_json::from_slice(&bytes).map_err(|error| damaged(&path, error))?;
    if approvals.schema > SCHEMA {
        let message = format!("{} was written by a newer wt (schema {})", path.display(), approvals.schema);
        return Err(Failure::new(Code::RegistryNewer, message).hint("update this wt"));
    }
    Ok(approvals)
}

/// Changes what was approved, under the lock of the state folder.
///
/// # Errors
///
/// Those of [`read`], `registry_locked`, `disk_full`, `permission`.
pub fn update<R>(
    dirs: &Dirs,
    timeout: Duration,
    interrupt: &Interrupt,
    change: impl FnOnce(&mut Approvals) -> R,
) -> Result<R> {
    let folder = dirs.require_state()?;
    lock::with_folder_locked(folder, timeout, interrupt, || {
        let mut approvals = read(dirs)?;
        let before = approvals.clone();
        let answer = change(&mut approvals);
        if approvals != before {
            let path = folder.join(NAME);
            let mut bytes = serde_json::to_vec_pretty(&approvals).map_err(|error| damaged(&path, error))?;
            bytes.push(b'\n');
            files::replace(&path, &bytes, 0o600)?;
        }
        Ok(answer)
    })
}

fn damaged(path: &Path, error: serde_json::Error) -> Failure {
    Failure::new(Code::RegistryCorrupt, format!("{} is damaged: {error}", path.display()))
        .hint("move it away: every repository's commands are asked about again then")
        .caused_by(error)
}
