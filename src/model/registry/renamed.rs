//! A worktree's record under its new names, and under the old ones again.

use super::entry::{Entry, EntryState};
use super::table::Registry;
use crate::model::renaming::{Renaming, WorktreeNames};

impl Entry {
    /// Returns what the worktree is called.
    #[must_use]
    pub fn names(&self) -> WorktreeNames {
        WorktreeNames {
            name: self.name.clone(),
            identifier: self.identifier.clone(),
            path: self.path.clone(),
            branch: self.branch.clone(),
        }
    }

    /// Answers whether the record has the new names of a rename already.
    #[must_use]
    pub fn is_renamed(&self, renaming: &Renaming) -> bool {
        self.name == renaming.to.name
            && self.identifier == renaming.to.identifier
            && self.path == renaming.to.path
    }

    /// Answers whether the worktree is being renamed.
    #[must_use]
    pub fn is_being_renamed(&self) -> bool {
        self.state == EntryState::Active && !self.notes.renaming.is_absent()
    }
}

impl Registry {
    /// Gives the worktree with that number the new names of a rename, or the old ones again where `is_back`; what is
    /// remembered of its ports follows. Answers whether it did: nobody else may be called so.
    pub fn rename(&mut self, sequence: u64, renaming: &Renaming, is_back: bool) -> bool {
        let (from, to) =
            if is_back { (&renaming.to, &renaming.from) } else { (&renaming.from, &renaming.to) };
        let Some(before) = self.entries().find(|known| known.sequence == sequence).cloned() else {
            return false;
        };
        let is_taken = self.entries().any(|known| {
            known.sequence != sequence
                && known.is_living()
                && ((known.repository_id == before.repository_id && known.name == to.name)
                    || known.path == to.path)
        });
        if is_taken || before.state != EntryState::Active || before.name != from.name {
            return false;
        }
        for former in self.former.iter_mut().filter(|former| former.is_of(&before)) {
            former.branch.clone_from(&to.branch);
            former.name.clone_from(&to.name);
        }
        let project = if is_back { &renaming.project_before } else { &renaming.project_after };
        let Some(known) = self.find_by_sequence(sequence) else { return false };
        known.name.clone_from(&to.name);
        known.identifier.clone_from(&to.identifier);
        known.path.clone_from(&to.path);
        known.branch.clone_from(&to.branch);
        match project {
            Some(project) => known.notes.compose_project.write(project),
            None => known.notes.compose_project.clear(),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample;
    use crate::model::process::ProcessId;

    fn renaming(entry: &Entry) -> Renaming {
        let to = WorktreeNames {
            name: "b".to_owned(),
            identifier: "b".to_owned(),
            path: "/w/b".into(),
            branch: Some("feature/b".to_owned()),
        };
        let process: ProcessId =
            serde_json::from_str(r#"{"pid":1,"started":1,"boot":"","namespace":""}"#).unwrap();
        Renaming {
            token: "t".to_owned(),
            process,
            from: entry.names(),
            to,
            tip: None,
            new_parents: Vec::new(),
            project_before: None,
            project_after: Some("shop-a".to_owned()),
            extra: serde_json::Map::new(),
        }
    }

    #[test]
    fn a_record_is_renamed_whole_with_what_is_remembered_of_its_ports_and_back_again() {
        let mut registry = Registry::default();
        let entry = registry.insert(sample::entry("a", 0, &[5000]));
        let other = registry.insert(sample::entry("c", 0, &[]));
        registry.remember_released(&entry, &entry.allocations);
        let renaming = renaming(&entry);
        assert!(registry.rename(entry.sequence, &renaming, false));
        let known = registry.find_by_sequence(entry.sequence).unwrap().clone();
        assert_eq!(
            (known.names(), known.notes.compose_project.text()),
            (renaming.to.clone(), Some("shop-a"))
        );
        assert!(known.is_renamed(&renaming) && registry.former[0].is_of(&known));
        assert!(!registry.rename(entry.sequence, &renaming, false), "once");
        assert!(registry.rename(entry.sequence, &renaming, true));
        assert_eq!(*registry.find_by_sequence(entry.sequence).unwrap(), entry);
        assert!(registry.former[0].is_of(&entry));
        for (name, path) in [("b", "/w/c"), ("c", "/w/b")] {
            let known = registry.find_by_sequence(other.sequence).unwrap();
            (known.name, known.path) = (name.to_owned(), path.into());
            assert!(
                !registry.rename(entry.sequence, &renaming, false),
                "{name} at {path} is somebody else's"
            );
        }
    }
}
