//! What was pushed for which claim, beside the repository: written before the push, so that exactly that can be taken back,
//! also by a later command.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::model::claim::ClaimId;

/// The folder of the records, inside of the repository's folder of ours.
const FOLDER: &str = "claims";

/// The same for claims in etcd: what was pushed to a remote is none of its business.
#[cfg(feature = "etcd")]
const ETCD_FOLDER: &str = "claims-etcd";

/// One push of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    pub id: ClaimId,
    /// The remote it was pushed to, and its URL then; empty where an older program wrote it.
    pub remote: String,
    #[serde(default)]
    pub address: String,
    pub reference: String,
    pub commit: String,
    /// Whether nobody has answered yet that it stands.
    pub pending: bool,
    /// Whether it is to be given back.
    pub given_up: bool,
    /// Whether somebody else was found to have it: it is not asked for again by itself.
    #[serde(default)]
    pub lost: bool,
    /// The host that pushed it. What a copy of this machine pushed is not ours to give back.
    #[serde(default)]
    pub host: String,
    /// Whether nobody answered the push in time: it may come to stand after all.
    #[serde(default)]
    pub silent: bool,
    /// When it was tried last to give it back, where that is tried again.
    #[serde(default)]
    pub tried: Option<Timestamp>,
    /// Whether the team was at another remote then.
    #[serde(default)]
    pub away: bool,
}

/// The records of one repository.
#[derive(Clone, Debug)]
pub struct Journal(PathBuf);

impl Journal {
    /// The records below `wt_dir`.
    #[must_use]
    pub fn of(wt_dir: &Path) -> Self {
        Self(wt_dir.join(FOLDER))
    }

    /// The records below `wt_dir` of what was written in etcd.
    #[cfg(feature = "etcd")]
    #[must_use]
    pub fn of_etcd(wt_dir: &Path) -> Self {
        Self(wt_dir.join(ETCD_FOLDER))
    }

    fn file(&self, id: &ClaimId) -> PathBuf {
        // Ids of others come from the remote: none leads out of the folder.
        let name = if id.is_plain() { &id.0 } else { "-" };
        self.0.join(format!("{name}.json"))
    }

    /// Returns what was pushed for the claim.
    #[must_use]
    pub fn find(&self, id: &ClaimId) -> Option<Pushed> {
        serde_json::from_slice(&files::read_plain(&self.file(id)).ok()?).ok()
    }

    /// Writes down what is pushed.
    ///
    /// # Errors
    ///
    /// `permission`, `disk_full`.
    pub fn write(&self, pushed: &Pushed) -> Result<()> {
        files::make_folders(&self.0)?;
        files::replace(&self.file(&pushed.id), &bytes(pushed)?, 0o600)
    }

    /// Writes down what became of it, and waits for no disk: without it those who keep the claim are asked once more.
    ///
    /// # Errors
    ///
    /// As [`Journal::write`].
    pub fn note(&self, pushed: &Pushed) -> Result<()> {
        files::draft(&self.file(&pushed.id), &bytes(pushed)?, 0o600, false)?.put()
    }

    /// Forgets a claim that stands nowhere any more.
    pub fn forget(&self, id: &ClaimId) {
        // One that stays is asked about again.
        let _ = std::fs::remove_file(self.file(id));
    }

    /// Returns every record.
    #[must_use]
    pub fn all(&self) -> Vec<Pushed> {
        let entries = self.0.read_dir().into_iter().flatten().flatten();
        entries
            .filter_map(|entry| serde_json::from_slice(&files::read_plain(&entry.path()).ok()?).ok())
            .collect()
    }
}

fn bytes(pushed: &Pushed) -> Result<Vec<u8>> {
    serde_json::to_vec(pushed)
        .map_err(|error| Failure::new(Code::Internal, format!("a claim cannot be written down: {error}")))
}
