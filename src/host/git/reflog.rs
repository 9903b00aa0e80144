//! The logs of refs (git-reflog(1)): what was done to a branch, and when its worktree's HEAD last moved.

use std::path::Path;

use jiff::Timestamp;

use super::repository::Repository;
use crate::error::Result;
use crate::host::files;

/// One line of a ref's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub at: Option<Timestamp>,
    pub message: String,
}

impl Repository {
    /// Returns the log of the local branch `name`, the oldest line first; empty where none is kept.
    pub fn branch_log(&self, name: &str) -> Result<Vec<LogLine>> {
        match files::read_plain(&self.reflog(name)) {
            Ok(bytes) => Ok(parsed(&bytes)),
            Err(_) => self.ask_log(None, &format!("refs/heads/{name}")),
        }
    }

    /// Returns the log of the HEAD of the linked worktree `admin`, the oldest line first.
    pub fn head_log_of(&self, admin: &str) -> Result<Vec<LogLine>> {
        match files::read_plain(&self.admin_dir(admin).join("logs/HEAD")) {
            Ok(bytes) => Ok(parsed(&bytes)),
            Err(_) => self.ask_log(Some(admin), "HEAD"),
        }
    }

    /// Returns when git last wrote the worktree's HEAD file: at a switch, or when the worktree was made.
    #[must_use]
    pub fn head_written(&self, admin: &str) -> Option<Timestamp> {
        let modified = self.admin_dir(admin).join("HEAD").symlink_metadata().ok()?.modified().ok()?;
        Timestamp::try_from(modified).ok()
    }

    /// A reftable keeps the logs where only git reads them.
    fn ask_log(&self, admin: Option<&str>, name: &str) -> Result<Vec<LogLine>> {
        if self.library().is_some() {
            return Ok(Vec::new());
        }
        let args = ["log", "--walk-reflogs", "--date=unix", "--format=%gd%x09%gs", name, "--"];
        let output = self.git_of(admin).args(args).run()?;
        let text = output.text();
        let mut lines: Vec<LogLine> = text.lines().filter_map(asked).collect();
        lines.reverse();
        Ok(lines)
    }
}

/// `main@{1700000000}`, a tab, the message.
fn asked(line: &str) -> Option<LogLine> {
    let (selector, message) = line.split_once('\t')?;
    let seconds = selector.rsplit_once("@{")?.1.strip_suffix('}')?.parse().ok()?;
    Some(LogLine { at: Timestamp::from_second(seconds).ok(), message: message.to_owned() })
}

/// `OLD NEW NAME <MAIL> SECONDS ZONE`, a tab, the message (gitrepository-layout(5)).
fn parsed(bytes: &[u8]) -> Vec<LogLine> {
    let text = String::from_utf8_lossy(bytes);
    let line = |line: &str| {
        let (facts, message) = line.split_once('\t').unwrap_or((line, ""));
        let seconds = facts.rsplit(' ').nth(1).and_then(|seconds| seconds.parse().ok());
        LogLine {
            at: seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()),
            message: message.to_owned(),
        }
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(line).collect()
}

/// Returns the device that the first file of a git folder's index lay on when git last looked (gitformat-index(5)):
/// the low 32 bits of `st_dev`; `None` where the index does not say.
#[must_use]
pub fn index_device(admin_dir: &Path) -> Option<u32> {
    use std::io::Read;

    let mut head = [0_u8; 32];
    files::open_plain(&admin_dir.join("index")).ok()?.0.read_exact(&mut head).ok()?;
    let number = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let has_entries = head.starts_with(b"DIRC") && number(8)? > 0;
    // Twelve bytes of header; then the times of change, four numbers.
    number(28).filter(|device| has_entries && *device != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_with_times_and_messages() {
        let zeros = "0".repeat(40);
        let log = format!(
            "{zeros} {zeros} A B <a@b> 1700000000 +0100\tcommit: x\ty\n{zeros} {zeros} A <a> 5 +0000\n"
        );
        let lines = parsed(log.as_bytes());
        assert_eq!(lines[0].at, Timestamp::from_second(1_700_000_000).ok());
        assert_eq!(lines[0].message, "commit: x\ty");
        assert_eq!((lines[1].at, lines[1].message.as_str()), (Timestamp::from_second(5).ok(), ""));
        assert_eq!(
            asked("refs/heads/x@{5}\tcommit: y").map(|line| line.message),
            Some("commit: y".to_owned())
        );
    }
}
