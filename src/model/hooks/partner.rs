//! The tools that keep a project's hooks, by their traces, and the exact lines with which each of them calls `wt`.

use schemars::JsonSchema;
use serde::Serialize;

use super::text::GitHook;
use crate::model::quoting::quote_sh;

/// Who keeps the hooks of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partner {
    Husky,
    Lefthook,
    PreCommit,
    Unknown,
}

/// The names in a project's main folder that tell whose hooks they are.
pub const TRACES: [(&str, Partner); 11] = [
    (".husky", Partner::Husky),
    ("lefthook.yml", Partner::Lefthook),
    (".lefthook.yml", Partner::Lefthook),
    ("lefthook.yaml", Partner::Lefthook),
    (".lefthook.yaml", Partner::Lefthook),
    ("lefthook.toml", Partner::Lefthook),
    (".lefthook.toml", Partner::Lefthook),
    ("lefthook.json", Partner::Lefthook),
    (".lefthook.json", Partner::Lefthook),
    (".pre-commit-config.yaml", Partner::PreCommit),
    (".pre-commit-config.yml", Partner::PreCommit),
];

/// A hook's command in a shell of its own, so that it sets no variable of the script around it: with the time limits, and
/// the proof, of the hooks that are installed, also where the script ends at the first failure (husky's do). `arguments`
/// stands where the hook's own are.
fn in_sh(hook: GitHook, arguments: &str) -> String {
    let command = hook.command().replace("\"$@\"", arguments);
    match hook {
        GitHook::PostCheckout => format!("( set +e; {command} )"),
        GitHook::PrePush => format!("( set +e; {command} ) || exit 1"),
    }
}

/// lefthook puts the hook's arguments in place of `{0}`; a block of YAML takes the line as it is.
fn lefthook() -> String {
    let run = |hook: GitHook| {
        let (name, line) = (hook.name(), in_sh(hook, "{0}"));
        format!("{name}:\n  commands:\n    wt:\n      run: |\n        {line}")
    };
    format!("{}\n{}\n      use_stdin: true", run(GitHook::PostCheckout), run(GitHook::PrePush))
}

/// pre-commit gives variables in place of arguments and input, and splits the entry as a shell does.
fn pre_commit() -> String {
    let checkout = in_sh(
        GitHook::PostCheckout,
        r#""$PRE_COMMIT_FROM_REF" "$PRE_COMMIT_TO_REF" "$PRE_COMMIT_CHECKOUT_TYPE""#,
    );
    let push = in_sh(GitHook::PrePush, r#""$PRE_COMMIT_REMOTE_NAME" "$PRE_COMMIT_REMOTE_URL""#);
    let push = format!("{PUSHED} | {push}");
    let entry = |hook: GitHook, line: &str| {
        let (name, line) = (hook.name(), quote_sh(line));
        format!(
            "      - id: wt-{name}\n        name: wt hook {name}\n        entry: |\n          sh -c {line}\n        \
             language: system\n        stages: [{name}]\n        always_run: true\n        pass_filenames: false"
        )
    };
    let (checkout, push) = (entry(GitHook::PostCheckout, &checkout), entry(GitHook::PrePush, &push));
    format!("  - repo: local\n    hooks:\n{checkout}\n{push}")
}

/// The line that git gives a pre-push hook, of what pre-commit tells of it.
const PUSHED: &str = r#"echo "$PRE_COMMIT_LOCAL_BRANCH $(git rev-parse "$PRE_COMMIT_LOCAL_BRANCH") $PRE_COMMIT_REMOTE_BRANCH ${PRE_COMMIT_FROM_REF:-$(printf %040d 0)}""#;

impl Partner {
    /// Returns the name as people know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Husky => "husky",
            Self::Lefthook => "lefthook",
            Self::PreCommit => "pre-commit",
            Self::Unknown => "unknown",
        }
    }

    /// Tells it from the text of a hook.
    #[must_use]
    pub fn find_in(text: &[u8]) -> Option<Self> {
        let has = |word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
        if has("lefthook") {
            Some(Self::Lefthook)
        } else if has("pre-commit.com") || has("pre_commit") {
            Some(Self::PreCommit)
        } else if has("husky") {
            Some(Self::Husky)
        } else {
            None
        }
    }

    /// Returns what to add so that these hooks call `wt`: pairs of a file and the lines to put at its end.
    /// `folder` is where git looks for hooks.
    #[must_use]
    pub fn lines(self, folder: &str) -> Vec<(String, String)> {
        match self {
            Self::Husky => vec![
                (".husky/post-checkout".to_owned(), in_sh(GitHook::PostCheckout, "\"$@\"")),
                (".husky/pre-push".to_owned(), in_sh(GitHook::PrePush, "\"$@\"")),
            ],
            Self::Lefthook => vec![("lefthook.yml".to_owned(), lefthook())],
            Self::PreCommit => {
                vec![(
                    ".pre-commit-config.yaml (then `pre-commit install -t post-checkout -t pre-push`)"
                        .to_owned(),
                    pre_commit(),
                )]
            }
            Self::Unknown => vec![
                (format!("{folder}/post-checkout (sh, executable)"), in_sh(GitHook::PostCheckout, "\"$@\"")),
                (format!("{folder}/pre-push (sh, executable)"), in_sh(GitHook::PrePush, "\"$@\"")),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hooks::text::{STOP, WORD};

    #[test]
    fn every_partners_lines_call_both_hooks() {
        for partner in [Partner::Husky, Partner::Lefthook, Partner::PreCommit, Partner::Unknown] {
            let all: String = partner.lines("/h").into_iter().map(|(_, lines)| lines).collect();
            for hook in GitHook::ALL {
                assert!(hook.is_called_in(all.as_bytes()), "{partner:?} {hook:?}");
            }
            let stops = format!("--stop-with {STOP} ");
            assert!(
                all.contains(&stops) && all.contains(&format!("-ne {STOP} ]")) && all.contains(WORD),
                "{all}"
            );
        }
    }

    #[test]
    fn a_hooks_text_tells_who_wrote_it() {
        assert_eq!(Partner::find_in(b"call_lefthook run \"pre-push\""), Some(Partner::Lefthook));
        let text = b"# File generated by pre-commit: https://pre-commit.com\n";
        assert_eq!(Partner::find_in(text), Some(Partner::PreCommit));
        assert_eq!(Partner::find_in(b". \"$(dirname \"$0\")/husky.sh\""), Some(Partner::Husky));
        assert_eq!(Partner::find_in(b"#!/bin/sh\n"), None);
    }

    #[test]
    fn each_partner_has_its_name_and_its_files() {
        for (partner, name, files) in [
            (Partner::Husky, "husky", &[".husky/post-checkout", ".husky/pre-push"][..]),
            (Partner::Lefthook, "lefthook", &["lefthook.yml"]),
            (
                Partner::PreCommit,
                "pre-commit",
                &[".pre-commit-config.yaml (then `pre-commit install -t post-checkout -t pre-push`)"],
            ),
            (
                Partner::Unknown,
                "unknown",
                &["/h/post-checkout (sh, executable)", "/h/pre-push (sh, executable)"],
            ),
        ] {
            assert_eq!(partner.name(), name);
            let found: Vec<String> = partner.lines("/h").into_iter().map(|(file, _)| file).collect();
            assert_eq!(found, files);
        }
        assert_eq!(Partner::find_in(b"import pre_commit"), Some(Partner::PreCommit));
    }
}
