//! From the configuration to a worktree's own commands: trusted as a list, their words filled in, with the variables that
//! they see.

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::command::{self, Values};
use crate::model::trust::element;
use crate::model::variables::{self, EnvFacts};
use crate::ops::env;
use crate::ops::trust::Trust;

/// One command of a worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WorktreeCommand {
    /// Where it stands: `worktree.setup[0]`.
    pub key: String,
    /// As written.
    pub text: String,
}

/// Returns the commands of one list.
pub(super) fn commands(list: &str, texts: &[String]) -> Vec<WorktreeCommand> {
    let keyed =
        |(index, text): (usize, &String)| WorktreeCommand { key: element(list, index), text: text.clone() };
    texts.iter().enumerate().map(keyed).collect()
}

/// Returns those that are not trusted: if there is any, none of the list may be run.
pub(super) fn untrusted(
    context: &Context,
    entry: &Entry,
    commands: &[WorktreeCommand],
) -> Result<Vec<String>> {
    if commands.is_empty() {
        return Ok(Vec::new());
    }
    let trust = Trust::read(context)?;
    let is_refused =
        |command: &&WorktreeCommand| !trust.allows(&entry.repository_id, &context.config, &command.key);
    Ok(commands.iter().filter(is_refused).map(|command| command.key.clone()).collect())
}

/// What a worktree's commands see.
#[derive(Debug)]
pub(super) struct CommandSurroundings {
    facts: EnvFacts,
    urls: Vec<(ServiceName, String)>,
    path: String,
    main: String,
    /// The env block's variables, and where the worktree and the main one are.
    pub variables: Vec<(String, String)>,
}

impl CommandSurroundings {
    /// Looks.
    ///
    /// # Errors
    ///
    /// `config_invalid` for an env block that cannot be had.
    pub(super) fn of(context: &Context, repository: &Repository, entry: &Entry) -> Result<Self> {
        let path = entry.path.to_string_lossy().into_owned();
        let main = repository.root().to_string_lossy().into_owned();
        let mut variables = env::variables_of(context, repository, entry)?;
        variables.push(("WT_PATH".to_owned(), path.clone()));
        variables.push(("WT_MAIN".to_owned(), main.clone()));
        let facts = env::facts_of(context, repository, entry);
        let urls = variables::urls(&context.config, &facts)?;
        Ok(Self { facts, urls, path, main, variables })
    }

    /// Returns the words of a command.
    ///
    /// # Errors
    ///
    /// `config_invalid` for a value that is not there.
    pub(super) fn words(&self, command: &WorktreeCommand) -> Result<Vec<String>> {
        let values = Values {
            facts: &self.facts,
            service: None,
            port: None,
            url: None,
            urls: &self.urls,
            path: &self.path,
            repo_path: &self.main,
        };
        command::words(&command.key, &command.text, &values)
    }
}
