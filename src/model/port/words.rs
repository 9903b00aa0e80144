//! One wording for whoever holds a port: `python3 (pid 4242, /srv/demo)` in a sentence, and `python3, pid 4242, /srv/demo`
//! where parentheses stand around it already.

use std::path::Path;

use crate::model::port::listener::{Listener, Owner};

/// What is known of a process, as far as it is worth saying.
#[derive(Clone, Copy, Debug, Default)]
pub struct Words<'a> {
    pub command: Option<&'a str>,
    /// `None` for a process that we may not look into.
    pub pid: Option<u32>,
    /// The worktree that it belongs to; it says more than a folder.
    pub worktree: Option<&'a str>,
    pub folder: Option<&'a Path>,
    /// The user whose socket it is: all that is known of a process out of sight.
    pub user: Option<&'a str>,
}

impl<'a> Words<'a> {
    /// What is known of an owner of a socket.
    #[must_use]
    pub fn of(owner: &'a Owner) -> Self {
        Self {
            command: Some(&owner.command),
            pid: Some(owner.pid),
            worktree: owner.worktree.as_deref(),
            folder: owner.folder.as_deref(),
            user: None,
        }
    }

    fn facts(&self) -> Vec<String> {
        let Some(pid) = self.pid else {
            return self.user.map(|user| format!("user {user}")).into_iter().collect();
        };
        let mut facts = vec![format!("pid {pid}")];
        match (self.worktree, self.folder) {
            (Some(worktree), _) => facts.push(format!("worktree {worktree}")),
            (None, Some(folder)) => facts.push(folder.display().to_string()),
            (None, None) => {}
        }
        facts
    }

    fn head(&self) -> &'a str {
        if self.pid.is_none() { "a process out of sight" } else { self.command.unwrap_or("a process") }
    }

    /// Returns the form for a sentence: `python3 (pid 4242, /srv/demo)`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let facts = self.facts();
        if facts.is_empty() {
            return self.head().to_owned();
        }
        format!("{} ({})", self.head(), facts.join(", "))
    }

    /// Returns the form for inside of parentheses: `python3, pid 4242, /srv/demo`.
    #[must_use]
    pub fn list(&self) -> String {
        let facts = self.facts().into_iter();
        std::iter::once(self.head().to_owned()).chain(facts).collect::<Vec<_>>().join(", ")
    }
}

/// Returns the first holder of a socket in the form for a sentence.
#[must_use]
pub fn sentence_of(socket: &Listener) -> String {
    let user = socket.user.to_string();
    let unseen = Words { user: Some(&user), ..Words::default() };
    socket.owners.first().map_or(unseen, Words::of).sentence()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_name_the_same_facts() {
        let stranger = Words {
            command: Some("python3"),
            pid: Some(7),
            folder: Some(Path::new("/x")),
            ..Words::default()
        };
        assert_eq!(stranger.sentence(), "python3 (pid 7, /x)");
        assert_eq!(stranger.list(), "python3, pid 7, /x");
        let sibling = Words { worktree: Some("feature-login"), ..stranger };
        assert_eq!(sibling.sentence(), "python3 (pid 7, worktree feature-login)");
        let unseen = Words { user: Some("33"), ..Words::default() };
        assert_eq!(unseen.sentence(), "a process out of sight (user 33)");
        assert_eq!(unseen.list(), "a process out of sight, user 33");
        assert_eq!(Words::default().sentence(), "a process out of sight");
    }
}
