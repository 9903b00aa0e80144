//! Which file of which program calls us, at which of its events, and what a person must still do. All of this is from the
//! programs' documentation: code.claude.com/docs/en/hooks, developers.openai.com/codex/hooks, cursor.com/docs/hooks,
//! opencode.ai/docs/plugins, geminicli.com/docs/hooks/reference, docs.github.com/en/copilot/reference ("cli-hooks-reference").

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::edit::SettingsWish;
use super::tree::{EntryMark, GUARD};
use crate::model::agent::answer;
use crate::model::agent::program::Program;

/// Whose settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SettingsScope {
    /// The user's own, for every repository.
    User,
    /// The repository's, in the worktree one stands in.
    Project,
}

impl SettingsScope {
    /// Returns the word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }
}

/// Where a program keeps its own files: a folder that a variable names, else one below the home folder.
#[derive(Clone, Copy, Debug)]
pub struct ProgramHome {
    pub variable: Option<&'static str>,
    /// Below the variable's folder.
    pub within: &'static str,
    /// Below the home folder.
    pub usual: &'static str,
}

/// A file that calls us.
#[derive(Clone, Copy, Debug)]
pub struct CallingFile {
    pub home: ProgramHome,
    /// Below the program's folder.
    pub file: &'static str,
    /// Below the worktree.
    pub project: &'static str,
    /// Whether the whole file is ours.
    pub is_own: bool,
}

/// The plugin for `OpenCode`, which has no hooks that are commands.
const PLUGIN: &str = include_str!("../../../../templates/opencode-plugin.js");

/// Returns where the program looks.
#[must_use]
pub fn place(program: Program) -> CallingFile {
    let home = |variable, usual| ProgramHome { variable, within: "", usual };
    let (home, file, project, is_own) = match program {
        Program::Claude => {
            (home(Some("CLAUDE_CONFIG_DIR"), ".claude"), "settings.json", ".claude/settings.json", false)
        }
        Program::Codex => (home(Some("CODEX_HOME"), ".codex"), "hooks.json", ".codex/hooks.json", false),
        Program::Cursor => (home(None, ".cursor"), "hooks.json", ".cursor/hooks.json", false),
        Program::OpenCode => (
            ProgramHome { variable: Some("XDG_CONFIG_HOME"), within: "opencode", usual: ".config/opencode" },
            "plugins/wt.js",
            ".opencode/plugins/wt.js",
            true,
        ),
        Program::Gemini => (home(None, ".gemini"), "settings.json", ".gemini/settings.json", false),
        // Its `config.json` is written anew at each start: a file of our own stands beside it.
        Program::Copilot => (home(None, ".copilot"), "hooks/wt.json", ".github/hooks/wt.json", true),
    };
    CallingFile { home, file, project, is_own }
}

/// A command that does nothing where there is no `git-wt`, and never fails: a `wt` may be another program.
fn command(program: Program, words: &str) -> String {
    let otherwise = if answer::nothing(Some(program)).is_empty() { "true" } else { "echo '{}'" };
    format!("{GUARD}git-wt agent {words} --as {} || {otherwise}", program.as_str())
}

/// The program's events, each with the kinds it is narrowed to, and what we are told then.
fn events(program: Program) -> &'static [(&'static str, &'static str, &'static str)] {
    match program {
        Program::Claude => &[
            ("SessionStart", "", "enter"),
            ("UserPromptSubmit", "", "state working"),
            ("PostToolUse", "", "state working"),
            ("Notification", "permission_prompt|elicitation_dialog", "state waiting"),
            ("Stop", "", "state done"),
            // `WorktreeRemove` is called only for worktrees that a hook made.
            ("SessionEnd", "", "leave"),
        ],
        Program::Codex => &[
            ("SessionStart", "", "enter"),
            ("UserPromptSubmit", "", "state working"),
            ("PostToolUse", "", "state working"),
            ("PermissionRequest", "", "state waiting"),
            ("Stop", "", "state done"),
        ],
        Program::Cursor => &[
            ("sessionStart", "", "enter"),
            ("beforeSubmitPrompt", "", "state working"),
            ("stop", "", "state done"),
            ("sessionEnd", "", "leave"),
        ],
        Program::OpenCode => &[],
        Program::Gemini => &[
            ("SessionStart", "", "enter"),
            ("BeforeAgent", "", "state working"),
            ("AfterTool", "", "state working"),
            ("Notification", "", "state waiting"),
            ("AfterAgent", "", "state done"),
            ("SessionEnd", "", "leave"),
        ],
        Program::Copilot => &[
            ("sessionStart", "", "enter"),
            ("userPromptSubmitted", "", "state working"),
            ("agentStop", "", "state done"),
            ("sessionEnd", "", "leave"),
        ],
    }
}

/// The element of an event's list. Timeouts are seconds, and milliseconds for Gemini CLI.
fn entry(program: Program, matcher: &str, words: &str) -> Value {
    let command = command(program, words);
    let call = match program {
        Program::Cursor => return json!({ "command": command, "timeout": 5 }),
        Program::Copilot => return json!({ "type": "command", "bash": command, "timeoutSec": 5 }),
        Program::Gemini => json!({ "name": "wt", "type": "command", "command": command, "timeout": 5000 }),
        Program::Claude | Program::Codex | Program::OpenCode => {
            json!({ "type": "command", "command": command, "timeout": 5 })
        }
    };
    match matcher {
        "" => json!({ "hooks": [call] }),
        matcher => json!({ "matcher": matcher, "hooks": [call] }),
    }
}

/// Returns what is to stand in the program's file. `status_line` has Claude Code show `wt prompt` where it shows nothing.
#[must_use]
pub fn wish(program: Program, status_line: bool) -> SettingsWish<'static> {
    let entries =
        events(program).iter().map(|(event, matcher, words)| (*event, entry(program, matcher, words)));
    let line = format!("{GUARD}git-wt prompt --format claude || true");
    let line = json!({ "type": "command", "command": line });
    SettingsWish {
        mark: EntryMark { program: program.as_str() },
        version: matches!(program, Program::Cursor | Program::Copilot).then_some(1),
        entries: entries.collect(),
        further: if status_line { vec![("statusLine", line)] } else { Vec::new() },
    }
}

/// Returns the whole of a file of our own.
#[must_use]
pub fn own(program: Program) -> String {
    if program == Program::OpenCode {
        return PLUGIN.to_owned();
    }
    let wish = wish(program, false);
    let lists: serde_json::Map<String, Value> =
        wish.entries.into_iter().map(|(event, entry)| (event.to_owned(), json!([entry]))).collect();
    format!("{:#}\n", json!({ "version": 1, "hooks": lists }))
}

/// Answers whether a file of that text is ours, of this version or another.
#[must_use]
pub fn is_own(program: Program, text: &str) -> bool {
    match program {
        Program::OpenCode => text.starts_with("// Written by `wt agent install opencode`"),
        _ => text.contains("git-wt agent enter") && text.contains(&format!("--as {}", program.as_str())),
    }
}

/// Returns what a person must still do.
#[must_use]
pub fn todo(program: Program) -> Option<&'static str> {
    match program {
        Program::Claude | Program::Cursor => None,
        Program::Codex => Some("type /hooks in Codex and trust the new hooks: it runs none before"),
        Program::OpenCode => Some("restart OpenCode: it reads plugins when it starts"),
        Program::Gemini => Some("allow the hooks when Gemini CLI asks about them"),
        Program::Copilot => Some(
            "Copilot CLI may ignore what a session is told at its start: put the text of `wt agent text` into AGENTS.md",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::edit::{SettingsState, installed, standing};
    use super::*;

    #[test]
    fn every_program_is_called_at_its_start_and_what_is_ours_is_known() {
        for program in Program::ALL {
            assert!(is_own(program, &own(program)) || !place(program).is_own, "{program:?}");
            if program == Program::OpenCode {
                continue;
            }
            let wish = wish(program, false);
            assert_eq!(standing(&own(program), &wish), Ok(SettingsState::Current), "{program:?}");
            let made = installed("", &wish).unwrap().unwrap();
            assert!(made.text.contains("git-wt agent enter --as "), "{}", made.text);
            for other in Program::ALL.into_iter().filter(|other| *other != program) {
                assert!(!EntryMark { program: other.as_str() }.is_ours(&command(program, "enter")));
            }
        }
    }

    #[test]
    fn the_word_of_a_scope_is_the_one_that_answers_have() {
        for (scope, word) in [(SettingsScope::User, "user"), (SettingsScope::Project, "project")] {
            assert_eq!(scope.as_str(), word);
            assert_eq!(serde_json::to_value(scope).unwrap(), word);
        }
    }

    #[test]
    fn only_cursors_and_copilots_files_have_a_version_and_a_status_line_is_there_where_it_is_asked_for() {
        for program in Program::ALL {
            let version = matches!(program, Program::Cursor | Program::Copilot).then_some(1);
            assert_eq!(wish(program, false).version, version, "{program:?}");
            assert_eq!(wish(program, false).further, [], "{program:?}");
            let line = json!({
                "type": "command",
                "command": "command -v git-wt >/dev/null && git-wt prompt --format claude || true",
            });
            assert_eq!(wish(program, true).further, [("statusLine", line)], "{program:?}");
        }
    }

    #[test]
    fn a_file_of_our_own_is_known_by_how_it_begins_or_by_what_it_calls() {
        let calling = |program: Program| format!("git-wt agent enter --as {}", program.as_str());
        for program in Program::ALL {
            let is_plugin = program == Program::OpenCode;
            assert_eq!(is_own(program, &calling(program)), !is_plugin, "{program:?}");
            assert!(!is_own(program, "git-wt agent enter") && !is_own(program, ""), "{program:?}");
            assert!(!is_own(program, &format!("--as {}", program.as_str())), "{program:?}");
            for other in Program::ALL.into_iter().filter(|other| *other != program) {
                assert!(!is_own(program, &own(other)), "{program:?} {other:?}");
            }
        }
        assert!(is_own(Program::OpenCode, "// Written by `wt agent install opencode` 0.1"));
        assert!(!is_own(Program::OpenCode, " // Written by `wt agent install opencode`"));
    }

    #[test]
    fn what_a_person_must_still_do_is_said_of_each_program_that_waits_for_it() {
        for (program, word) in [
            (Program::Claude, None),
            (Program::Cursor, None),
            (Program::Codex, Some("type /hooks in Codex")),
            (Program::OpenCode, Some("restart OpenCode")),
            (Program::Gemini, Some("allow the hooks")),
            (Program::Copilot, Some("`wt agent text`")),
        ] {
            let said = todo(program);
            assert_eq!(said.is_some(), word.is_some(), "{program:?}");
            assert!(word.is_none_or(|word| said.is_some_and(|said| said.contains(word))), "{said:?}");
        }
    }
}
