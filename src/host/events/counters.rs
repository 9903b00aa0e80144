//! `counters.json`: how often things happened, up to the event that was counted last. Written only before lines of the log are
//! dropped: until then the log itself says the rest.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use super::reading;
use crate::host::files;
use crate::model::event::tally::{SCHEMA, Tally};

fn path(folder: &Path) -> PathBuf {
    folder.join("counters.json")
}

/// Returns what is counted in the file; nothing where there is none.
///
/// # Errors
///
/// Those of the system; `InvalidData` for a file that is damaged, `Unsupported` for one of a later version.
pub fn read(folder: &Path) -> std::io::Result<Tally> {
    let bytes = match files::read_plain(&path(folder)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Tally::default()),
        bytes => bytes?,
    };
    let tally: Tally =
        serde_json::from_slice(&bytes).map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
    if tally.schema > SCHEMA {
        return Err(Error::new(ErrorKind::Unsupported, "a later version of wt wrote counters.json"));
    }
    Ok(tally)
}

/// Returns how often everything happened until now, and whether the file is damaged, so that the log alone was counted, as it
/// will be when the file is written next.
///
/// # Errors
///
/// `Unsupported` for a file of a later version; those of the system.
pub fn count(folder: &Path) -> std::io::Result<(Tally, bool)> {
    let known = || match read(folder) {
        Err(error) if error.kind() == ErrorKind::InvalidData => Ok((Tally::default(), true)),
        known => known.map(|tally| (tally, false)),
    };
    // In this order: what is counted and dropped between the two looks is missed at most until the next one, never counted twice.
    let (tally, _) = known()?;
    let (events, _) = reading::read(folder)?;
    let (again, is_damaged) = known()?;
    let mut tally = if again.sequence > tally.sequence { again } else { tally };
    tally.count_all(&events);
    Ok((tally, is_damaged))
}

/// Counts what the log has, and keeps it. The log is locked.
pub(super) fn keep(folder: &Path) -> std::io::Result<()> {
    let known = match read(folder) {
        // It stays to be looked at; what the log still has is counted anew.
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            std::fs::rename(path(folder), folder.join("counters.json.damaged"))?;
            Tally::default()
        }
        known => known?,
    };
    let mut tally = known.clone();
    tally.count_all(&reading::read(folder)?.0);
    if tally == known {
        return Ok(());
    }
    let bytes = serde_json::to_vec(&tally)?;
    files::replace(&path(folder), &bytes, 0o600).map_err(|failure| Error::other(failure.message().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::append::tests::put;
    use super::*;

    #[test]
    fn a_damaged_file_hides_nothing_that_the_log_still_has_and_a_later_version_is_named() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "created");
        files::replace(&path(folder.path()), b"{\"schema\":1,\"seq", 0o600).unwrap();
        let (tally, is_damaged) = count(folder.path()).unwrap();
        assert_eq!((tally.events["created"], is_damaged), (1, true));
        files::replace(&path(folder.path()), b"{\"schema\":99,\"sequence\":0}", 0o600).unwrap();
        assert!(count(folder.path()).unwrap_err().to_string().contains("counters.json"));
    }
}
