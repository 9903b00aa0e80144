//! Our own records: configuration, state folder, registry, trash.

use jiff::{SignedDuration, Timestamp};

use super::examine::Trouble;
use crate::context::Context;
use crate::error::Result;
use crate::host::folder;
use crate::host::process::users;
use crate::model::diagnosis::{self, Check};
use crate::model::registry::entry::EntryState;
use crate::model::registry::record::Record;
use crate::model::registry::table::Registry;

/// How long after its time a removed worktree may still lie there before somebody should know.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

pub fn configuration(trouble: &Trouble) -> Check {
    let Some((first, hint)) = trouble.configuration.first() else {
        return Check::fine("configuration", "every value is understood");
    };
    let more = match trouble.configuration.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let hint = hint.clone().unwrap_or_else(|| "`wt config path` names the files".to_owned());
    Check::error("configuration", format!("commands refuse to start: {first}{more}"), hint)
}

pub fn state_folder(context: &Context) -> Check {
    match context.host.dirs() {
        Ok(dirs) => diagnosis::state_folder(dirs.state(), &folder::facts(dirs.state()), users::ourselves()),
        Err(failure) => Check::error(
            "state-folder",
            failure.message(),
            failure.next_step().unwrap_or("set WT_STATE_DIR to an absolute folder").to_owned(),
        ),
    }
}

pub fn registry(registry: &Result<Registry>) -> Check {
    let registry = match registry {
        Ok(registry) => registry,
        Err(failure) => {
            let hint = failure.next_step().unwrap_or("wt validate --fix").to_owned();
            return Check::error("registry", failure.message(), hint);
        }
    };
    let rows = registry.worktrees.iter().filter(|record| matches!(record, Record::Unreadable(_))).count()
        + registry.repositories.unreadable().len()
        + registry.exclusions.unreadable().len()
        + registry.former.unreadable().len()
        + registry.counters.unreadable().len();
    if rows > 0 {
        let noun = if rows == 1 { "row" } else { "rows" };
        return Check::warning(
            "registry",
            format!(
                "{rows} {noun} cannot be read: what they record is left alone, and their ports are given to nobody"
            ),
            "wt validate --fix",
        );
    }
    let living = registry.entries().filter(|entry| entry.is_living()).count();
    Check::fine(
        "registry",
        format!("{living} {} recorded", if living == 1 { "worktree" } else { "worktrees" }),
    )
}

pub fn trash(context: &Context, registry: &Registry) -> Check {
    let late = context.now().checked_sub(PATIENCE).unwrap_or(Timestamp::MIN);
    let removed = registry.entries().filter_map(|entry| match &entry.state {
        EntryState::Removed { trash } => Some(trash),
        _ => None,
    });
    let (kept, overdue) = removed.fold((0_usize, 0_usize), |(kept, overdue), trash| {
        (kept + 1, overdue + usize::from(trash.until < late))
    });
    if overdue == 0 {
        return Check::fine("trash", format!("{kept} removed, restorable with `wt restore`"));
    }
    Check::warning(
        "trash",
        format!(
            "{overdue} removed worktrees lie there beyond their time and take up room; their disk may be unmounted"
        ),
        "wt sweep",
    )
}
