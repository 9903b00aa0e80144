//! Ends the renames that dead processes left, and says so.

use super::settle;
use crate::context::Context;
use crate::error::Result;
use crate::host::lock::FileHold;
use crate::model::registry::entry::Entry;
use crate::model::renaming::Renaming;
use crate::ops::origin;

/// Heals all renames whose process is gone, as `is_gone` answers for a process and the name of its lock file.
///
/// # Errors
///
/// Fails when the registry cannot be read. What cannot be healed now is said and left for the next command.
pub fn heal(
    context: &Context,
    is_gone: &dyn Fn(&Entry, &Renaming) -> bool,
    said: &mut Vec<String>,
) -> Result<()> {
    let registry = context.store()?.read()?;
    let begun = registry.entries().filter(|entry| entry.is_being_renamed());
    let left: Vec<(Entry, Renaming)> = begun
        .filter_map(|entry| Some((entry.clone(), entry.notes.renaming.read()?)))
        .filter(|(entry, renaming)| is_gone(entry, renaming))
        .collect();
    drop(registry);
    for (entry, renaming) in left {
        let Some(repository) = origin::find_repository(context, &entry) else { continue };
        let lock = context.host.dirs()?.creating_folder()?.join(&renaming.token);
        // A git of the dead process may still be at work: the lock file it inherited tells.
        let Some(hold) = FileHold::try_take(&lock)? else { continue };
        let registry = context.store()?.read()?;
        let known = registry.entries().find(|known| known.sequence == entry.sequence);
        let Some(known) = known.filter(|known| known.notes.renaming == entry.notes.renaming).cloned() else {
            continue;
        };
        drop(registry);
        let (from, to) = (&renaming.from.name, &renaming.to.name);
        let ended = if known.is_renamed(&renaming) {
            settle::finish(context, &repository, known.sequence, &renaming).map(|further| {
                (format!("`{from}` was being renamed when its command died: it is `{to}` now"), further)
            })
        } else {
            settle::take_back(context, &repository, known.sequence, &renaming, &hold).map(|further| {
                (format!("`{from}` was being renamed to `{to}` when its command died: taken back"), further)
            })
        };
        hold.release();
        match ended {
            Ok((words, further)) => {
                said.push(words);
                said.extend(further);
            }
            Err(failure) => said.push(format!("`{from}` was left half-renamed: {failure}")),
        }
    }
    Ok(())
}
