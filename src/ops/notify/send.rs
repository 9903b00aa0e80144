//! Sends notices by one way: the POST, or the command.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::host::files;
use crate::host::machine::Host;
use crate::host::net::check::ask::{self, ServiceQuestion};
use crate::host::net::check::calls::OwnCalls;
use crate::host::net::check::command::CommandToRun;
use crate::host::notify::post;
use crate::model::health::check::{CheckKind, CheckOutcome};
use crate::model::notify::body;
use crate::model::notify::ledger::Via;
use crate::model::notify::notice::Notice;
use crate::model::notify::settings::{COMMAND, NotifySettings};
use crate::model::notify::webhook::{Webhook, WebhookAddress};
use crate::model::port::Port;
use crate::model::services::command::{is_plain, is_shell};
use crate::model::{template, words};

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    /// Who it went to, as it may be shown: scheme and host, or the command's program.
    pub to: String,
    /// What a webhook answered.
    pub status: Option<u16>,
    /// Why it was not taken.
    pub refused: Option<String>,
}

/// Sends these as one.
pub(super) fn send(
    host: &Host,
    settings: &NotifySettings,
    via: Via,
    notices: &[Notice],
    root: Option<&Path>,
) -> Sending {
    match via {
        Via::Webhook => by_webhook(host, settings, notices),
        Via::Command => by_command(host, settings, notices, root),
    }
}

fn by_webhook(host: &Host, settings: &NotifySettings, notices: &[Notice]) -> Sending {
    let address = match settings.webhook.as_ref().map(|webhook| address(host, webhook)) {
        Some(Ok(address)) => address,
        Some(Err(why)) => return Sending { to: "webhook".to_owned(), status: None, refused: Some(why) },
        None => return gone("webhook"),
    };
    let to = address.shown();
    let body = body::body(notices, settings.format).to_string();
    match post::post(&address, body.as_bytes(), PATIENCE, &host.interrupt) {
        Ok(status @ 200..300) => Sending { to, status: Some(status), refused: None },
        Ok(status @ 300..400) => Sending {
            to,
            status: Some(status),
            refused: Some(format!("answered {status}; no redirect is followed")),
        },
        Ok(status) => Sending { to, status: Some(status), refused: Some(format!("answered {status}")) },
        Err(why) => Sending { to, status: None, refused: Some(why) },
    }
}

fn gone(to: &str) -> Sending {
    Sending { to: to.to_owned(), status: None, refused: Some("is configured no more".to_owned()) }
}

fn address(host: &Host, webhook: &Webhook) -> Result<WebhookAddress, String> {
    let file = match webhook {
        Webhook::Address(address) => return Ok(address.clone()),
        Webhook::File(file) => host.expand_home(file).map_err(|failure| failure.message().to_owned())?,
    };
    let shown = file.display();
    let text = files::read_plain_text(&file).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let line = text.lines().next().unwrap_or_default().trim();
    WebhookAddress::parse(line).map_err(|why| format!("the first line of {shown} {why}"))
}

fn by_command(host: &Host, settings: &NotifySettings, notices: &[Notice], root: Option<&Path>) -> Sending {
    let Some(command) = &settings.command else { return gone("command") };
    let words = words::split(command).unwrap_or_default();
    let to = words.first().cloned().unwrap_or_default();
    let exact = values(notices);
    // A shell reads a word again: there a sentence has no letter that it would obey. What is handed to its script is no script.
    let safe = harmless(&exact);
    let read_again = |at: usize| is_shell(&words) && !(is_script_first(&words) && at > 2);
    let rendered: Result<Vec<OsString>, String> = words
        .iter()
        .enumerate()
        .map(|(at, word)| template::render(COMMAND, word, if read_again(at) { &safe } else { &exact }))
        .map(|word| word.map(OsString::from).map_err(|failure| failure.message().to_owned()))
        .collect();
    let words = match rendered {
        Ok(words) => words,
        Err(why) => return Sending { to, status: None, refused: Some(why) },
    };
    let state = host.dirs().ok().map(|dirs| dirs.state().to_path_buf());
    let folder =
        root.filter(|root| root.is_dir()).map(Path::to_path_buf).or(state).unwrap_or_else(|| "/".into());
    let Some(port) = Port::new(1) else { return gone("command") };
    let question = ServiceQuestion {
        addresses: Vec::new(),
        port,
        check: CheckKind::Command(command.clone()),
        timeout: PATIENCE,
        command: Some(CommandToRun { words, folder, variables: variables(&exact), open_files: None }),
        calls: OwnCalls::default(),
    };
    let refused = match ask::ask(&question, &host.interrupt) {
        CheckOutcome::Responds { .. } => None,
        CheckOutcome::Fails(why) => Some(why),
        CheckOutcome::NotAccepting | CheckOutcome::NotAsked { .. } => Some("was not run".to_owned()),
    };
    Sending { to, status: None, refused }
}

/// Answers whether the words are `sh -c SCRIPT …`: what follows the script is handed to it.
fn is_script_first(words: &[String]) -> bool {
    const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash"];
    let program = words.first().map(|word| word.rsplit('/').next().unwrap_or(word));
    program.is_some_and(|program| SHELLS.contains(&program)) && words.get(1).is_some_and(|word| word == "-c")
}

/// The same words with `_` in place of all letters that mean something to a shell, even between quotes.
fn harmless(values: &Value) -> Value {
    let made = |letter: char| match letter {
        ' ' | '\n' => ' ',
        _ if letter.is_alphanumeric() || is_plain(letter) => letter,
        _ => '_',
    };
    let texts = values.as_object().into_iter().flatten();
    let harmless = texts.map(|(name, value)| {
        let text: String = value.as_str().unwrap_or_default().chars().map(made).collect();
        (name.clone(), Value::from(text))
    });
    Value::Object(harmless.collect())
}

/// The words as variables: in a shell `"$NOTICE_TITLE"` is one word whatever is in it.
fn variables(values: &Value) -> Vec<(String, String)> {
    let texts = values.as_object().into_iter().flatten();
    texts
        .map(|(name, value)| {
            let name = if name == "notice" { "kind".to_owned() } else { name.clone() };
            let text = value.as_str().unwrap_or_default();
            (format!("NOTICE_{}", name.to_ascii_uppercase()), text.replace('\0', ""))
        })
        .collect()
}

fn values(notices: &[Notice]) -> Value {
    let (title, text) = body::words(notices);
    let one = match notices {
        [one] => Some(one),
        _ => None,
    };
    json!({
        "title": title,
        "text": text,
        "notice": one.map_or("several", |one| one.kind.as_str()),
        "repository": one.and_then(Notice::repository_name).unwrap_or_default(),
        "worktree": one.and_then(|one| one.event.worktree.clone()).unwrap_or_default(),
        "service": one.and_then(|one| one.event.service.clone()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::Event;
    use crate::model::notify::notice::NoticeKind;

    #[test]
    fn a_shell_obeys_no_name_of_a_worktree() {
        let event = Event::new("failed").of("/srv/shop", "a';$(id)`id`\n|&<>\"\\ é").with("service", "web");
        let notice = Notice::new(NoticeKind::Failed, "service:web", &event, jiff::Timestamp::UNIX_EPOCH);
        let exact = values(&[notice]);
        let safe = harmless(&exact);
        assert_eq!(safe["worktree"], "a____id__id_ ______ é");
        assert_eq!(safe["repository"], "shop");
        let title = variables(&exact).into_iter().find(|(name, _)| name == "NOTICE_TITLE").unwrap().1;
        assert_eq!(title, exact["title"].as_str().unwrap());
        assert!(variables(&exact).iter().any(|(name, value)| name == "NOTICE_KIND" && value == "failed"));
    }
}
