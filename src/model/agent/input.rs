//! What an agent's hook tells on stdin. Nothing of it is believed but a folder and a session's id, and neither ever reaches
//! a shell.

use std::path::PathBuf;

use serde_json::{Map, Value};

/// The longest id of a session that is kept, in bytes.
const LONGEST_SESSION: usize = 200;

/// What was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Where the session works, as written.
    pub folder: Option<PathBuf>,
    pub session: Option<String>,
}

impl Input {
    /// Reads what was told; `None` for what is no JSON object.
    ///
    /// `cwd` and `session_id` are what Claude Code, Codex and Gemini CLI send (code.claude.com/docs/en/hooks,
    /// developers.openai.com/codex/hooks, geminicli.com/docs/hooks/reference), `workspace_roots` and `conversation_id`
    /// Cursor (cursor.com/docs/hooks), `cwd` and `sessionId` Copilot CLI (docs.github.com/en/copilot/reference,
    /// "cli-hooks-reference"); `workspace.current_dir` stands in what Claude Code tells its status line.
    #[must_use]
    pub fn find(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let told: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
        let text = |value: Option<&Value>| {
            let text = value.and_then(Value::as_str).filter(|text| !text.is_empty());
            text.filter(|text| !text.contains('\0')).map(str::to_owned)
        };
        let folder = text(told.get("cwd"))
            .or_else(|| text(told.get("workspace").and_then(|workspace| workspace.get("current_dir"))))
            .or_else(|| text(told.get("workspace_roots").and_then(|roots| roots.get(0))));
        let ids = ["session_id", "sessionId", "conversation_id"];
        let session = ids.iter().find_map(|id| text(told.get(*id)));
        Some(Self {
            folder: folder.map(PathBuf::from),
            session: session.filter(|id| id.len() <= LONGEST_SESSION && !id.chars().any(char::is_control)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_a_session_are_read_as_each_program_writes_them() {
        let long = format!("{{\"session_id\":\"{}\"}}", "x".repeat(201));
        let cases = [
            (r#"{"session_id":"s","cwd":"/w","hook_event_name":"SessionStart"}"#, Some("/w"), Some("s")),
            (r#"{"sessionId":"s","cwd":"/w","timestamp":1}"#, Some("/w"), Some("s")),
            (r#"{"conversation_id":"c","workspace_roots":["/w","/x"]}"#, Some("/w"), Some("c")),
            (r#"{"workspace":{"current_dir":"/w"}}"#, Some("/w"), None),
            (r#"{"cwd":"","session_id":7}"#, None, None),
            (r#"{"cwd":"/a\u0000b","session_id":"a\u001bb"}"#, None, None),
            (long.as_str(), None, None),
            ("\u{feff}{\"cwd\":\"/w\"}", Some("/w"), None),
        ];
        for (text, folder, session) in cases {
            let found = Input::find(text.as_bytes()).unwrap();
            assert_eq!(found.folder, folder.map(PathBuf::from), "{text}");
            assert_eq!(found.session.as_deref(), session, "{text}");
        }
        for text in ["", "no JSON", "[]", "7", "{\"cwd\":", "{\"cwd\":\"/w\"} more"] {
            assert_eq!(Input::find(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Input::find(&vec![b'['; 100_000]), None);
    }
}
