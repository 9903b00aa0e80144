//! Whether a recorded worktree is there, moved, or gone; what is merely out of sight is never called gone.

use std::path::PathBuf;

use super::registry::entry::{Entry, EntryState};
use super::registry::place::FolderPlace;

/// What was seen of one recorded worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceFacts {
    /// This machine's name.
    pub host: String,
    /// Whether nothing is at the recorded path; false where it could not be looked at.
    pub gone: bool,
    /// The recorded path's place now.
    pub place: FolderPlace,
    /// Whether the path lies beyond an empty folder, as below a mount point that nothing is mounted on.
    pub beyond_empty_folder: bool,
    /// Whether git or a user keeps it locked.
    pub locked: bool,
    /// Where git says it is, when that is another folder that exists.
    pub moved_to: Option<PathBuf>,
    /// A folder that looks like it, moved together with its repository.
    pub carried_to: Option<PathBuf>,
}

/// What a recorded worktree is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    There,
    /// git moved it there.
    Moved(PathBuf),
    /// It went along when its repository was moved; git's links are to be repaired.
    Carried(PathBuf),
    /// Out of sight, and kept for that reason.
    Kept(&'static str),
    /// Gone, and nothing speaks for its coming back.
    Vanished,
}

/// Returns what `entry` is.
#[must_use]
pub fn presence(entry: &Entry, seen: &PresenceFacts) -> Presence {
    if let Some(path) = &seen.moved_to {
        return Presence::Moved(path.clone());
    }
    if !seen.gone {
        return Presence::There;
    }
    if let Some(path) = &seen.carried_to {
        return Presence::Carried(path.clone());
    }
    if entry.state != EntryState::Active {
        return Presence::Kept("another command is at it");
    }
    if seen.locked {
        return Presence::Kept("it is locked");
    }
    if !entry.host.is_empty() && entry.host != seen.host {
        return Presence::Kept("it was recorded on another machine");
    }
    let unmounted = match &entry.place {
        Some(place) if place.mount.is_some() => place.is_unmounted(&seen.place),
        _ => seen.beyond_empty_folder,
    };
    if unmounted {
        return Presence::Kept("its disk is not mounted");
    }
    if entry.place.as_ref().is_some_and(|place| place.is_other_network(&seen.place)) {
        return Presence::Kept("it was recorded in another container");
    }
    Presence::Vanished
}

/// Returns what a worktree is that git alone has on record: nothing is known of where it was, so that it counts as gone
/// only where `shares_ground`: what is nearest to its place is, now, on the file system of the repository or of another
/// worktree that is there.
#[must_use]
pub fn presence_of_unrecorded(entry: &Entry, seen: &PresenceFacts, shares_ground: bool) -> Presence {
    match presence(entry, seen) {
        Presence::Vanished if !shares_ground => Presence::Kept(
            "its folder is out of sight, and nothing shows that it was deleted: `wt prune NAME` takes it all the same",
        ),
        presence => presence,
    }
}

/// Returns what `entry` is for somebody who names it as one that is gone: no evidence is asked for, and what is there,
/// moved, locked or being worked at stays all the same.
#[must_use]
pub fn presence_if_named(entry: &Entry, seen: &PresenceFacts) -> Presence {
    let named = Entry { host: seen.host.clone(), place: None, ..entry.clone() };
    presence(&named, &PresenceFacts { beyond_empty_folder: false, ..seen.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry::repository::RepositoryId;

    fn entry() -> Entry {
        let (id, at) = (RepositoryId("r".to_owned()), jiff::Timestamp::UNIX_EPOCH);
        Entry {
            admin: "a".to_owned(),
            host: "here".to_owned(),
            place: Some(FolderPlace { mount: Some("/".into()), ..FolderPlace::default() }),
            sequence: 1,
            ..Entry::new("/w/shop".as_ref(), id, "a".to_owned(), "/w/a".into(), "wt", at)
        }
    }

    fn gone() -> PresenceFacts {
        PresenceFacts {
            host: "here".to_owned(),
            gone: true,
            place: FolderPlace { mount: Some("/".into()), ..FolderPlace::default() },
            beyond_empty_folder: false,
            locked: false,
            moved_to: None,
            carried_to: None,
        }
    }

    #[test]
    fn a_folder_that_is_gone_from_a_mounted_disk_of_this_machine_has_vanished() {
        assert_eq!(presence(&entry(), &gone()), Presence::Vanished);
        assert_eq!(presence(&entry(), &PresenceFacts { gone: false, ..gone() }), Presence::There);
    }

    #[test]
    fn locked_unmounted_foreign_and_contained_worktrees_are_kept() {
        let usb = FolderPlace { mount: Some("/mnt".into()), ..FolderPlace::default() };
        let network = |network: &str| FolderPlace {
            boot: "b".to_owned(),
            network: network.to_owned(),
            mount: Some("/".into()),
            ..FolderPlace::default()
        };
        let is_kept =
            |entry: &Entry, seen: &PresenceFacts| matches!(presence(entry, seen), Presence::Kept(_));
        assert!(is_kept(&entry(), &PresenceFacts { locked: true, ..gone() }));
        assert!(is_kept(&entry(), &PresenceFacts { host: "there".to_owned(), ..gone() }));
        assert!(is_kept(&Entry { place: Some(usb), ..entry() }, &gone()));
        assert!(is_kept(
            &Entry { place: Some(network("1")), ..entry() },
            &PresenceFacts { place: network("2"), ..gone() }
        ));
    }

    #[test]
    fn without_a_recorded_mount_an_empty_folder_above_is_taken_for_a_mount_point() {
        let old = Entry { place: None, ..entry() };
        assert_eq!(presence(&old, &gone()), Presence::Vanished);
        let beyond = PresenceFacts { beyond_empty_folder: true, ..gone() };
        assert!(matches!(presence(&old, &beyond), Presence::Kept(_)));
        assert_eq!(presence(&entry(), &beyond), Presence::Vanished, "the mount is known");
        let mountless = Entry { place: Some(FolderPlace::default()), ..entry() };
        assert_eq!(presence(&mountless, &gone()), Presence::Vanished);
        assert_eq!(presence(&mountless, &beyond), Presence::Kept("its disk is not mounted"));
    }

    #[test]
    fn what_git_alone_knows_has_vanished_only_with_evidence() {
        assert_eq!(presence_of_unrecorded(&entry(), &gone(), true), Presence::Vanished);
        assert!(matches!(presence_of_unrecorded(&entry(), &gone(), false), Presence::Kept(_)));
        let there = PresenceFacts { gone: false, ..gone() };
        assert_eq!(presence_of_unrecorded(&entry(), &there, false), Presence::There);
    }

    #[test]
    fn a_name_stands_for_the_evidence_and_for_nothing_else() {
        let usb = Entry {
            place: Some(FolderPlace { mount: Some("/mnt".into()), ..FolderPlace::default() }),
            ..entry()
        };
        let far = PresenceFacts { host: "there".to_owned(), beyond_empty_folder: true, ..gone() };
        assert_eq!(presence_if_named(&usb, &far), Presence::Vanished);
        assert!(matches!(
            presence_if_named(&usb, &PresenceFacts { locked: true, ..far.clone() }),
            Presence::Kept(_)
        ));
        assert_eq!(presence_if_named(&usb, &PresenceFacts { gone: false, ..far }), Presence::There);
    }

    #[test]
    fn a_move_outweighs_everything() {
        let moved = PresenceFacts { moved_to: Some("/w/b".into()), locked: true, ..gone() };
        assert_eq!(presence(&entry(), &moved), Presence::Moved("/w/b".into()));
        let carried = PresenceFacts { carried_to: Some("/v/a".into()), ..gone() };
        assert_eq!(presence(&entry(), &carried), Presence::Carried("/v/a".into()));
    }
}
