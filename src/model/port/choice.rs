//! What a command of the configuration may answer about a conflict: one line, one action.

use serde::Deserialize;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    Move,
    Leave,
    Restart,
    Terminate,
}

#[derive(Deserialize)]
struct Answer {
    action: Choice,
}

/// Reads `{"action":"move"}`, the one line of an answer.
///
/// # Errors
///
/// Says what is wrong with it.
pub fn read(answer: &str) -> Result<Choice, String> {
    let mut lines = answer.lines().filter(|line| !line.trim().is_empty());
    let Some(line) = lines.next() else { return Err("it answered nothing".to_owned()) };
    if lines.next().is_some() {
        return Err("it answered more than one line".to_owned());
    }
    let told = |error| format!("it answered what is no action ({error})");
    serde_json::from_str(line).map(|Answer { action }| action).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_with_one_of_four_actions_is_an_answer_and_nothing_else() {
        for (line, choice) in [
            (r#"{"action":"move"}"#, Choice::Move),
            ("{\"action\":\"leave\",\"why\":\"later\"}\n", Choice::Leave),
            ("\n{ \"action\": \"restart\" }\n\n", Choice::Restart),
            (r#"{"action":"terminate"}"#, Choice::Terminate),
        ] {
            assert_eq!(read(line), Ok(choice), "{line}");
        }
        for line in ["", "\n", "move", "\"move\"", "{}", r#"{"action":"kill"}"#, r#"{"action":["move"]}"#] {
            assert!(read(line).is_err(), "{line}");
        }
        assert!(read("{\"action\":\"move\"}\n{\"action\":\"move\"}").unwrap_err().contains("one line"));
    }
}
