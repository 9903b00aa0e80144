//! Names in place of ports: which worktree, and which service of it, a name below `localhost` stands for.

use std::collections::HashMap;

use super::host_names;
use super::registry::entry::Entry;
use super::registry::table::Registry;
use super::short_names::ShortNames;
use super::template::label;

/// What every name of ours ends in.
pub const ENDING: &str = ".localhost";

/// The living worktrees that have a port, each under `NAME.REPOSITORY`.
#[derive(Clone, Debug, Default)]
pub struct Directory(Vec<(String, u64)>);

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The worktree with that sequence; the service by its name, the first one where none is named.
    Worktree {
        sequence: u64,
        service: Option<String>,
    },
    /// Worktrees of several repositories, each by its longer name.
    Several(Vec<String>),
    Nothing,
}

impl Directory {
    /// Gives each worktree on record that has a port its name; of two with one name in one repository the later gets a number.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        let repositories = ShortNames::of(registry);
        let mut entries: Vec<&Entry> =
            registry.entries().filter(|entry| entry.is_living() && entry.ports().next().is_some()).collect();
        entries.sort_by_key(|entry| entry.sequence);
        let named = entries.iter().map(|entry| {
            let name = label(&entry.name).unwrap_or_else(|| "worktree".to_owned());
            (entry.sequence, format!("{name}.{}", repositories.name(&entry.repository_id)))
        });
        let mut hosts: HashMap<u64, String> = host_names::told_apart(named);
        let known = entries.iter().filter_map(|entry| Some((hosts.remove(&entry.sequence)?, entry.sequence)));
        Self(known.collect())
    }

    /// Finds what `name` stands for, which is all before `.localhost`: `SERVICE.NAME.REPOSITORY`, `NAME.REPOSITORY`, or
    /// `NAME` where only one repository has it.
    #[must_use]
    pub fn find(&self, name: &str) -> Found {
        let labels: Vec<&str> = name.split('.').collect();
        let (service, wanted) = match *labels {
            [_] => return self.find_anywhere(name),
            [_, _] => (None, name),
            [service, _, _] => (Some(service.to_owned()), &name[service.len() + 1..]),
            _ => return Found::Nothing,
        };
        let known = self.0.iter().find(|(known, _)| known == wanted);
        known.map_or(Found::Nothing, |(_, sequence)| Found::Worktree { sequence: *sequence, service })
    }

    fn find_anywhere(&self, name: &str) -> Found {
        let is_it = |known: &&(String, u64)| known.0.split_once('.').is_some_and(|(first, _)| first == name);
        let found: Vec<&(String, u64)> = self.0.iter().filter(is_it).collect();
        match found[..] {
            [] => Found::Nothing,
            [(_, sequence)] => Found::Worktree { sequence: *sequence, service: None },
            _ => Found::Several(found.into_iter().map(|(name, _)| name.clone()).collect()),
        }
    }

    /// Returns all names, each as `NAME.REPOSITORY`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory {
        let names = ["login.shop", "login.blog", "search.shop"];
        Directory(names.into_iter().map(str::to_owned).zip(1..).collect())
    }

    #[test]
    fn a_name_leads_to_one_worktree_or_nowhere() {
        let found = |name: &str| directory().find(name);
        let worktree = |sequence, service: Option<&str>| Found::Worktree {
            sequence,
            service: service.map(str::to_owned),
        };
        assert_eq!(found("web.login.blog"), worktree(2, Some("web")));
        assert_eq!(found("login.shop"), worktree(1, None));
        assert_eq!(found("search"), worktree(3, None));
        assert_eq!(found("login"), Found::Several(vec!["login.shop".to_owned(), "login.blog".to_owned()]));
        for name in [
            "",
            "sea",
            "shop",
            "login.sho",
            "login.shop.web",
            "a.web.login.shop",
            ".search",
            "search.",
            "web.search",
        ] {
            assert_eq!(found(name), Found::Nothing, "{name}");
        }
    }

    #[test]
    fn all_names_are_told_in_their_order() {
        assert_eq!(directory().names().collect::<Vec<_>>(), ["login.shop", "login.blog", "search.shop"]);
    }
}
