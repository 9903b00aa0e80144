//! The tools that keep a project's hooks, by their traces, and the exact lines with which each of them calls `wt`.

use serde::Serialize;

/// Who keeps the hooks of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

const IN_SH: &str = r#"if command -v wt >/dev/null 2>&1; then wt hook post-checkout "$@" || :; fi"#;
/// The proof first, and the status that no other program ends with: another program called `wt` stops no push.
const PUSH_IN_SH: &str = r#"if [ "$(wt hook probe </dev/null 2>/dev/null)" = "wt of git worktrees" ]; then wt hook pre-push --stop-with 87 "$@" || [ $? -ne 87 ] || exit 1; fi"#;

const LEFTHOOK: &str = r#"post-checkout:
  commands:
    wt:
      run: if command -v wt >/dev/null 2>&1; then wt hook post-checkout {0} || :; fi
pre-push:
  commands:
    wt:
      run: if [ "$(wt hook probe </dev/null 2>/dev/null)" = "wt of git worktrees" ]; then wt hook pre-push --stop-with 87 {0} || [ $? -ne 87 ]; fi
      use_stdin: true
"#;

const PRE_COMMIT: &str = r#"  - repo: local
    hooks:
      - id: wt-post-checkout
        name: wt hook post-checkout
        entry: sh -c 'if command -v wt >/dev/null 2>&1; then wt hook post-checkout "$PRE_COMMIT_FROM_REF" "$PRE_COMMIT_TO_REF" "$PRE_COMMIT_CHECKOUT_TYPE" || :; fi'
        language: system
        stages: [post-checkout]
        always_run: true
        pass_filenames: false
      - id: wt-pre-push
        name: wt hook pre-push
        entry: sh -c 'if [ "$(wt hook probe </dev/null 2>/dev/null)" = "wt of git worktrees" ]; then echo "$PRE_COMMIT_LOCAL_BRANCH $(git rev-parse "$PRE_COMMIT_LOCAL_BRANCH") $PRE_COMMIT_REMOTE_BRANCH ${PRE_COMMIT_FROM_REF:-$(printf %040d 0)}" | wt hook pre-push --stop-with 87 "$PRE_COMMIT_REMOTE_NAME" "$PRE_COMMIT_REMOTE_URL" || [ $? -ne 87 ]; fi'
        language: system
        stages: [pre-push]
        always_run: true
        pass_filenames: false
"#;

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
                (".husky/post-checkout".to_owned(), IN_SH.to_owned()),
                (".husky/pre-push".to_owned(), PUSH_IN_SH.to_owned()),
            ],
            Self::Lefthook => vec![("lefthook.yml".to_owned(), LEFTHOOK.trim_end().to_owned())],
            Self::PreCommit => {
                vec![(
                    ".pre-commit-config.yaml (then `pre-commit install -t post-checkout -t pre-push`)"
                        .to_owned(),
                    PRE_COMMIT.trim_end().to_owned(),
                )]
            }
            Self::Unknown => vec![
                (format!("{folder}/post-checkout (sh, executable)"), IN_SH.to_owned()),
                (format!("{folder}/pre-push (sh, executable)"), PUSH_IN_SH.to_owned()),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hooks::text::{Hook, STOP, WORD};

    #[test]
    fn every_partners_lines_call_both_hooks() {
        for partner in [Partner::Husky, Partner::Lefthook, Partner::PreCommit, Partner::Unknown] {
            let all: String = partner.lines("/h").into_iter().map(|(_, lines)| lines).collect();
            for hook in Hook::ALL {
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
}
