//! The hooks and their exact texts: what is byte for byte one of these is ours, and nothing else is.

use schemars::JsonSchema;
use serde::Serialize;

/// A hook of git's that calls `wt` (githooks(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GitHook {
    PostCheckout,
    PrePush,
}

/// Texts that were ours once, oldest first, and are replaced by an install.
const FORMER_POST_CHECKOUT: [&str; 4] = [
    include_str!("../../../hooks/former/post-checkout-1"),
    include_str!("../../../hooks/former/post-checkout-2"),
    include_str!("../../../hooks/former/post-checkout-3"),
    include_str!("../../../hooks/former/post-checkout-4"),
];
const FORMER_PRE_PUSH: [&str; 5] = [
    include_str!("../../../hooks/former/pre-push-1"),
    include_str!("../../../hooks/former/pre-push-2"),
    include_str!("../../../hooks/former/pre-push-3"),
    include_str!("../../../hooks/former/pre-push-4"),
    include_str!("../../../hooks/former/pre-push-5"),
];

/// The answer of `wt hook probe`: no other program says it.
pub const WORD: &str = "wt of git worktrees";

/// The exit status by which a proven `wt` stops a push, where a hook asks for it. Hooks installed earlier ask for none:
/// for them it is 1.
pub const STOP: u8 = 87;

/// Names the program that a hook runs: `git-wt` where it is there, which nothing else is called by.
pub const FIND: &str = "program=wt; if command -v git-wt >/dev/null 2>&1; then program=git-wt; fi";

/// Succeeds where the program is ours: its whole answer is compared, and it has half a second for it. What it may start
/// is not waited for: the pipe is read to the end of the answer, not to its own.
pub const PROOF: &str = r#"{ "$program" hook probe </dev/null & wt=$!; { { sleep 0.5 || sleep 1; } && kill -9 "$wt"; } >/dev/null & wait "$wt"; kill "$!"; echo .; } 2>/dev/null | { read -r word; [ "$word" = 'wt of git worktrees' ] && read -r word && [ "$word" = . ]; }"#;

/// Kills a `wt` that hangs: it ends itself after two seconds, so that only one that is broken meets this. Both shims
/// have the same line.
const WATCH: &str = r#"{ sleep 3 & trap 'kill $!; exit' TERM; wait "$!" && kill -0 "$$" && kill -9 "$wt"; } </dev/null >/dev/null 2>&1 &"#;

/// Passes on what a `wt` that need not be ours says, until the line that stands for its end: what it may have started does
/// not keep git's stderr open, and whoever reads that is not held up.
const PASS: &str = r#"{ held=; while IFS= read -r line && [ "$line" != .wt ]; do [ -z "$held" ] || printf '%s\n' "$held"; held=$line; done; [ -z "$held" ] || printf '%s\n' "$held"; } >&2"#;

impl GitHook {
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
        let found = r#"command -v "$program" >/dev/null 2>&1"#;
        let rest = match self {
            Self::PostCheckout => format!(
                "{FIND}; if {found}; then {{ \"$program\" hook {name} \"$@\" </dev/null 2>&1 & wt=$!; {WATCH} \
                 wait \"$wt\" 2>/dev/null; kill \"$!\" 2>/dev/null; printf '\\n.wt\\n'; }} | {PASS}; "
            ),
            // A shell gives what runs in its background no input unless it is told to.
            Self::PrePush => format!(
                "{FIND}; if {found} && {{ [ \"$program\" = git-wt ] || {PROOF}; }}; then exec 3<&0; \
                 \"$program\" hook {name} --stop-with {STOP} \"$@\" <&3 3<&- & wt=$!; {WATCH} \
                 wait \"$wt\" 2>/dev/null; status=$?; kill \"$!\" 2>/dev/null; \
                 [ \"$status\" -ne {STOP} ] || exit 1; "
            ),
        };
        rest + "fi; :"
    }

    /// Returns the commands that were ours once, oldest first.
    #[must_use]
    pub fn former_commands(self) -> Vec<String> {
        let name = self.name();
        let (before, input, statuses, end) = match self {
            Self::PostCheckout => ("", "</dev/null", &["status=$?; ", ""][..], ""),
            Self::PrePush => {
                ("exec 3<&0; ", "<&3 3<&-", &["status=$?; "][..], "[ \"$status\" -ne 1 ] || exit 1; ")
            }
        };
        let command = |status: &&str| {
            format!(
                "if command -v wt >/dev/null 2>&1; then {before}wt hook {name} \"$@\" {input} & wt=$!; {WATCH} \
                 wait \"$wt\" 2>/dev/null; {status}kill \"$!\" 2>/dev/null; {end}fi; :"
            )
        };
        let mut former: Vec<String> = statuses.iter().map(command).collect();
        if self == Self::PostCheckout {
            former.push(format!(
                "{FIND}; if command -v \"$program\" >/dev/null 2>&1; then \"$program\" hook {name} \"$@\" </dev/null & \
                 wt=$!; {WATCH} wait \"$wt\" 2>/dev/null; kill \"$!\" 2>/dev/null; fi; :"
            ));
        }
        former
    }

    /// Answers whether a command in git's configuration is one that we wrote, now or once.
    #[must_use]
    pub fn is_own_command(self, command: &str) -> bool {
        command == self.command() || self.former_commands().iter().any(|former| former == command)
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
        let name = self.name();
        let calls = [format!("wt hook {name}"), format!("$program\" hook {name}")];
        calls.iter().any(|call| memchr::memmem::find(bytes, call.as_bytes()).is_some())
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
        for hook in GitHook::ALL {
            let shim = hook.shim();
            assert_eq!(hook.authorship(shim.as_bytes()), Authorship::Current);
            assert_eq!(hook.authorship(format!("{shim}\n").as_bytes()), Authorship::Edited);
            assert_eq!(hook.authorship(b"#!/bin/sh\nwt hook post-checkout\n"), Authorship::Foreign);
            assert_eq!(hook.authorship(b""), Authorship::Foreign);
        }
        for text in FORMER_PRE_PUSH {
            assert_eq!(GitHook::PrePush.authorship(text.as_bytes()), Authorship::Former);
        }
        let other = GitHook::PrePush.authorship(GitHook::PostCheckout.shim().as_bytes());
        assert_eq!(other, Authorship::Edited);
    }

    #[test]
    fn the_shims_are_short_plain_sh_and_watch_over_wt_with_the_same_line() {
        for hook in GitHook::ALL {
            let shim = hook.shim();
            assert!(shim.starts_with("#!/bin/sh\n") && shim.lines().count() <= 24, "{shim}");
            assert!(shim.contains(&format!("\n{WATCH}\n")), "{shim}");
            assert!(shim.contains(&hook.chained_name()) && shim.contains(&format!("\n{FIND}\n")), "{shim}");
            assert!(hook.is_called_in(shim.as_bytes()));
        }
    }

    #[test]
    fn a_command_for_the_configuration_is_one_line_whose_last_word_takes_any_arguments() {
        for hook in GitHook::ALL {
            let command = hook.command();
            assert!(!command.contains('\n') && command.ends_with("; :"), "{command}");
            assert!(command.starts_with(FIND), "{command}");
            assert!(hook.is_own_command(&command) && !hook.is_own_command("wt hook"));
            assert!(hook.former_commands().iter().all(|former| hook.is_own_command(former)));
        }
    }

    #[test]
    fn what_can_stop_a_push_proves_itself_first_and_stops_it_by_its_own_status() {
        let command = GitHook::PrePush.command();
        for text in [GitHook::PrePush.shim(), command.as_str()] {
            assert!(
                text.contains(PROOF) && text.contains("--stop-with 87 ") && text.contains("-ne 87 ]"),
                "{text}"
            );
        }
        assert!(PROOF.contains(WORD) && STOP == 87);
    }

    #[test]
    fn each_hook_has_its_own_names_and_its_own_former_commands() {
        for (hook, name, friendly, former) in [
            (GitHook::PostCheckout, "post-checkout", "wt-post-checkout", 3),
            (GitHook::PrePush, "pre-push", "wt-pre-push", 1),
        ] {
            assert_eq!((hook.name(), hook.friendly_name()), (name, friendly));
            assert_eq!(hook.chained_name(), format!("{name}.wt-chained"));
            let commands = hook.former_commands();
            assert_eq!(commands.len(), former, "{name}");
            for command in &commands {
                assert!(
                    command.contains(&format!("hook {name} \"$@\"")) && command.ends_with("fi; :"),
                    "{command}"
                );
                assert_ne!(*command, hook.command());
            }
        }
        let [current, other] = GitHook::ALL.map(GitHook::command);
        assert!(!GitHook::PostCheckout.is_own_command(&other) && !GitHook::PrePush.is_own_command(&current));
    }

    #[test]
    fn a_hook_is_called_by_its_name_in_either_way() {
        for (text, is_called) in [
            ("wt hook pre-push \"$@\"", true),
            ("\"$program\" hook pre-push", true),
            ("wt hook post-checkout", false),
            ("wt hooks pre-push", false),
            ("", false),
        ] {
            assert_eq!(GitHook::PrePush.is_called_in(text.as_bytes()), is_called, "{text}");
        }
        for text in FORMER_POST_CHECKOUT {
            assert_eq!(GitHook::PostCheckout.authorship(text.as_bytes()), Authorship::Former);
            assert_ne!(GitHook::PrePush.authorship(text.as_bytes()), Authorship::Former);
        }
    }
}
