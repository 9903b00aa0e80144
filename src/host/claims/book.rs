//! What a host keeps of a team beside the repositories: the lock that has its callers come one by one, and the commit by which it
//! was last seen to live. One folder for each remote, whichever clone asks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use crate::error::{Code, Failure, Result};
use crate::host::files::{self, DraftFile};
use crate::host::interrupt::Interrupt;
use crate::host::lock::FileHold;
use crate::model::hex::hex;

/// Where the folders of all teams are, below the state folder.
const FOLDER: &str = "claims";

/// What was written last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBeat {
    /// The host's id then.
    pub id: String,
    pub commit: String,
    pub at: Timestamp,
}

/// The folder of one team.
#[derive(Clone, Debug)]
pub struct TeamBook {
    folder: PathBuf,
    /// How long others of this host are waited for.
    pub timeout: Duration,
}

impl TeamBook {
    /// The one of the remote at `url` for the repository called so, below the state folder.
    #[must_use]
    pub fn of(state: &Path, url: &str, repository: &str, timeout: Duration) -> Self {
        let hash = Sha1::digest(format!("{url}\n{repository}").as_bytes());
        Self { folder: state.join(FOLDER).join(hex(&hash[..10])), timeout }
    }

    /// Answers whether this host has ever been at the claims of a team.
    #[must_use]
    pub fn is_any(state: &Path) -> bool {
        state.join(FOLDER).is_dir()
    }

    /// Returns where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs `work` while no other process of this host is at the claims of this team.
    ///
    /// # Errors
    ///
    /// `claims_unreachable` where another one stays too long; those of `work`.
    pub fn alone<R>(&self, interrupt: &Interrupt, work: impl FnOnce() -> Result<R>) -> Result<R> {
        self.alone_with("claims.lock", interrupt, work)
    }

    /// As [`alone`](Self::alone), for whoever shows the team what runs: nobody who claims waits for that.
    ///
    /// # Errors
    ///
    /// As [`alone`](Self::alone).
    pub(super) fn alone_at_rows<R>(
        &self,
        interrupt: &Interrupt,
        work: impl FnOnce() -> Result<R>,
    ) -> Result<R> {
        self.alone_with("running.lock", interrupt, work)
    }

    fn alone_with<R>(
        &self,
        lock: &str,
        interrupt: &Interrupt,
        work: impl FnOnce() -> Result<R>,
    ) -> Result<R> {
        files::make_folders(&self.folder)?;
        let path = self.folder.join(lock);
        let Some(hold) = FileHold::take_within(&path, self.timeout, interrupt)? else {
            let holder = files::read_plain_text(&path).unwrap_or_default();
            let holder = if holder.is_empty() { "another `wt`".to_owned() } else { holder };
            let message =
                format!("{holder} of this machine is at the claims; waited {}s", self.timeout.as_secs_f32());
            return Err(Failure::new(Code::ClaimsUnreachable, message)
                .hint("try again, or wait longer: `team.timeout` (WT_TEAM_TIMEOUT)")
                .detail("reason", "locked")
                .detail("holder", holder));
        };
        hold.note(format!("wt, pid {}", std::process::id()).as_bytes())?;
        let done = work();
        hold.release();
        done
    }

    /// Returns what the host with that id wrote last.
    #[must_use]
    pub fn last(&self, id: &str) -> Option<LastBeat> {
        let bytes = files::read_plain(&self.folder.join("host.json")).ok()?;
        serde_json::from_slice(&bytes).ok().filter(|last: &LastBeat| last.id == id)
    }

    /// Writes down what was written last; what cannot be is found at the remote again.
    pub fn remember(&self, last: Option<&LastBeat>) {
        let path = self.folder.join("host.json");
        match last.map(serde_json::to_vec) {
            Some(Ok(bytes)) => drop(files::draft(&path, &bytes, 0o600, false).and_then(DraftFile::put)),
            _ => drop(std::fs::remove_file(&path)),
        }
    }
}
