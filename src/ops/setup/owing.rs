//! Notes what a worktree owes once its setup begins: the commands that take back what that makes outside of it, filled with the
//! values of this moment, whatever the configuration says later.

use serde_json::Map;

use super::plan::{self, CommandSurroundings};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::advised::wt;
use crate::model::registry::entry::Entry;
use crate::model::teardown::{TEARDOWN, Teardown, TeardownCommand};
use crate::ops::teardown;
use crate::ops::trust::{self, Trust};

/// Notes it, and returns what there is to say where it cannot be noted. What an earlier setup noted stays then.
///
/// # Errors
///
/// `interrupted`; `not_found` when the worktree is on its way out; or the registry cannot be written.
pub(super) fn note(context: &Context, repository: &Repository, entry: &Entry) -> Result<Option<String>> {
    // The main worktree is never removed: nothing of it is ever due.
    if entry.is_main() {
        return Ok(None);
    }
    teardown::await_idle(context, entry)?;
    let settings = &context.config.worktree.teardown;
    let commands = plan::commands(TEARDOWN, &settings.commands);
    if commands.is_empty() {
        return Ok(None);
    }
    if !plan::untrusted(context, entry, &commands)?.is_empty() {
        let again = wt("setup {}", &[&entry.name]);
        let allowing = trust::allowing(context);
        return Ok(Some(format!(
            "its teardown will not be run, since its commands are not trusted: `{allowing}` shows and allows them, then \
             `{again}` notes it"
        )));
    }
    let filled = CommandSurroundings::of(context, repository, entry).and_then(|sight| {
        let words = |command: &plan::WorktreeCommand| {
            Ok(TeardownCommand { text: command.text.clone(), words: sight.words(command)? })
        };
        Ok((commands.iter().map(words).collect::<Result<Vec<_>>>()?, sight.variables))
    });
    let (commands, mut variables) = match filled {
        Ok(filled) => filled,
        Err(failure) => return Ok(Some(format!("its teardown will not be run: {}", failure.message()))),
    };
    for name in ["PATH", "HOME"] {
        let value = context.host.environment.find(name).and_then(|value| value.to_str());
        variables.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }
    let owed = Teardown {
        commands,
        variables,
        at: settings.at,
        timeout: u64::try_from(settings.timeout.as_millis()).unwrap_or(u64::MAX),
        keep: i64::try_from(context.config.trash.keep.as_secs()).unwrap_or(i64::MAX),
        needs_trust: Trust::read(context)?.is_asked_for(&context.config, TEARDOWN),
        extra: Map::new(),
    };
    context.store()?.update(|registry| {
        let known = registry.find_by_sequence(entry.sequence).filter(|known| known.may_run());
        let Some(known) = known else {
            return Err(Failure::new(Code::NotFound, format!("`{}` was removed meanwhile", entry.name)));
        };
        // What was owed until now, after a rename or a change of the commands, is not forgotten for it.
        let before = known.clone();
        let is_other = before.notes.teardown.read().is_some_and(|known| known.commands != owed.commands);
        known.notes.teardown.write(&owed);
        if is_other {
            registry.owe(&before);
        }
        Ok(())
    })?;
    Ok(None)
}
