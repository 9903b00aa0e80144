//! What git tells its hooks (githooks(5)), and what a checkout calls for: decided from what is recorded and what is there.

use super::branch::{self, Head};
use super::registry::glimpse::RowGlimpse;

/// A checkout of a branch or a commit, as `post-checkout` is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The commit before, in hexadecimal; zeros for the first checkout of a worktree.
    pub old: String,
}

impl Checkout {
    /// Reads the three arguments; `None` for a checkout of single files (flag 0) and for what git does not say.
    #[must_use]
    pub fn find(arguments: &[String]) -> Option<Self> {
        match arguments {
            [old, _, flag, ..] if flag == "1" => Some(Self { old: old.clone() }),
            _ => None,
        }
    }

    /// Answers whether nothing was checked out before: the worktree is new.
    #[must_use]
    pub fn is_first(&self) -> bool {
        branch::is_object_id(&self.old) && is_zeros(&self.old)
    }
}

/// The worktree that a checkout happened in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutPlace {
    /// git's name of it; `None` for the main one.
    pub admin: Option<String>,
    pub head: Head,
    /// Whether git is in the middle of something: a rebase or a bisection checks commits out on its way.
    pub is_busy: bool,
    pub has_env_file: bool,
}

/// What a checkout calls for in its own worktree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Nothing,
    /// It is new, and nobody recorded it.
    Adopt,
    /// Its record says another branch, or its env block went with an earlier folder.
    Follow,
    /// What was read in passing does not tell.
    Look,
}

/// Decides what a checkout calls for; `entry` is the worktree's living entry.
#[must_use]
pub fn wants(checkout: &Checkout, standing: &CheckoutPlace, entry: Option<&RowGlimpse>) -> Want {
    if standing.admin.is_none() {
        // The main worktree's record names no branch; an env block of it does.
        let has_block = entry.is_some_and(|entry| entry.env && entry.state == "active");
        return if has_block { Want::Follow } else { Want::Nothing };
    }
    let Some(entry) = entry else {
        return if checkout.is_first() && !standing.is_busy { Want::Adopt } else { Want::Nothing };
    };
    // Whoever is making or removing it knows best.
    if entry.state != "active" {
        return Want::Nothing;
    }
    let branch = match &standing.head {
        Head::Branch(name) | Head::Unborn(name) => Some(name.as_str()),
        Head::Detached(_) if standing.is_busy => return Want::Nothing,
        Head::Detached(_) => None,
        Head::Unreadable(_) => return Want::Look,
    };
    let lost_block = checkout.is_first() && entry.env && !standing.has_env_file;
    if entry.branch.as_deref() != branch || lost_block { Want::Follow } else { Want::Nothing }
}

/// One ref that is being pushed, as `pre-push` is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    pub local_ref: String,
    /// In hexadecimal.
    pub local: String,
    /// What the remote has now, in hexadecimal; `None` for a ref that is new there.
    pub remote: Option<String>,
}

/// Reads the lines that `pre-push` gets; deletions push nothing, and lines that make no sense are passed over.
#[must_use]
pub fn pushed(input: &[u8]) -> Vec<Pushed> {
    let text = String::from_utf8_lossy(input);
    let lines = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [local_ref, local, _, remote] = words[..] else { return None };
        let makes_sense = branch::is_object_id(local) && branch::is_object_id(remote) && !is_zeros(local);
        makes_sense.then(|| Pushed {
            local_ref: local_ref.to_owned(),
            local: local.to_owned(),
            remote: (!is_zeros(remote)).then(|| remote.to_owned()),
        })
    });
    lines.collect()
}

fn is_zeros(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    const ZEROS: &str = "0000000000000000000000000000000000000000";

    fn checkout(old: &str) -> Checkout {
        Checkout { old: old.to_owned() }
    }

    fn linked(head: Head) -> CheckoutPlace {
        CheckoutPlace { admin: Some("w".to_owned()), head, is_busy: false, has_env_file: true }
    }

    fn entry(branch: Option<&str>, state: &'static str) -> RowGlimpse<'static> {
        RowGlimpse {
            admin: Cow::Borrowed("w"),
            path: Cow::Borrowed("/w"),
            branch: branch.map(|branch| Cow::Owned(branch.to_owned())),
            state: Cow::Borrowed(state),
            host: Cow::Borrowed("here"),
            env: true,
        }
    }

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn files_and_nonsense_are_no_checkout() {
        for line in ["", "a", "a b", "a b 0", "a b 2", "a b x 1"] {
            assert_eq!(Checkout::find(&words(line)), None, "{line}");
        }
        let long = ZEROS.repeat(2)[..64].to_owned();
        assert!(Checkout::find(&words(&format!("{ZEROS} b 1"))).unwrap().is_first());
        assert!(Checkout::find(&words(&format!("{long} b 1"))).unwrap().is_first(), "SHA-256");
        assert!(!Checkout::find(&words("0 b 1")).unwrap().is_first());
    }

    #[test]
    fn a_new_worktree_is_adopted_and_an_old_one_is_not() {
        let head = Head::Branch("b".into());
        assert_eq!(wants(&checkout(ZEROS), &linked(head.clone()), None), Want::Adopt);
        assert_eq!(wants(&checkout(&"a".repeat(40)), &linked(head.clone()), None), Want::Nothing);
        let busy = CheckoutPlace { is_busy: true, ..linked(head.clone()) };
        assert_eq!(wants(&checkout(ZEROS), &busy, None), Want::Nothing);
        let main = CheckoutPlace { admin: None, ..linked(head) };
        assert_eq!(wants(&checkout(ZEROS), &main, None), Want::Nothing);
    }

    #[test]
    fn whoever_is_making_or_removing_a_worktree_is_left_alone() {
        for state in ["creating", "removing"] {
            for old in [ZEROS, "1"] {
                let standing = linked(Head::Branch("new".into()));
                assert_eq!(wants(&checkout(old), &standing, Some(&entry(None, state))), Want::Nothing);
            }
        }
    }

    #[test]
    fn the_branch_is_followed_but_not_through_a_rebase() {
        let on = |head: Head, busy: bool, recorded: Option<&str>| {
            let standing = CheckoutPlace { is_busy: busy, ..linked(head) };
            wants(&checkout("1"), &standing, Some(&entry(recorded, "active")))
        };
        let detached = || Head::Detached("a".repeat(40));
        assert_eq!(on(Head::Branch("b".into()), false, Some("b")), Want::Nothing);
        assert_eq!(on(Head::Branch("b".into()), false, Some("a")), Want::Follow);
        assert_eq!(on(Head::Branch("b".into()), true, Some("a")), Want::Follow);
        assert_eq!(on(Head::Unborn("b".into()), false, None), Want::Follow);
        assert_eq!(on(detached(), false, Some("a")), Want::Follow);
        assert_eq!(on(detached(), false, None), Want::Nothing);
        assert_eq!(on(detached(), true, Some("a")), Want::Nothing);
        assert_eq!(on(Head::Unreadable(String::new()), false, Some("a")), Want::Look);
    }

    #[test]
    fn a_folder_made_again_gets_its_block_again() {
        let bare = CheckoutPlace { has_env_file: false, ..linked(Head::Branch("b".into())) };
        let known = entry(Some("b"), "active");
        assert_eq!(wants(&checkout(ZEROS), &bare, Some(&known)), Want::Follow);
        assert_eq!(wants(&checkout("1"), &bare, Some(&known)), Want::Nothing, "the user's own deletion");
    }

    #[test]
    fn deletions_and_garbage_push_nothing() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let input = format!(
            "refs/heads/x {a} refs/heads/x {b}\nrefs/heads/n {b} refs/heads/n {ZEROS}\n(delete) {ZEROS} refs/heads/d {a}\n\
             \u{1}\u{2}\nrefs/heads/x --output=/etc/passwd refs/heads/x {a}\n\nHEAD {a}"
        );
        let found = pushed(input.as_bytes());
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].local.as_str(), found[0].remote.as_deref()), (&*a, Some(&*b)));
        assert_eq!((found[1].local_ref.as_str(), found[1].remote.as_deref()), ("refs/heads/n", None));
        assert_eq!(pushed(b""), []);
        assert_eq!(pushed(&[0xff, 0, b'\n']), []);
    }

    #[test]
    fn the_main_worktree_is_followed_where_its_record_has_a_block() {
        let main = CheckoutPlace { admin: None, ..linked(Head::Branch("b".into())) };
        let wants = |entry: Option<&RowGlimpse>| wants(&checkout("1"), &main, entry);
        assert_eq!(wants(Some(&entry(None, "active"))), Want::Follow);
        assert_eq!(wants(Some(&entry(None, "creating"))), Want::Nothing);
        assert_eq!(wants(Some(&RowGlimpse { env: false, ..entry(None, "active") })), Want::Nothing);
        assert_eq!(wants(None), Want::Nothing);
    }
}
