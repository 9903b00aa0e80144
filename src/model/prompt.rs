//! One line about a worktree for a shell's prompt or an agent's status line. Names in it are others' words: whatever a shell
//! could obey is replaced.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::agent::marker::AgentView;
use super::health::state::Health;
use super::port::Port;
use super::visible::is_visible;

/// How old what was seen may be and still count as it is.
const FRESH: SignedDuration = SignedDuration::from_mins(1);

/// The longest name, in letters.
const LONGEST: usize = 60;

/// Who shows the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PromptFormat {
    #[default]
    Plain,
    /// The status line of Claude Code.
    Claude,
    Starship,
    /// `%` begins an escape there (`zshmisc(1)`, "EXPANSION OF PROMPT SEQUENCES").
    Zsh,
}

/// How many files differed when somebody looked last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptChanges {
    pub files: usize,
    pub at: Timestamp,
}

/// What is known of the worktree.
#[derive(Clone, Debug, Default)]
pub struct PromptFacts {
    pub name: String,
    /// Each service with its port and its last health.
    pub ports: Vec<(String, Port, Option<Health>)>,
    pub seen: Option<PromptChanges>,
    pub agent: Option<AgentView>,
}

/// Returns the line.
#[must_use]
pub fn line(facts: &PromptFacts, format: PromptFormat, now: Timestamp) -> String {
    let mut words = vec![harmless(&facts.name)];
    words.extend(facts.ports.iter().map(|(service, port, health)| {
        let mark = match health {
            Some(Health::Healthy) => "●",
            Some(Health::Unhealthy) => "✗",
            Some(Health::NotRunning) => "○",
            Some(Health::Unknown) | None => "",
        };
        format!("{}:{port}{mark}", harmless(service))
    }));
    words.extend(facts.seen.filter(|seen| seen.files > 0).map(|seen| {
        let doubt = if now.duration_since(seen.at) > FRESH { "?" } else { "" };
        format!("{} changed{doubt}", seen.files)
    }));
    // Whoever sees the status line of an agent knows that it works there.
    let agent = facts.agent.as_ref().filter(|_| format != PromptFormat::Claude);
    words.extend(agent.map(|agent| format!("{} {}", harmless(&agent.program), agent.state.as_str())));
    let line = words.join(" ");
    if format == PromptFormat::Zsh { line.replace('%', "%%") } else { line }
}

/// A prompt that is made by a double expansion would run what stands in a name.
fn harmless(text: &str) -> String {
    let shown = text.chars().take(LONGEST).map(|letter| match letter {
        '$' | '`' | '\\' | '!' | '"' | '\'' => '_',
        letter if is_visible(letter) => letter,
        _ => '_',
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::agent::marker::Doing;

    #[test]
    fn the_line_has_the_name_the_ports_and_what_changed() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let port = |number| Port::new(number).unwrap();
        let facts = PromptFacts {
            name: "feature-login".to_owned(),
            ports: vec![
                ("web".to_owned(), port(5000), Some(Health::Healthy)),
                ("api".to_owned(), port(5001), Some(Health::NotRunning)),
                ("db".to_owned(), port(5432), None),
            ],
            seen: Some(PromptChanges { files: 3, at: at(100) }),
            agent: Some(AgentView { program: "claude".to_owned(), state: Doing::Waiting, since: at(0) }),
        };
        let line = |format, now| line(&facts, format, at(now));
        assert_eq!(
            line(PromptFormat::Plain, 160),
            "feature-login web:5000● api:5001○ db:5432 3 changed claude waiting"
        );
        assert_eq!(line(PromptFormat::Claude, 161), "feature-login web:5000● api:5001○ db:5432 3 changed?");
    }

    #[test]
    fn no_shell_obeys_a_name() {
        let name = "a%F{red}$(x)`y`\\u\u{202e}\u{1b}[31m!\n";
        let facts = PromptFacts { name: name.to_owned(), ..PromptFacts::default() };
        let shown = |format| line(&facts, format, Timestamp::UNIX_EPOCH);
        assert_eq!(shown(PromptFormat::Plain), "a%F{red}_(x)_y__u__[31m__");
        assert_eq!(shown(PromptFormat::Zsh), "a%%F{red}_(x)_y__u__[31m__");
    }
}
