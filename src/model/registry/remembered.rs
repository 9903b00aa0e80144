//! Which ports worktrees had, remembered and found again in the registry.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Map;

use super::allocation::Allocation;
use super::entry::Entry;
use super::former::{Former, FormerPort};
use super::note::{Gone, ReleasedThen};
use super::repository::RepositoryId;
use super::table::Registry;
use crate::model::port::Port;
use crate::model::purpose::Purpose;

impl Registry {
    /// Returns the ports that this branch had for this purpose; a detached worktree is known by its `name`.
    #[must_use]
    pub fn find_former(
        &self,
        repository: &RepositoryId,
        branch: Option<&str>,
        purpose: Option<&Purpose>,
        name: Option<&str>,
    ) -> Option<&Former> {
        self.former.iter().rev().find(|former| {
            former.repository_id == *repository
                && former.branch.as_deref() == branch
                && former.purpose.as_ref() == purpose
                && name.is_none_or(|name| former.name == name)
        })
    }

    /// Returns the ports that the worktree of `entry` had.
    #[must_use]
    pub fn find_former_of(&self, entry: &Entry) -> Option<&Former> {
        let name = entry.branch.is_none().then_some(entry.name.as_str());
        let of_branch =
            self.find_former(&entry.repository_id, entry.branch.as_deref(), entry.purpose.as_ref(), name);
        // It may be on another branch than it was when it gave them up, which nobody else is on or would come back to.
        let is_its_own = |former: &&Former| {
            former.was_called_as(entry) && !self.entries().any(|known| former.is_of(known))
        };
        of_branch.or_else(|| self.former.iter().rev().find(is_its_own))
    }

    /// Remembers which ports `entry` had, forgetting the oldest beyond the limit; what it gave up earlier for other services
    /// goes on being remembered.
    pub fn remember_ports(&mut self, entry: &Entry) {
        self.remember_released(entry, &entry.allocations);
    }

    /// Remembers which ports a worktree gave up that is there: it gets them back before anybody else is given them. What it
    /// gave up earlier for other services goes on being remembered.
    pub fn remember_released(&mut self, entry: &Entry, released: &[Allocation]) {
        let given_up = released.iter().filter_map(|known| {
            Some(FormerPort {
                service: known.service.clone(),
                port: known.find_port()?,
                pinned: known.pinned,
                extra: Map::new(),
            })
        });
        let mut ports: Vec<FormerPort> = given_up.collect();
        if ports.is_empty() {
            return;
        }
        let before = self.former.iter().rev().find(|former| former.is_of(entry));
        let others = before.iter().flat_map(|former| &former.ports);
        let is_other = |known: &FormerPort| {
            let (service, port) = (known.service.clone(), known.port);
            move |other: &FormerPort| other.service != service && other.port != port
        };
        let others: Vec<FormerPort> =
            others.filter(|known| ports.iter().all(is_other(known))).cloned().collect();
        ports.extend(others);
        self.put_former(entry, ports);
    }

    /// Forgets that the worktree of `entry` ever had `ports`, as a person asks for who releases them.
    pub fn forget_former(&mut self, entry: &Entry, ports: &[Port]) {
        for former in self.former.iter_mut().filter(|former| former.is_of(entry)) {
            former.ports.retain(|known| !ports.contains(&known.port));
        }
    }

    /// Returns the former ports of worktrees that are there or can be restored, and that have no port for that service now;
    /// the one released longest ago first.
    #[must_use]
    pub fn kept_former_ports(&self) -> Vec<Port> {
        let mut kept = Vec::new();
        if self.former.iter().all(|former| former.ports.is_empty()) {
            return kept;
        }
        let mut known: HashMap<(&RepositoryId, &str), Vec<&Entry>> = HashMap::new();
        for entry in self.entries() {
            let branch = entry.branch.as_deref().filter(|branch| *branch != entry.name);
            for word in branch.into_iter().chain([entry.name.as_str()]) {
                known.entry((&entry.repository_id, word)).or_default().push(entry);
            }
        }
        for former in self.former.iter() {
            let branch = former.branch.as_deref().unwrap_or(&former.name);
            let [standing, called] =
                [branch, &former.name].map(|word| known.get(&(&former.repository_id, word)));
            let standing = standing.into_iter().flatten().filter(|entry| former.is_of(entry));
            let mut of_it: Vec<&&Entry> = standing.collect();
            if of_it.is_empty() {
                of_it.extend(called.into_iter().flatten().filter(|entry| former.was_called_as(entry)));
            }
            let has = |port: &FormerPort| {
                let mut all =
                    of_it.iter().filter(|entry| entry.is_living()).flat_map(|entry| &entry.allocations);
                all.any(|known| known.service == port.service)
            };
            if !of_it.is_empty() {
                kept.extend(former.ports.iter().filter(|port| !has(port)).map(|port| port.port));
            }
        }
        kept
    }

    fn put_former(&mut self, entry: &Entry, ports: Vec<FormerPort>) {
        self.former.retain(|former| !former.is_of(entry));
        self.former.push(Former {
            repository_id: entry.repository_id.clone(),
            branch: entry.branch.clone(),
            purpose: entry.purpose.clone(),
            name: entry.name.clone(),
            ports,
            then: ReleasedThen::default(),
            gone: Gone::default(),
            extra: Map::new(),
        });
        self.forget_surplus_former();
    }

    fn forget_surplus_former(&mut self) {
        let surplus = self.former.len().saturating_sub(FORMER_LIMIT);
        self.former.drain(..surplus);
    }

    /// Remembers what the records of vanished worktrees said, for a restore of what git still knows of them. Of more than
    /// can be remembered only the last are looked at.
    pub fn remember_vanished(&mut self, entries: &[Entry]) {
        for entry in &entries[entries.len().saturating_sub(FORMER_LIMIT)..] {
            self.remember_one_vanished(entry);
        }
        self.forget_surplus_former();
    }

    fn remember_one_vanished(&mut self, entry: &Entry) {
        self.remember_ports(entry);
        if !self.former.iter().any(|former| former.is_of(entry)) {
            self.former.push(Former {
                repository_id: entry.repository_id.clone(),
                branch: entry.branch.clone(),
                purpose: entry.purpose.clone(),
                name: entry.name.clone(),
                ports: Vec::new(),
                then: ReleasedThen::default(),
                gone: Gone::default(),
                extra: Map::new(),
            });
        }
        if let Some(former) = self.former.iter_mut().find(|former| former.is_of(entry)) {
            let then = &mut former.then;
            then.name_in_git.write(&entry.admin);
            then.path.write(&entry.path.to_string_lossy().into_owned());
            then.name_then.write(&entry.name);
            then.identifier.write(&entry.identifier);
            then.env.write(&entry.env);
            if !entry.env_files.is_empty() {
                then.env_files.write(&entry.env_files);
            }
        }
    }

    /// Returns a record of git's worktree `draft` as it was before it was released, where that is remembered.
    #[must_use]
    pub fn recalled(&self, draft: Entry) -> Entry {
        let (admin, path) = (&draft.admin, draft.path.to_string_lossy());
        let is_it =
            |former: &&Former| former.repository_id == draft.repository_id && former.then.is_at(admin, &path);
        let Some(former) = self.former.iter().rev().find(is_it) else { return draft };
        let then = &former.then;
        let name =
            then.name_then.read().filter(|name| self.find_living(&draft.repository_id, name).is_none());
        Entry {
            name: name.unwrap_or(draft.name),
            purpose: former.purpose.clone(),
            identifier: then.identifier.read().unwrap_or(draft.identifier),
            env: then.env.read().unwrap_or(draft.env),
            env_files: then.env_files.read_each(),
            ..draft
        }
    }

    /// Returns the identifier of a worktree of git's whose record was released, where it is remembered.
    #[must_use]
    pub fn find_former_identifier(
        &self,
        repository: &RepositoryId,
        admin: &str,
        path: &Path,
    ) -> Option<&str> {
        let path = path.to_string_lossy();
        let is_it = |former: &&Former| former.repository_id == *repository && former.then.is_at(admin, &path);
        self.former.iter().rev().find(is_it)?.then.identifier.text()
    }
}

/// How many former port sets are remembered, over all repositories.
const FORMER_LIMIT: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::checks::sample;

    #[test]
    fn a_worktree_on_another_branch_by_now_goes_on_having_its_former_ports() {
        let mut registry = Registry::default();
        let entry = registry.insert(sample::entry("a", 0, &[5000]));
        registry.remember_released(&entry, &entry.allocations);
        let known = registry.find_by_sequence(entry.sequence).unwrap();
        known.allocations.clear();
        known.branch = Some("topic".to_owned());
        let known = known.clone();
        let ports: Vec<u16> = registry.kept_former_ports().iter().map(|port| port.number()).collect();
        assert_eq!(ports, [5000]);
        assert!(registry.find_former_of(&known).is_some());
        // Another worktree is on the branch that had them.
        let other = Entry { branch: entry.branch.clone(), ..sample::entry("b", 0, &[]) };
        let other = registry.insert(other);
        assert!(registry.find_former_of(&other).is_some() && registry.find_former_of(&known).is_none());
        assert_eq!(registry.kept_former_ports().len(), 1);
    }

    #[test]
    fn ports_that_a_person_releases_are_remembered_no_more() {
        let mut registry = Registry::default();
        let entry = registry.insert(sample::entry("a", 0, &[5000, 5001]));
        let other = registry.insert(sample::entry("b", 0, &[5000]));
        registry.remember_ports(&entry);
        registry.remember_ports(&other);
        registry.forget_former(&entry, &[sample::port(5000)]);
        let ports = |entry: &Entry| {
            let former = registry.find_former_of(entry).unwrap();
            former.ports.iter().map(|known| known.port.number()).collect::<Vec<_>>()
        };
        assert_eq!((ports(&entry), ports(&other)), (vec![5001], vec![5000]));
    }

    #[test]
    fn what_is_given_up_later_stands_beside_what_was_given_up_before() {
        let mut registry = Registry::default();
        let entry = registry.insert(sample::entry("a", 0, &[5000, 5001]));
        registry.remember_ports(&entry);
        for (given_up, expected) in [
            (&[5002][..], vec!["web:5002", "port-2:5001"]),
            (&[5001], vec!["web:5001"]),
            (&[], vec!["web:5001"]),
        ] {
            registry.remember_released(&entry, &sample::entry("a", 0, given_up).allocations);
            let former = registry.find_former_of(&entry).unwrap();
            let said: Vec<String> =
                former.ports.iter().map(|known| format!("{}:{}", known.service, known.port)).collect();
            assert_eq!(said, expected, "{given_up:?}");
            assert_eq!(registry.former.len(), 1);
        }
    }

    #[test]
    fn a_worktree_of_git_is_recorded_again_as_it_was_when_it_was_released() {
        let mut registry = Registry::default();
        let then = Entry {
            identifier: "login".to_owned(),
            env: true,
            env_files: vec!["server/.env".to_owned()],
            ..sample::entry("a", 0, &[5000])
        };
        let then = registry.insert(then);
        registry.remember_vanished(std::slice::from_ref(&then));
        registry.take_all(|_| true);
        let draft = || Entry {
            name: "draft".to_owned(),
            purpose: None,
            identifier: "draft".to_owned(),
            env: false,
            env_files: Vec::new(),
            allocations: Vec::new(),
            ..then.clone()
        };
        let expected = Entry { allocations: Vec::new(), ..then.clone() };
        assert_eq!(registry.recalled(draft()), expected);
        let find = |registry: &Registry, admin: &str, path: &str| {
            registry.find_former_identifier(&then.repository_id, admin, Path::new(path)).map(str::to_owned)
        };
        assert_eq!(find(&registry, "a", "/w/a").as_deref(), Some("login"));
        assert_eq!(find(&registry, "b", "/w/b"), None);
        let stranger = Entry { admin: "b".to_owned(), path: "/w/b".into(), ..draft() };
        assert_eq!(registry.recalled(stranger.clone()), stranger);
        let elsewhere = Entry { repository_id: RepositoryId("s".to_owned()), ..draft() };
        assert_eq!(registry.recalled(elsewhere.clone()), elsewhere);
        registry.insert(Entry {
            path: "/w/new".into(),
            admin: "new".to_owned(),
            ..sample::entry("a", 0, &[])
        });
        assert_eq!(registry.recalled(draft()).name, "draft", "another is called so by now");
    }
}
