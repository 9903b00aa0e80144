//! The approval of a repository's commands: asked for once, by exact text, and asked again when the text changes.

use std::path::PathBuf;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::trust_file;
use crate::model::advised::wt;
use crate::model::agreement::{Agreement, Approved};
use crate::model::config::settings::Config;
use crate::model::registry::repository::RepositoryId;
use crate::model::service::ServiceName;
use crate::model::trust::{self, Approvals, RepositoryCommand};
use crate::model::view::as_text;
use crate::model::visible;
use crate::ops::services::down::{self, Runs};

/// How a repository's commands stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustState {
    /// It wants none to be run.
    Nothing,
    Trusted,
    /// At least one of them was not approved, or changed since.
    Untrusted,
}

/// A command, and whether it was approved as it stands.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct CommandView {
    #[serde(flatten)]
    pub command: RepositoryCommand,
    pub trusted: bool,
    /// What was approved for the same key, where that was another text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formerly: Option<String>,
    /// What it lets happen, where its text does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
}

/// The commands of the repository we stand in.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub repository: PathBuf,
    pub state: TrustState,
    pub commands: Vec<CommandView>,
    /// Whose they are: the repository, or the file that `--config` named.
    #[serde(skip)]
    pub owner: PathBuf,
    /// The command that allows them.
    #[serde(skip)]
    pub allowing: String,
}

/// One repository for which something was approved.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Listed {
    #[schemars(with = "String")]
    #[serde(serialize_with = "as_text")]
    pub repository: PathBuf,
    /// The file that `--config` named; left out for the repository's own configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    pub approved_at: Timestamp,
    pub commands: Vec<Approved>,
}

/// Every repository for which something was approved, the oldest first.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct TrustList {
    pub repositories: Vec<Listed>,
}

/// What was taken back.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Revoked {
    /// Whether anything had been approved.
    pub revoked: bool,
    /// What still runs of what was approved.
    pub running: Vec<Runs>,
}

/// What was approved, ready to be asked about many commands.
#[derive(Clone, Debug)]
pub struct Trust {
    approvals: Approvals,
    own_file: Option<String>,
    named_file: Option<String>,
}

impl Trust {
    /// Reads what was approved.
    ///
    /// # Errors
    ///
    /// Fails when the file cannot be read; nothing is trusted then.
    pub fn read(context: &Context) -> Result<Self> {
        let approvals = trust_file::read(&context.host.dirs()?)?;
        Ok(Self { approvals, own_file: own_file(context), named_file: named_file(context) })
    }

    /// Answers whether the command at `key` of `config` (`service.web.run`, `service.db.health.command`) may be run for
    /// `repository`: it is the user's own, or was approved as it stands.
    #[must_use]
    pub fn allows(&self, repository: &RepositoryId, config: &Config, key: &str) -> bool {
        let is_approved = |command: &RepositoryCommand| {
            self.approvals.allow(repository, command, self.named_file.as_deref())
        };
        trust::allows(config, self.own_file.as_deref(), key, is_approved)
    }
}

impl Trust {
    /// Answers whether anything at all is approved for `repository`: else its trust was taken back, or never given.
    #[must_use]
    pub fn knows(&self, repository: &RepositoryId) -> bool {
        self.approvals.repositories.iter().any(|approval| approval.repository_id == *repository)
    }

    /// Answers whether a command of the list `list` needs an approval.
    #[must_use]
    pub fn is_asked_for(&self, config: &Config, list: &str) -> bool {
        let commands = trust::commands(config, self.own_file.as_deref());
        commands
            .iter()
            .any(|command| command.key.strip_prefix(list).is_some_and(|rest| rest.starts_with('[')))
    }

    /// Returns what of a service is asked about again whenever it is started.
    #[must_use]
    pub fn agreement(&self, repository: &RepositoryId, config: &Config, service: &ServiceName) -> Agreement {
        let section = format!("service.{service}.");
        let commands = trust::commands(config, self.own_file.as_deref()).into_iter();
        let commands = commands
            .filter(|command| command.key.starts_with(&section))
            .map(|command| command.agreed(self.named_file.as_deref()))
            .collect();
        Agreement { repository_id: Some(repository.clone()), commands }
    }
}

/// Returns the user's own configuration as origins spell it.
fn own_file(context: &Context) -> Option<String> {
    context.host.config_file().map(|path| path.display().to_string())
}

/// Returns the file that `--config` named as origins spell it.
fn named_file(context: &Context) -> Option<String> {
    context.config_file.as_ref().map(|path| path.display().to_string())
}

/// Returns the commands of the repository we stand in, and how they stand.
///
/// # Errors
///
/// `not_a_repository`; and when the file of approvals cannot be read.
pub fn status(context: &Context) -> Result<Report> {
    let repository = context.require_repository()?;
    let approvals = trust_file::read(&context.host.dirs()?)?;
    let id = repository.find_id();
    let approved = id.as_ref().and_then(|id| approvals.find(id, named_file(context).as_deref()));
    let commands = trust::commands(&context.config, own_file(context).as_deref());
    let named = commands.iter().find(|command| command.key == "team.remote");
    let remote = named.map_or_else(|| context.config.team.remote.clone(), |named| named.command.clone());
    let commands: Vec<CommandView> = commands
        .into_iter()
        .map(|command| {
            let known = approved.and_then(|approval| {
                approval.commands.iter().find(|known| known.key == command.key).map(|known| &known.command)
            });
            let trusted = known == Some(&command.command);
            let meaning = (command.key == "team.claims").then(|| format!("pushes refs to {remote}"));
            CommandView { trusted, formerly: known.filter(|_| !trusted).cloned(), command, meaning }
        })
        .collect();
    let state = match &commands[..] {
        [] => TrustState::Nothing,
        all if all.iter().all(|command| command.trusted) => TrustState::Trusted,
        _ => TrustState::Untrusted,
    };
    let allowing = allowing(context);
    let root = repository.root().to_path_buf();
    let owner = context.config_file.clone().unwrap_or_else(|| root.clone());
    Ok(Report { repository: root, state, commands, owner, allowing })
}

/// Returns the command that allows what the configuration says here: another file has an approval of its own.
#[must_use]
pub fn allowing(context: &Context) -> String {
    match &context.config_file {
        Some(file) => wt("trust --config {}", &[&file.display()]).to_string(),
        None => "wt trust".to_owned(),
    }
}

/// Approves the very commands of `shown`, which somebody has seen, for the repository we stand in.
///
/// # Errors
///
/// Fails when it cannot be recorded; nothing is approved then.
pub fn approve(context: &Context, shown: Report) -> Result<Report> {
    let repository = context.require_repository()?;
    let id = repository.require_id()?;
    let (now, root) = (context.now(), repository.root().to_path_buf());
    let commands: Vec<RepositoryCommand> = shown.commands.iter().map(|view| view.command.clone()).collect();
    change(context, |approvals| approvals.approve(id, root, named_file(context), &commands, now))?;
    let commands = shown.commands.into_iter();
    let commands = commands.map(|view| CommandView { trusted: true, formerly: None, ..view }).collect();
    Ok(Report { state: TrustState::Trusted, commands, ..shown })
}

/// Takes back what was approved for the repository we stand in.
///
/// # Errors
///
/// Fails when that cannot be recorded, or the services that run cannot be read.
pub fn revoke(context: &Context) -> Result<Revoked> {
    let revoked = match context.require_repository()?.find_id() {
        Some(id) => change(context, |approvals| approvals.revoke(&id))?,
        None => false,
    };
    Ok(Revoked { revoked, running: down::running_in_repository(context)? })
}

/// Returns everything that was approved, the oldest first.
///
/// # Errors
///
/// Fails when the file of approvals cannot be read.
pub fn list(context: &Context) -> Result<TrustList> {
    let approvals = trust_file::read(&context.host.dirs()?)?;
    let listed = approvals.repositories.into_iter().map(|approval| Listed {
        repository: approval.repository,
        file: approval.file,
        approved_at: approval.approved_at,
        commands: approval.commands,
    });
    Ok(TrustList { repositories: listed.collect() })
}

fn change<R>(context: &Context, change: impl FnOnce(&mut Approvals) -> R) -> Result<R> {
    let timeout = context.config.registry.lock_timeout;
    trust_file::update(&context.host.dirs()?, timeout, &context.host.interrupt, change)
}

/// The failure of whoever wants to run commands that were not approved.
#[must_use]
pub fn untrusted(report: &Report, what: &str) -> Failure {
    let lines: Vec<String> = report
        .commands
        .iter()
        .filter(|view| !view.trusted)
        .map(|view| {
            let mark = visible::mixture(&view.command.command).map(|mark| format!("\n    ({mark})"));
            let meaning = view.meaning.as_ref().map(|meaning| format!("\n    ({})", visible::exact(meaning)));
            format!(
                "  {} = {}{}{}",
                view.command.key,
                visible::exact(&view.command.command),
                meaning.unwrap_or_default(),
                mark.unwrap_or_default()
            )
        })
        .collect();
    let message = format!("{what} in {}:\n{}", report.owner.display(), lines.join("\n"));
    let details = serde_json::to_value(&report.commands).unwrap_or_default();
    Failure::new(Code::Untrusted, message)
        .hint(format!(
            "look at them; `{0}` allows them (`{0} --yes` where nobody can be asked)",
            report.allowing
        ))
        .detail("commands", details)
}
