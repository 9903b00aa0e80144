//! Stash entries made on a branch: shared by all worktrees, so they survive a removal but lose their place.

use super::repository::Repository;
use crate::error::Result;
use crate::host::files;

impl Repository {
    /// Counts the stash entries that were made on `branch`, by the messages git gives them.
    pub fn stash_entries(&self, branch: &str) -> Result<usize> {
        let messages = if self.library().is_some() {
            let log = files::read_plain(&self.common_dir.join("logs/refs/stash")).unwrap_or_default();
            let log = String::from_utf8_lossy(&log).into_owned();
            log.lines().filter_map(|line| Some(line.split_once('\t')?.1.to_owned())).collect::<Vec<_>>()
        } else {
            let output = self.git().args(["log", "-g", "--format=%gs", "refs/stash", "--"]).run()?;
            output.text().lines().map(str::to_owned).collect()
        };
        let (given, own) = (format!("On {branch}: "), format!("WIP on {branch}: "));
        Ok(messages.iter().filter(|message| message.starts_with(&given) || message.starts_with(&own)).count())
    }
}
