//! A command of a service or a worktree as the words that are run: split first, then filled word by word, so that a value is always one
//! word, whatever stands in it.

use serde_json::{Map, Value};

use crate::error::{Code, Failure, Result};
use crate::model::port::Port;
use crate::model::service::ServiceName;
use crate::model::variables::{self, EnvFacts};
use crate::model::{template, words as split_words};

/// What the words of a command may use.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    pub facts: &'a EnvFacts,
    /// `None` for a command of the worktree itself.
    pub service: Option<&'a ServiceName>,
    /// The service's port, where it has one.
    pub port: Option<Port>,
    /// Its URL, where it has a port.
    pub url: Option<&'a str>,
    /// The URLs of all services that have one.
    pub urls: &'a [(ServiceName, String)],
    /// The worktree's folder.
    pub path: &'a str,
    /// The folder of the repository's main worktree.
    pub repo_path: &'a str,
}

/// Returns the words of `text`, the command of the configuration key `key`, with the values put in.
///
/// # Errors
///
/// `config_invalid`, naming `key`, for what does not split into words, for a value that is not there, and for a shell's
/// word that a value would turn into other commands.
pub fn words(key: &str, text: &str, values: &Values) -> Result<Vec<String>> {
    let refused =
        |message: String| Failure::new(Code::ConfigInvalid, format!("`{key}`: {message}")).detail("key", key);
    let words = split_words::split(text).map_err(refused)?;
    let known = values.table();
    let filled = words.iter().map(|word| template::render(key, word, &known)).collect::<Result<Vec<_>>>()?;
    if is_shell(&words) {
        // A shell reads the word again: a value with a `;` in it would be a command that nobody allowed. Whatever the
        // template does to a value, words that are the same with harmless ones carry nothing over.
        let harmless: Map<String, Value> =
            known.iter().map(|(name, value)| (name.clone(), made_harmless(value))).collect();
        for (word, filled) in words.iter().zip(&filled) {
            let is_same = template::render(key, word, &harmless).is_ok_and(|other| other == *filled);
            if !is_same {
                let unsafe_one =
                    known.values().filter_map(Value::as_str).find(|value| !value.chars().all(is_plain));
                let value = unsafe_one.unwrap_or(filled).escape_debug();
                let message = format!("`{value}` must not be put into a shell's command");
                return Err(refused(message).hint(
                    "use the variable there, \"$WT_BRANCH\" or \"$WT_NAME\", which is one word whatever is in it",
                ));
            }
        }
    }
    Ok(filled)
}

impl Values<'_> {
    fn table(&self) -> Map<String, Value> {
        let facts = self.facts;
        let mut table = Map::new();
        if let Some(service) = self.service {
            table.insert("service".to_owned(), service.as_str().into());
        }
        for (name, value) in [
            ("purpose", facts.purpose.as_str()),
            ("identifier", &facts.identifier),
            ("name", &facts.name),
            ("branch", &facts.branch),
            ("path", self.path),
            ("repo_name", &facts.repo_name),
            ("repo_path", self.repo_path),
        ] {
            table.insert(name.to_owned(), value.into());
        }
        if let Some(port) = self.port {
            table.insert("port".to_owned(), port.number().into());
        }
        if let Some(url) = self.url {
            table.insert("url".to_owned(), url.into());
        }
        let ports = facts.ports.iter().map(|(service, port)| (service, port.number().into()));
        table.insert("ports".to_owned(), variables::by_service(ports).into());
        let urls = self.urls.iter().map(|(service, url)| (service, url.as_str().into()));
        table.insert("urls".to_owned(), variables::by_service(urls).into());
        table
    }
}

/// Answers whether the words start a shell, or another program that reads one of them as a program text.
#[must_use]
pub fn is_shell(words: &[String]) -> bool {
    const SHELLS: [&str; 10] = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "busybox", "env"];
    const OTHERS: [&str; 13] = [
        "awk",
        "eval",
        "lua",
        "nix-shell",
        "node",
        "osascript",
        "parallel",
        "perl",
        "php",
        "ruby",
        "ssh",
        "su",
        "watch",
    ];
    let is_one = |word: &String| {
        let name = word.rsplit('/').next().unwrap_or(word);
        SHELLS.contains(&name) || OTHERS.contains(&name) || name.starts_with("python")
    };
    words.iter().any(is_one)
}

/// Returns the value with letters in place of all that may mean something to a shell.
fn made_harmless(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            text.chars().map(|letter| if is_plain(letter) { letter } else { 'x' }).collect::<String>().into()
        }
        other => other.clone(),
    }
}

/// Letters that mean nothing to any shell.
#[must_use]
pub fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "._/:@%+=,-".contains(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(branch: &str) -> EnvFacts {
        EnvFacts {
            repo_name: "shop".to_owned(),
            name: "feature-login".to_owned(),
            purpose: "feature".to_owned(),
            identifier: "login".to_owned(),
            branch: branch.to_owned(),
            compose_project: String::new(),
            is_foreign: false,
            ports: vec![
                ("web".parse().unwrap(), Port::new(5000).unwrap()),
                ("admin-api".parse().unwrap(), Port::new(5001).unwrap()),
            ],
        }
    }

    fn filled(text: &str, branch: &str) -> Result<Vec<String>> {
        let (facts, service) = (facts(branch), "web".parse().unwrap());
        let urls = [("admin-api".parse().unwrap(), "http://localhost:5001".to_owned())];
        let values = Values {
            facts: &facts,
            service: Some(&service),
            port: Port::new(5000),
            url: Some("http://localhost:5000"),
            urls: &urls,
            path: "/w/a b",
            repo_path: "/w/shop",
        };
        words("service.web.run", text, &values)
    }

    #[test]
    fn a_value_is_one_word_whatever_is_in_it() {
        assert_eq!(filled("serve -p {{ port }} {{ path }}", "b").unwrap(), ["serve", "-p", "5000", "/w/a b"]);
        assert_eq!(filled("serve {{ branch }}", "a; rm -rf ~").unwrap(), ["serve", "a; rm -rf ~"]);
        let text = "x {{ ports.web }} {{ ports.admin_api }} {{ url }} {{ urls.admin_api }} {{ service }} {{ repo_path }}";
        assert_eq!(
            filled(text, "b").unwrap()[1..],
            ["5000", "5001", "http://localhost:5000", "http://localhost:5001", "web", "/w/shop"]
        );
    }

    #[test]
    fn a_filter_does_not_carry_a_value_past_the_guard() {
        let evil = "x/$(touch${IFS}pwned)";
        for text in [
            r#"sh -c 'deploy {{ branch | replace("/", "-") }}'"#,
            "sh -c 'deploy {{ branch | upper }}'",
            "python3 -c 'print(\"{{ branch }}\")'",
            "ssh host 'deploy {{ branch[2:] }}'",
            "sh -c '{% set b = branch %}{{ b | lower }}'",
        ] {
            assert_eq!(filled(text, evil).unwrap_err().code(), Code::ConfigInvalid, "{text}");
            assert!(filled(text, "feature/login").is_ok(), "{text}");
        }
    }

    #[test]
    fn a_value_that_is_not_there_is_an_error_that_names_the_key() {
        for text in ["x {{ ports.db }}", "x {{ prt }}", "x {{ port.web }}"] {
            let failure = filled(text, "b").unwrap_err();
            assert_eq!(failure.code(), Code::ConfigInvalid);
            assert!(failure.message().contains("`service.web.run`"), "{failure}");
        }
    }

    #[test]
    fn a_service_without_a_port_has_no_value_for_it() {
        let (facts, service) = (facts("b"), "mail".parse().unwrap());
        let values = Values {
            facts: &facts,
            service: Some(&service),
            port: None,
            url: None,
            urls: &[],
            path: "/w",
            repo_path: "/r",
        };
        assert!(words("k", "x {{ port }}", &values).is_err());
        assert!(words("k", "x {{ url }}", &values).is_err());
        assert!(words("k", "x {{ ports.web }}", &values).is_ok());
    }

    #[test]
    fn nobodys_value_becomes_a_shells_command() {
        for text in ["sh -c 'echo {{ branch }}'", "/bin/bash -lc {{ branch }}", "env X=1 sh -c {{ branch }}"]
        {
            assert!(filled(text, "a;id").unwrap_err().message().contains("a;id"), "{text}");
            assert!(filled(text, "feature/login").is_ok());
        }
        assert!(filled("sh -c 'cd {{ path }}'", "b").is_err());
        assert!(filled("sh -c 'echo $WT_BRANCH {{ port }}'", "a;id").is_ok());
    }
}
