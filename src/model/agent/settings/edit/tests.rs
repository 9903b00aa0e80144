//! What installing and uninstalling do to files as people have them.

use super::super::places;
use super::*;
use crate::model::agent::program::Program;

/// Files as people have them: comments, order, layout, numbers, marks and ends of every kind.
const FILES: [&str; 20] = [
    "",
    "\n",
    "{}",
    "{ }\n",
    "{\n}\n",
    "{\"a\":1}",
    "{\n  \"model\": \"x\",\n  \"n\": 1.0,\n  \"big\": 12345678901234567890123\n}\n",
    "{\n\t\"hooks\": {}\n}",
    "{\r\n    \"a\": [1, 2],\r\n    \"hooks\": { }\r\n}\r\n",
    "\u{feff}{\n  \"a\": 1\n}\n",
    "{\n  // one\n  \"a\": 1, // two\n  /* three */\n}\n",
    "{\n  \"hooks\": {\n    \"SessionStart\": []\n  }\n}\n",
    "{\n  \"hooks\": {\n    \"SessionStart\": [\n      { \"hooks\": [{ \"type\": \"command\", \"command\": \"mine\" }] } // mine, too\n    ],\n    \"Stop\": [ /* none */ ],\n  },\n}\n",
    "{\"hooks\":{\"SessionStart\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"a, b\"}]}]},\"z\":{}}",
    "{ \"hooks\": { \"PreToolUse\": [ { \"matcher\": \"Bash\", \"hooks\": [] } ] } }",
    "  {\"a\":\"git-wt agent\"}  ",
    "{\n  \"a\": 1\n}",
    "{\n      \"a\": {\n            \"b\": \"\\u00e9\\ud83d\\ude00\"\n      }\n}\n",
    "{ // empty\n}",
    "{\"version\":1,\"hooks\":{\"sessionStart\":[{\"command\":\"./mine\"}]}}\n",
];

const MERGED: [Program; 4] = [Program::Claude, Program::Codex, Program::Cursor, Program::Gemini];

#[test]
fn install_then_uninstall_gives_the_same_bytes_and_twice_changes_nothing() {
    for (program, file) in MERGED.iter().flat_map(|program| FILES.map(|file| (*program, file))) {
        for wish in [places::wish(program, false), places::wish(program, program == Program::Claude)] {
            let edited =
                installed(file, &wish).unwrap_or_else(|fault| panic!("{program:?} {file:?}: {fault:?}"));
            let edited = edited.unwrap();
            assert_eq!(installed(&edited.text, &wish), Ok(None), "{file:?}\n{}", edited.text);
            let back = uninstalled(&edited.text, &wish, &edited.pieces).unwrap().unwrap();
            assert_eq!(back, file, "{}", edited.text);
            // Every byte of the file is there still, in its order.
            let mut rest = edited.text.chars();
            assert!(
                file.chars().all(|letter| rest.any(|found| found == letter)),
                "{file:?}\n{}",
                edited.text
            );
        }
    }
}

#[test]
fn a_status_line_of_ours_as_it_was_once_written_is_replaced_and_anothers_stays() {
    let wish = places::wish(Program::Claude, true);
    let line = |command: &str| {
        format!("{{\"statusLine\": {{\"type\": \"command\", \"command\": \"{command}\"}}, \"hooks\": {{}}}}")
    };
    let text = installed(&line("git-wt prompt --format claude"), &wish).unwrap().unwrap().text;
    assert_eq!(text.matches("git-wt prompt").count(), 1, "{text}");
    assert!(text.contains("command -v git-wt >/dev/null && git-wt prompt --format claude || true"), "{text}");
    assert_eq!(installed(&text, &wish), Ok(None));
    for other in ["mine", "mine; git-wt prompt"] {
        let text = installed(&line(other), &wish).unwrap().unwrap().text;
        assert!(text.contains(&line(other)[..40]) && !text.contains("git-wt prompt --"), "{text}");
    }
}

#[test]
fn what_was_written_since_stays_and_only_ours_goes() {
    let wish = places::wish(Program::Claude, false);
    let edited = installed("{\n  \"a\": 1\n}\n", &wish).unwrap().unwrap();
    // Behind ours, and before.
    let later = edited.text.replace("\"a\": 1", "\"a\": 2,\n  \"b\": 3");
    assert_eq!(
        uninstalled(&later, &wish, &edited.pieces).unwrap().unwrap(),
        "{\n  \"a\": 2,\n  \"b\": 3\n}\n"
    );
    // The program wrote it anew: the pieces are not there any more.
    let value: Value = serde_json::from_str(&edited.text).unwrap();
    for anew in [value.to_string(), format!("{value:#}")] {
        let rest = uninstalled(&anew, &wish, &edited.pieces).unwrap().unwrap();
        let rest: Value = serde_json::from_str(&rest).unwrap();
        assert_eq!(rest, serde_json::json!({ "a": 1 }), "{anew}");
    }
    // Somebody's own hook beside ours, in one group and in one list.
    let ours = places::wish(Program::Claude, false).entries[0].1["hooks"][0].to_string();
    let mine = "{\"type\":\"command\",\"command\":\"mine\"}";
    for list in [
        format!("[{{\"hooks\":[{mine}, {ours}]}}]"),
        format!("[{{\"hooks\":[{ours}, {mine}]}}]"),
        format!("[{{\"hooks\":[{mine}]}}, {{\"hooks\":[{ours}]}}]"),
        format!("[{{\"hooks\":[{ours}]}} /* c */, {{\"hooks\":[{mine}]}}]"),
        format!("[{{\"hooks\":[{mine}]}}, // c\n {{\"hooks\":[{ours}]}},]"),
    ] {
        let file = format!("{{\"hooks\":{{\"SessionStart\":{list}}}}}");
        let rest = uninstalled(&file, &wish, &[]).unwrap().unwrap();
        assert!(!rest.contains("git-wt") && rest.contains("mine"), "{file}\n{rest}");
        assert_eq!(rest.contains("c\n"), file.contains("c\n"), "{rest}");
        assert_eq!(standing(&rest, &wish), Ok(SettingsState::Absent), "{rest}");
    }
    assert_eq!(uninstalled("{\"a\":1}", &wish, &[]), Ok(None));
}

#[test]
fn an_older_text_of_ours_is_replaced() {
    let wish = places::wish(Program::Codex, false);
    let older = "{\"x\":1,\"hooks\":{\"Stop\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"git-wt agent state idle --as codex\"}]}]}}";
    assert_eq!(standing(older, &wish), Ok(SettingsState::Outdated));
    let edited = installed(older, &wish).unwrap().unwrap();
    assert!(!edited.text.contains("idle") && edited.text.contains("\"x\":1"), "{}", edited.text);
    assert_eq!(standing(&edited.text, &wish), Ok(SettingsState::Current));
    let rest = uninstalled(&edited.text, &wish, &edited.pieces).unwrap().unwrap();
    assert_eq!(rest, "{\"x\":1}");
}

#[test]
fn what_is_not_understood_is_left_as_it_is() {
    let deep = "[".repeat(100_000);
    let wish = places::wish(Program::Cursor, false);
    for file in [
        "{",
        "[]",
        "7",
        "no JSON",
        "{'a': 1}",
        "{\"a\" 1}",
        "{\"hooks\": []}",
        "{\"hooks\": {\"stop\": {}}}",
        "{\"hooks\": {}, \"hooks\": {}}",
        "{\"hooks\": {\"stop\": [], \"stop\": []}}",
        "{\"version\": 2}",
        "{\"version\": \"1\"}",
        deep.as_str(),
    ] {
        assert!(installed(file, &wish).is_err(), "{file:.60}");
        assert!(file.contains("version") || uninstalled(file, &wish, &[]).is_err(), "{file:.60}");
    }
}
