//! The registry seen in passing: its bytes tell, without being parsed, that there is nothing to do, which is nearly always
//! so. A large file costs no memory, which is most of the time that reading takes.

use std::io::{ErrorKind, Read};

use super::Store;
use crate::host::files;
use crate::model::registry::document::Document;
use crate::model::registry::entry::Entry;
use crate::model::registry::glimpse::{RowGlimpse, Signs, glimpses, rows};
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::table::Registry;

/// How much of the file is looked at at once, in bytes, unless a line is longer.
const PIECE: usize = 32 * 1024;

/// What the registry looks like in passing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistryGlance {
    /// Whether something may be unfinished, or the repository a copy.
    pub calls_for_healing: bool,
    /// Whether the rows are those that we write; else only a whole reading can tell.
    pub is_clear: bool,
}

impl Store<Registry> {
    /// Looks for unfinished work, and whether the repository with that id and common dir is a copy; `None` where there is no
    /// file or it cannot be read.
    #[must_use]
    pub fn glance(&self, id: Option<&RepositoryId>, common_dir: &str) -> Option<RegistryGlance> {
        let mut signs = Signs::new(id, common_dir);
        self.skim(|lines| signs.read(lines))?;
        Some(RegistryGlance { calls_for_healing: signs.call_for_healing(), is_clear: true })
    }

    /// As [`glance`](Self::glance), and shows each row of that repository, removed ones too.
    pub fn glance_at_rows(
        &self,
        id: Option<&RepositoryId>,
        common_dir: &str,
        mut row: impl FnMut(&RowGlimpse<'_>),
    ) -> Option<RegistryGlance> {
        let mut signs = Signs::new(id, common_dir);
        let mut is_clear = true;
        self.skim(|lines| {
            signs.read(lines);
            match id.map(|id| glimpses(lines, id)) {
                Some(Some(rows)) => rows.iter().for_each(&mut row),
                Some(None) => is_clear = false,
                None => {}
            }
        })?;
        Some(RegistryGlance { calls_for_healing: signs.call_for_healing(), is_clear })
    }

    /// Returns the first row of that repository that `is_it` picks; of the others no more is read than that needs.
    pub fn find_row(&self, id: &RepositoryId, is_it: impl Fn(&RowGlimpse<'_>) -> bool) -> Option<Entry> {
        let mut found = None;
        let mut is_clear = true;
        self.skim(|lines| match rows(lines, id) {
            Some(rows) if found.is_none() => {
                let own = rows.iter().find(|(row, _)| is_it(row));
                found = own.and_then(|(_, text)| serde_json::from_slice::<Entry>(text).ok());
            }
            Some(_) => {}
            None => is_clear = false,
        })?;
        if is_clear {
            return found;
        }
        let registry = self.read().ok()?;
        registry.living(id).find(|entry| is_it(&RowGlimpse::from(*entry))).cloned()
    }

    /// Answers whether anything at all is recorded as removed, or owed for what is gone.
    #[must_use]
    pub fn mentions_what_is_gone(&self) -> bool {
        let mut is_mentioned = false;
        let signs: [&[u8]; 2] = [b"\"removed\"", b"\"debts\":["];
        let look = |lines: &[u8]| {
            is_mentioned |= signs.iter().any(|sign| memchr::memmem::find(lines, sign).is_some());
        };
        self.skim(look).is_some() && is_mentioned
    }
}

impl<T: Document> Store<T> {
    /// Shows the file's bytes, some whole lines at a time; `None` where there is no file or it cannot be read.
    pub(super) fn skim(&self, mut look: impl FnMut(&[u8])) -> Option<()> {
        let (mut file, _) = files::open_plain(&self.path()).ok()?;
        let mut piece = vec![0; PIECE];
        let mut filled = 0;
        loop {
            let read = match file.read(&mut piece[filled..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                read => read.ok()?,
            };
            let end = filled + read;
            if read == 0 {
                look(&piece[..end]);
                return Some(());
            }
            let whole = memchr::memrchr(b'\n', &piece[filled..end]).map_or(0, |at| filled + at + 1);
            if whole > 0 {
                look(&piece[..whole]);
                piece.copy_within(whole..end, 0);
            }
            filled = end - whole;
            if filled == piece.len() {
                // A line longer than the piece.
                piece.resize(piece.len() * 2, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::store;
    use super::*;

    #[test]
    fn skimming_shows_every_byte_once_in_whole_lines() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        assert_eq!(store.skim(|_| ()), None);
        for lengths in
            [vec![], vec![5], vec![PIECE, 1], vec![3 * PIECE, 7, PIECE - 1, PIECE + 1], vec![90; 2000]]
        {
            for end in ["\n", ""] {
                let lines: Vec<String> = lengths.iter().map(|length| "x".repeat(*length)).collect();
                let text = lines.join("\n") + end;
                files::replace(&store.path(), text.as_bytes(), 0o600).unwrap();
                let mut pieces: Vec<Vec<u8>> = Vec::new();
                store.skim(|piece| pieces.push(piece.to_vec())).unwrap();
                assert!(pieces.concat() == text.as_bytes(), "{lengths:?}");
                let (_, whole) = pieces.split_last().unwrap();
                assert!(whole.iter().all(|piece| piece.ends_with(b"\n")), "{lengths:?}");
            }
        }
    }
}
