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

#[test]
fn a_file_has_all_that_is_wanted_once_and_unchanged_or_is_outdated() {
    let wish = places::wish(Program::Codex, false);
    let all: Vec<(&str, Value)> = wish.entries.clone();
    let text = |entries: &[(&str, Value)]| {
        let mut lists = Map::new();
        for (event, entry) in entries {
            let list = lists.entry(*event).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().unwrap().push(entry.clone());
        }
        serde_json::json!({ "hooks": lists }).to_string()
    };
    let of = |entries: &[(&str, Value)]| standing(&text(entries), &wish);
    assert_eq!(of(&all), Ok(SettingsState::Current));
    assert_eq!(of(&[]), Ok(SettingsState::Absent));
    assert_eq!(of(&all[1..]), Ok(SettingsState::Outdated), "one is missing");
    let twice: Vec<_> = all.iter().cloned().chain(all[..1].to_vec()).collect();
    assert_eq!(of(&twice), Ok(SettingsState::Outdated), "one is there twice");
    let mut changed = all.clone();
    changed[0].1["hooks"][0]["timeout"] = 9.into();
    assert_eq!(of(&changed), Ok(SettingsState::Outdated), "one is as it once was");
    let beside: Vec<_> = all.iter().cloned().chain(changed[..1].to_vec()).collect();
    assert_eq!(of(&beside), Ok(SettingsState::Outdated), "all, and one as it once was");
    let mut elsewhere = all.clone();
    elsewhere[0].0 = "Elsewhere";
    assert_eq!(of(&elsewhere), Ok(SettingsState::Outdated), "one is at another event");
    let others: Vec<_> =
        all.iter().cloned().chain([("Stop", serde_json::json!({ "command": "mine" }))]).collect();
    assert_eq!(of(&others), Ok(SettingsState::Current), "others do not matter");
}

#[test]
fn a_status_line_that_is_wanted_has_to_be_there_whosever_it_is() {
    let (without, with) = (places::wish(Program::Claude, false), places::wish(Program::Claude, true));
    let hooks = installed("{}", &without).unwrap().unwrap().text;
    assert_eq!(standing(&hooks, &without), Ok(SettingsState::Current));
    assert_eq!(standing(&hooks, &with), Ok(SettingsState::Outdated));
    let own = hooks.replacen('{', "{\"statusLine\": {\"command\": \"mine\"},", 1);
    assert_eq!(standing(&own, &with), Ok(SettingsState::Current));
    assert_eq!(standing("", &with), Ok(SettingsState::Absent));
}

#[test]
fn a_version_is_the_known_one_or_none() {
    let wish = places::wish(Program::Cursor, false);
    assert_eq!(standing("{\"version\": 1}", &wish), Ok(SettingsState::Absent));
    let said = "its `version` is not 1, which is the one that is known";
    for text in ["{\"version\": 2}", "{\"version\": \"1\"}", "{\"version\": 1.0}"] {
        assert_eq!(standing(text, &wish), Err(SettingsFault(said.to_owned())), "{text}");
    }
    let other = places::wish(Program::Gemini, false);
    assert_eq!(standing("{\"version\": 2}", &other), Ok(SettingsState::Absent), "it knows of no version");
    let made = installed("{\n  \"version\": 1\n}\n", &wish).unwrap().unwrap().text;
    assert_eq!(made.matches("\"version\"").count(), 1, "{made}");
}

#[test]
fn where_only_ours_is_left_nothing_is_and_other_letters_stay() {
    let wish = places::wish(Program::Codex, false);
    let ours = wish.entries[0].1["hooks"][0].to_string();
    for (file, rest) in [
        (format!("{{\n  \"hooks\": {{\"Stop\": [ {ours} ]}},\n}}\n"), "{}\n"),
        (format!("{{ \"hooks\": {{ \"Stop\": [{ours}] }} }}"), "{}"),
        (format!("{{ // why\n \"hooks\": {{ \"Stop\": [{ours}] }} }}"), "{ // why\n  }"),
        (format!("{{ \"hooks\": {{ \"Stop\": [{ours}] }}, // why\n }}"), "{  // why\n }"),
        (format!("{{\"a\": 1, \"hooks\": {{\"Stop\": [{ours}]}}}}"), "{\"a\": 1}"),
        (format!("{{\"hooks\": {{\"Stop\": [{ours}]}}, \"a\": 1}}"), "{\"a\": 1}"),
        (format!("{{\"hooks\": {{\"Stop\": [{ours}], \"B\": []}}}}"), "{\"hooks\": {\"B\": []}}"),
        (format!("{{\"hooks\": {{\"B\": [], \"Stop\": [{ours}]}}}}"), "{\"hooks\": {\"B\": []}}"),
        (format!("{{\"a\": 1 /* x */, \"hooks\": {{\"Stop\": [{ours}]}}}}"), "{\"a\": 1 /* x */ }"),
        (format!("{{\"a\": 1, /* x */ \"hooks\": {{\"Stop\": [{ours}]}}}}"), "{\"a\": 1 /* x */ }"),
        (format!("\u{feff}{{\"hooks\": {{\"Stop\": [{ours}]}}, \"a\": 1}}"), "\u{feff}{\"a\": 1}"),
    ] {
        assert_eq!(uninstalled(&file, &wish, &[]), Ok(Some(rest.to_owned())), "{file}");
    }
}
