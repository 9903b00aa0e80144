//! Which of a repository's commands its user has approved, by their exact text. What the user's own configuration, the
//! environment or a flag says needs no approval: whoever writes those could run the command as well.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::agreement::{AgreedCommand, Agreement, Approved};
use super::config::settings::{Config, ConfigValue, Origin};
use super::config::standing;
use super::notify::settings::COMMAND;
use super::registry::repository::RepositoryId;
use super::teardown::TEARDOWN;

/// The schema of the file that approvals are kept in.
pub const SCHEMA: u64 = 1;

/// A command that a repository's configuration wants to have run, or a setting that is not to count unseen.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct RepositoryCommand {
    /// Where it stands: `service.web.run`, `service.db.health.command`, `worktree.setup[0]`, `worktree.path`.
    pub key: String,
    /// As written.
    pub command: String,
    #[schemars(with = "String")]
    pub origin: Origin,
}

/// Returns the commands in effect and the settings that need an approval, in the order of the configuration; `own_file` is the user's
/// own configuration as origins spell it.
#[must_use]
pub fn commands(config: &Config, own_file: Option<&str>) -> Vec<RepositoryCommand> {
    let commands = config.values.iter().flat_map(held_by);
    let settings = config.held.iter().filter(|held| held.until_trusted).map(|held| RepositoryCommand {
        key: held.value.key.clone(),
        command: standing::agreed(&held.value.key, &held.value.value),
        origin: held.value.origin.clone(),
    });
    commands.chain(settings).filter(|command| command.needs_approval(own_file)).collect()
}

/// Answers whether the command at `key` may be run: there is one, and it is the user's own or `is_approved`.
#[must_use]
pub fn allows(
    config: &Config,
    own_file: Option<&str>,
    key: &str,
    is_approved: impl FnOnce(&RepositoryCommand) -> bool,
) -> bool {
    let found = config.values.iter().flat_map(held_by).find(|command| command.key == key);
    found.is_some_and(|command| !command.needs_approval(own_file) || is_approved(&command))
}

/// The keys that hold a list of commands of the worktree itself.
const LISTS: [&str; 3] = ["worktree.setup", "worktree.background", TEARDOWN];

/// Returns the commands that a value holds.
fn held_by(value: &ConfigValue) -> Vec<RepositoryCommand> {
    let found = |key: String, text: &str| RepositoryCommand {
        key,
        command: text.to_owned(),
        origin: value.origin.clone(),
    };
    if LISTS.contains(&value.key.as_str()) {
        let texts = value.value.as_array().into_iter().flatten().filter_map(Value::as_str);
        return texts.enumerate().map(|(index, text)| found(element(&value.key, index), text)).collect();
    }
    if value.key == COMMAND {
        return value.value.as_str().map(|text| found(value.key.clone(), text)).into_iter().collect();
    }
    // Variables decide which programs run: they are agreed to as a whole.
    if value.key.starts_with("service.") && value.key.ends_with(".environment") {
        return vec![found(value.key.clone(), &value.value.to_string())];
    }
    let Some(last) = value.key.strip_prefix("service.").and_then(|rest| rest.rsplit('.').next()) else {
        return Vec::new();
    };
    let (key, text) = match last {
        "run" | "setup" | "compose" => (value.key.clone(), Some(&value.value)),
        "health" => (format!("{}.command", value.key), value.value.get("command")),
        _ => return Vec::new(),
    };
    text.and_then(Value::as_str).map(|text| found(key, text)).into_iter().collect()
}

/// Returns the key of one command of a list: `worktree.setup[0]`.
#[must_use]
pub fn element(key: &str, index: usize) -> String {
    format!("{key}[{index}]")
}

impl RepositoryCommand {
    fn needs_approval(&self, own_file: Option<&str>) -> bool {
        matches!(&self.origin, Origin::File { path, .. } if Some(path.as_str()) != own_file)
    }

    /// Returns what is to be asked about again; `named` is the file that `--config` named.
    #[must_use]
    pub fn agreed(&self, named: Option<&str>) -> AgreedCommand {
        let file = named.filter(|named| self.stands_in(named)).map(str::to_owned);
        AgreedCommand { approved: Approved { key: self.key.clone(), command: self.command.clone() }, file }
    }

    fn stands_in(&self, file: &str) -> bool {
        matches!(&self.origin, Origin::File { path, .. } if path == file)
    }
}

/// Everything that was approved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approvals {
    pub schema: u64,
    #[serde(default)]
    pub repositories: Vec<Approval>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// What was approved for one repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    pub repository_id: RepositoryId,
    /// Where it was then.
    pub repository: PathBuf,
    /// The file that `--config` named, as origins spell it; `None` for the repository's own configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    pub approved_at: Timestamp,
    pub commands: Vec<Approved>,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self { schema: SCHEMA, repositories: Vec::new(), extra: Map::new() }
    }
}

impl Approvals {
    /// Returns what was approved for a repository, in its own configuration or in the `file` that `--config` named.
    #[must_use]
    pub fn find(&self, repository: &RepositoryId, file: Option<&str>) -> Option<&Approval> {
        let is_it =
            |approval: &&Approval| approval.repository_id == *repository && approval.file.as_deref() == file;
        self.repositories.iter().find(is_it)
    }

    /// Answers whether the very text of `command` was approved, for that key of that repository and for the file it
    /// stands in; `named` is the file that `--config` named.
    #[must_use]
    pub fn allow(&self, repository: &RepositoryId, command: &RepositoryCommand, named: Option<&str>) -> bool {
        let file = named.filter(|named| command.stands_in(named));
        self.find(repository, file).is_some_and(|approval| {
            let is_it = |known: &Approved| known.key == command.key && known.command == command.command;
            approval.commands.iter().any(is_it)
        })
    }

    /// Returns the key of a command that was approved when a service was asked for and is not any more.
    #[must_use]
    pub fn find_revoked<'a>(&self, agreement: &'a Agreement) -> Option<&'a str> {
        let is_approved = |agreed: &&AgreedCommand| {
            let repository = agreement.repository_id.as_ref();
            repository
                .and_then(|id| self.find(id, agreed.file.as_deref()))
                .is_some_and(|approval| approval.commands.contains(&agreed.approved))
        };
        agreement
            .commands
            .iter()
            .find(|agreed| !is_approved(agreed))
            .map(|agreed| agreed.approved.key.as_str())
    }

    /// Approves `commands`, and nothing else, for a repository, in its own configuration or in the `file` that `--config`
    /// named.
    pub fn approve(
        &mut self,
        repository_id: RepositoryId,
        repository: PathBuf,
        file: Option<String>,
        commands: &[RepositoryCommand],
        approved_at: Timestamp,
    ) {
        let is_former =
            |approval: &Approval| approval.repository_id == repository_id && approval.file == file;
        self.repositories.retain(|approval| !is_former(approval));
        let approved = commands
            .iter()
            .map(|command| Approved { key: command.key.clone(), command: command.command.clone() });
        self.repositories.push(Approval {
            repository_id,
            repository,
            file,
            approved_at,
            commands: approved.collect(),
            extra: Map::new(),
        });
    }

    /// Takes back what was approved for a repository, whatever file it stood in; answers whether there was anything.
    pub fn revoke(&mut self, repository: &RepositoryId) -> bool {
        let before = self.repositories.len();
        self.repositories.retain(|approval| approval.repository_id != *repository);
        self.repositories.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::layers::{Layer, Source};
    use crate::model::config::merge::merge;

    fn id(text: &str) -> RepositoryId {
        RepositoryId(text.to_owned())
    }

    fn config(own: &str, repository: &str) -> Config {
        let layer =
            |path: &str, text: &str, source| Layer { path: path.to_owned(), text: text.to_owned(), source };
        let own = layer("/me/config.toml", own, Source::User);
        merge(&[own, layer("/r/.wt.toml", repository, Source::others())], &[]).unwrap()
    }

    fn keys(commands: &[RepositoryCommand]) -> Vec<&str> {
        commands.iter().map(|command| command.key.as_str()).collect()
    }

    #[test]
    fn only_commands_of_the_repository_need_an_approval() {
        let own = "[service.web]\nrun = \"mine\"\n";
        let repository = "[service.api]\nrun = \"theirs\"\nhealth = { command = \"true\" }\nurl = \"http://localhost\"\n\
                          [service.db]\nhealth = { postgres = {} }\n";
        let config = config(own, repository);
        assert_eq!(
            keys(&commands(&config, Some("/me/config.toml"))),
            ["service.api.run", "service.api.health.command"]
        );
        let nobody = |_: &RepositoryCommand| false;
        assert!(allows(&config, Some("/me/config.toml"), "service.web.run", nobody));
        assert!(!allows(&config, Some("/me/config.toml"), "service.api.run", nobody));
        assert!(!allows(&config, None, "service.none.run", |_| true), "what is not there is not allowed");
        assert_eq!(commands(&config, None).len(), 3, "without a file of one's own nothing is one's own");
    }

    #[test]
    fn each_command_of_a_list_is_asked_about_by_its_place_and_its_text() {
        let config = config("", "[worktree]\nsetup = [\"npm ci\", \"make\"]\n");
        let found = commands(&config, None);
        assert_eq!(keys(&found), ["worktree.setup[0]", "worktree.setup[1]"]);
        let mut approvals = Approvals::default();
        approvals.approve(id("a"), PathBuf::from("/r"), None, &found[..1], Timestamp::UNIX_EPOCH);
        let is_allowed = |index| {
            let is_approved = |command: &RepositoryCommand| approvals.allow(&id("a"), command, None);
            allows(&config, None, &element("worktree.setup", index), is_approved)
        };
        assert!(is_allowed(0) && !is_allowed(1) && !is_allowed(2));
    }

    #[test]
    fn a_repository_that_replaces_a_users_own_command_needs_an_approval() {
        let config = config("[service.web]\nrun = \"mine\"\n", "[service.web]\nrun = \"theirs\"\n");
        let found = commands(&config, Some("/me/config.toml"));
        assert_eq!((keys(&found), found[0].command.as_str()), (vec!["service.web.run"], "theirs"));
    }

    #[test]
    fn an_approval_is_for_the_exact_text_of_one_key_of_one_repository() {
        let found = commands(&config("", "[service.web]\nrun = \"npm run dev\"\n"), None);
        let mut approvals = Approvals::default();
        approvals.approve(id("a"), PathBuf::from("/r"), None, &found, Timestamp::UNIX_EPOCH);
        assert!(approvals.allow(&id("a"), &found[0], None));
        assert!(!approvals.allow(&id("b"), &found[0], None), "another repository");
        let changed = RepositoryCommand { command: "npm run dev ".to_owned(), ..found[0].clone() };
        assert!(!approvals.allow(&id("a"), &changed, None), "a changed text");
        let moved = RepositoryCommand { key: "service.api.run".to_owned(), ..found[0].clone() };
        assert!(!approvals.allow(&id("a"), &moved, None), "another key");
    }

    #[test]
    fn approving_anew_forgets_what_was_approved_before() {
        let of = |run: &str| commands(&config("", &format!("[service.web]\nrun = \"{run}\"\n")), None);
        let mut approvals = Approvals::default();
        approvals.approve(id("a"), PathBuf::new(), None, &of("one"), Timestamp::UNIX_EPOCH);
        approvals.approve(id("a"), PathBuf::new(), None, &of("two"), Timestamp::UNIX_EPOCH);
        assert!(
            !approvals.allow(&id("a"), &of("one")[0], None) && approvals.allow(&id("a"), &of("two")[0], None)
        );
        assert!(approvals.revoke(&id("a")) && !approvals.revoke(&id("a")));
        assert!(approvals.find(&id("a"), None).is_none());
    }

    #[test]
    fn a_command_that_is_not_approved_any_more_is_found() {
        let found = commands(&config("", "[service.web]\nrun = \"a\"\n[service.api]\nrun = \"b\"\n"), None);
        let named = Some("/r/.wt.toml");
        let agreed = |named| Agreement {
            repository_id: Some(id("a")),
            commands: found.iter().map(|command| command.agreed(named)).collect(),
        };
        let mut approvals = Approvals::default();
        let at = Timestamp::UNIX_EPOCH;
        assert_eq!(approvals.find_revoked(&agreed(None)), Some(found[0].key.as_str()));
        approvals.approve(id("a"), PathBuf::new(), None, &found[..1], at);
        assert_eq!(approvals.find_revoked(&agreed(None)), Some(found[1].key.as_str()));
        approvals.approve(id("a"), PathBuf::new(), None, &found, at);
        assert_eq!(approvals.find_revoked(&agreed(None)), None);
        assert_eq!(approvals.find_revoked(&agreed(Some("/else.toml"))), None, "it stands in no such file");
        assert_eq!(approvals.find_revoked(&agreed(named)), Some(found[0].key.as_str()));
        approvals.approve(id("a"), PathBuf::new(), named.map(str::to_owned), &found, at);
        assert_eq!(approvals.find_revoked(&agreed(named)), None);
        let nobody = Agreement { repository_id: None, ..agreed(None) };
        assert_eq!(approvals.find_revoked(&nobody), Some(found[0].key.as_str()));
        assert_eq!(approvals.find_revoked(&Agreement::default()), None);
    }

    #[test]
    fn a_file_that_was_named_has_approvals_of_its_own() {
        let found = commands(&config("", "[service.web]\nrun = \"a\"\n"), None);
        let (named, other) = (Some("/r/.wt.toml"), Some("/other.toml"));
        let mut approvals = Approvals::default();
        approvals.approve(id("a"), PathBuf::new(), None, &found, Timestamp::UNIX_EPOCH);
        let allow = |approvals: &Approvals, file| approvals.allow(&id("a"), &found[0], file);
        assert_eq!([None, named, other].map(|file| allow(&approvals, file)), [true, false, true]);
        approvals.approve(id("a"), PathBuf::new(), named.map(str::to_owned), &found, Timestamp::UNIX_EPOCH);
        assert_eq!([None, named, other].map(|file| allow(&approvals, file)), [true; 3]);
        assert_eq!(approvals.repositories.len(), 2);
        approvals.approve(id("b"), PathBuf::new(), None, &[], Timestamp::UNIX_EPOCH);
        assert!(approvals.revoke(&id("a")));
        assert_eq!(approvals.repositories.len(), 1);
    }
}
