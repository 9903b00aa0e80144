//! What an agent's program is answered: its own form around one text, or nothing.

use serde_json::json;

use super::program::Program;

/// Returns the answer of a session's start; `None` as the program where nobody said which it is.
///
/// Claude Code and Codex take `additionalContext` of `SessionStart` (code.claude.com/docs/en/hooks,
/// developers.openai.com/codex/hooks), Gemini CLI too and parses whatever is on stdout (geminicli.com/docs/hooks/reference),
/// as Cursor does with its `additional_context` (cursor.com/docs/hooks); Copilot CLI has `additionalContext` at the top
/// (docs.github.com/en/copilot/reference, "cli-hooks-reference"). The plugin of `OpenCode` is ours and takes plain text.
#[must_use]
pub fn at_start(program: Option<Program>, context: &str) -> String {
    if context.is_empty() {
        return nothing(program).to_owned();
    }
    let answer = match program {
        None | Some(Program::OpenCode) => return context.to_owned(),
        Some(Program::Claude | Program::Codex | Program::Gemini) => json!({
            "hookSpecificOutput": { "hookEventName": "SessionStart", "additionalContext": context },
        }),
        Some(Program::Cursor) => json!({ "additional_context": context }),
        Some(Program::Copilot) => json!({ "additionalContext": context }),
    };
    answer.to_string()
}

/// Returns what says nothing: those who parse want an object.
#[must_use]
pub fn nothing(program: Option<Program>) -> &'static str {
    match program {
        Some(Program::Gemini | Program::Cursor) => "{}",
        None | Some(Program::Claude | Program::Codex | Program::OpenCode | Program::Copilot) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_is_answered_in_its_own_form() {
        assert_eq!(at_start(None, "a\nb"), "a\nb");
        assert_eq!(at_start(Some(Program::OpenCode), "a"), "a");
        assert_eq!(at_start(Some(Program::Cursor), "a\n\"b\""), r#"{"additional_context":"a\n\"b\""}"#);
        assert_eq!(at_start(Some(Program::Copilot), "a"), r#"{"additionalContext":"a"}"#);
        for program in [Program::Claude, Program::Codex, Program::Gemini] {
            let expected =
                r#"{"hookSpecificOutput":{"hookEventName":"SessionStart","additionalContext":"a"}}"#;
            assert_eq!(at_start(Some(program), "a"), expected);
        }
        for program in Program::ALL {
            let silence = at_start(Some(program), "");
            assert_eq!(silence == "{}", matches!(program, Program::Gemini | Program::Cursor), "{program:?}");
        }
    }
}
