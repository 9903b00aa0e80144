//! What the user's policy allows: changes at all, ending what holds a port, giving up work. It guides programs that are told
//! what to do; it is no sandbox.

use crate::error::{Code, Failure};

/// Whether anything may be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Full,
    ReadOnly,
}

/// Whether something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    Never,
    /// Once somebody agreed.
    Ask,
    /// Without being asked about.
    Allow,
}

/// `[policy]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    pub mode: Mode,
    /// `None` where each command decides.
    pub kill: Option<Leave>,
    /// `None` where `--force` is enough.
    pub remove_force: Option<Leave>,
    /// Whether pages of `wt serve --actions` may act; `None` where that flag is enough.
    pub actions: Option<Leave>,
}

impl Policy {
    /// Answers whether nothing may be changed.
    #[must_use]
    pub fn is_read_only(self) -> bool {
        self.mode == Mode::ReadOnly
    }
}

/// The failure of a command that changes things where nothing may be changed.
#[must_use]
pub fn read_only(command: &str) -> Failure {
    Failure::new(Code::NotAllowed, format!("`wt {command}` changes things, and the policy is read-only"))
        .hint("`wt config show policy` says where that is set; WT_POLICY=read-only sets it too")
        .detail("policy", "policy.mode")
}

/// What is to be done before something that the policy speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// As the command itself has it.
    AsEver,
    /// Nobody is asked.
    Nothing,
    Asking,
}

/// Decides what is to be done before it: `is_agreed` says that somebody agreed by a flag that counts for it, `is_interactive` that
/// somebody can be asked.
///
/// # Errors
///
/// `not_allowed`, naming `key`.
pub fn before(
    leave: Option<Leave>,
    key: &str,
    is_agreed: bool,
    is_interactive: bool,
) -> Result<Before, Failure> {
    match leave {
        None => Ok(Before::AsEver),
        Some(Leave::Allow) => Ok(Before::Nothing),
        Some(Leave::Ask) if is_agreed => Ok(Before::Nothing),
        Some(Leave::Ask) if is_interactive => Ok(Before::Asking),
        Some(Leave::Ask) => {
            let message = format!("`{key}` wants somebody to be asked, and nobody can be");
            Err(Failure::new(Code::NotAllowed, message).hint("run it on a terminal").detail("policy", key))
        }
        Some(Leave::Never) => Err(never(key)),
    }
}

/// The failure of what is never to be done.
#[must_use]
pub fn never(key: &str) -> Failure {
    Failure::new(Code::NotAllowed, format!("`{key}` is \"never\""))
        .hint("`wt config show policy` says where that is set")
        .detail("policy", key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leave_says_what_comes_before() {
        for (leave, agreed, interactive, expected) in [
            (None, false, false, Some(Before::AsEver)),
            (Some(Leave::Allow), false, false, Some(Before::Nothing)),
            (Some(Leave::Ask), true, false, Some(Before::Nothing)),
            (Some(Leave::Ask), false, true, Some(Before::Asking)),
            (Some(Leave::Ask), false, false, None),
            (Some(Leave::Never), true, true, None),
        ] {
            let found = before(leave, "policy.kill", agreed, interactive);
            assert_eq!(found.as_ref().ok().copied(), expected, "{leave:?}");
            assert!(found.err().is_none_or(|failure| failure.code() == Code::NotAllowed));
        }
    }

    #[test]
    fn nothing_may_be_changed_where_the_mode_says_so() {
        for (mode, expected) in [(Mode::Full, false), (Mode::ReadOnly, true)] {
            assert_eq!(Policy { mode, ..Policy::default() }.is_read_only(), expected, "{mode:?}");
        }
    }
}
