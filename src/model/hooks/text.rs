//! The hooks and their exact texts: what is byte for byte one of these is ours, and nothing else is.

use serde::Serialize;

/// A hook of git's that calls `wt` (githooks(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hook {
    PostCheckout,
    PrePush,
}

/// Texts that were ours once, and are replaced by an install.
const FORMER_POST_CHECKOUT: [&str; 1] = ["#!/bin/sh
# Runs after git checks out: lets wt undo or finish what a killed command left behind.
# git must never suffer from this: without wt it does nothing, and it always succeeds.
command -v wt >/dev/null 2>&1 || exit 0
wt hook post-checkout \"$@\" </dev/null || :
exit 0
"];
const FORMER_PRE_PUSH: [&str; 1] = ["#!/bin/sh
# Runs before git pushes: lets wt undo or finish what a killed command left behind.
# git must never suffer from this: without wt it does nothing, and it stops no push.
command -v wt >/dev/null 2>&1 || exit 0
wt hook pre-push \"$@\" </dev/null || :
exit 0
"];

/// Kills a `wt` that hangs: it ends itself after two seconds, so that only one that is broken meets this. Both shims
/// have the same line.
const WATCH: &str = r#"{ sleep 3 & trap 'kill $!; exit' TERM; wait "$!" && kill -0 "$$" && kill -9 "$wt"; } </dev/null >/dev/null 2>&1 &"#;

impl Hook {
    pub const ALL: [Self; 2] = [Self::PostCheckout, Self::PrePush];

    /// Returns git's name of the hook, which is also its file's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PostCheckout => "post-checkout",
            Self::PrePush => "pre-push",
        }
    }

    /// Returns the name beside it under which the hook that was there before is kept.
    #[must_use]
    pub fn chained_name(self) -> String {
        format!("{}.wt-chained", self.name())
    }

    /// Returns the text of the hook's file.
    #[must_use]
    pub fn shim(self) -> &'static str {
        match self {
            Self::PostCheckout => include_str!("../../../hooks/post-checkout"),
            Self::PrePush => include_str!("../../../hooks/pre-push"),
        }
    }

    /// Returns the hook's name in git's configuration: `hook.NAME.command` (git-config(1), git 2.54 and later).
    #[must_use]
    pub fn friendly_name(self) -> &'static str {
        match self {
            Self::PostCheckout => "wt-post-checkout",
            Self::PrePush => "wt-pre-push",
        }
    }

    /// Returns the command for git's configuration. git appends `"$@"` to it, which the last word swallows.
    #[must_use]
    pub fn command(self) -> String {
        let name = self.name();
        let (before, input, status, end) = match self {
            Self::PostCheckout => ("", "</dev/null", "", ""),
            // A shell gives what runs in its background no input unless it is told to.
            Self::PrePush => ("exec 3<&0; ", "<&3 3<&-", "status=$?; ", "[ \"$status\" -ne 1 ] || exit 1; "),
        };
        format!(
            "if command -v wt >/dev/null 2>&1; then {before}wt hook {name} \"$@\" {input} & wt=$!; {WATCH} \
             wait \"$wt\" 2>/dev/null; {status}kill \"$!\" 2>/dev/null; {end}fi; :"
        )
    }

    /// Answers whether a command in git's configuration is one that we wrote.
    #[must_use]
    pub fn is_own_command(self, command: &str) -> bool {
        command == self.command()
    }

    /// Returns what `bytes` are to us.
    #[must_use]
    pub fn authorship(self, bytes: &[u8]) -> Authorship {
        let former: &[&str] = match self {
            Self::PostCheckout => &FORMER_POST_CHECKOUT,
            Self::PrePush => &FORMER_PRE_PUSH,
        };
        if bytes == self.shim().as_bytes() {
            Authorship::Current
        } else if former.iter().any(|text| bytes == text.as_bytes()) {
            Authorship::Former
        } else if memchr::memmem::find(bytes, b"\n# wt hook: ").is_some() {
            Authorship::Edited
        } else {
            Authorship::Foreign
        }
    }

    /// Answers whether a text calls `wt hook` for this hook, as people write it into a hook of their own.
    #[must_use]
    pub fn is_called_in(self, bytes: &[u8]) -> bool {
        memchr::memmem::find(bytes, format!("wt hook {}", self.name()).as_bytes()).is_some()
    }
}

/// Who wrote a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorship {
    /// We did, this version.
    Current,
    /// We did, an earlier version.
    Former,
    /// It begins as ours and is not ours to the byte: somebody changed it.
    Edited,
    Foreign,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_ours_to_the_byte_or_not_at_all() {
        for hook in Hook::ALL {
            let shim = hook.shim();
            assert_eq!(hook.authorship(shim.as_bytes()), Authorship::Current);
            assert_eq!(hook.authorship(format!("{shim}\n").as_bytes()), Authorship::Edited);
            assert_eq!(hook.authorship(b"#!/bin/sh\nwt hook post-checkout\n"), Authorship::Foreign);
            assert_eq!(hook.authorship(b""), Authorship::Foreign);
        }
        assert_eq!(Hook::PrePush.authorship(FORMER_PRE_PUSH[0].as_bytes()), Authorship::Former);
        let other = Hook::PrePush.authorship(Hook::PostCheckout.shim().as_bytes());
        assert_eq!(other, Authorship::Edited);
    }

    #[test]
    fn the_shims_are_short_plain_sh_and_watch_over_wt_with_the_same_line() {
        for hook in Hook::ALL {
            let shim = hook.shim();
            assert!(shim.starts_with("#!/bin/sh\n") && shim.lines().count() <= 20, "{shim}");
            assert!(shim.contains(&format!("\n{WATCH}\n")), "{shim}");
            assert!(shim.contains(&hook.chained_name()), "{shim}");
            assert!(hook.is_called_in(shim.as_bytes()));
        }
    }

    #[test]
    fn a_command_for_the_configuration_is_one_line_whose_last_word_takes_any_arguments() {
        for hook in Hook::ALL {
            let command = hook.command();
            assert!(!command.contains('\n') && command.ends_with("; :"), "{command}");
            assert!(command.starts_with("if command -v wt >/dev/null 2>&1; then "), "{command}");
        }
    }
}
