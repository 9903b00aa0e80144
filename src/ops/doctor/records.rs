//! Our own records: configuration, state folder, registry, trash.

#![expect(
    clippy::unnecessary_wraps,
    reason = "each is a row of the list of checks, and some have nothing to say"
)]

use super::sight::DoctorSight;
use crate::context::Context;
use crate::host::process::users;
use crate::host::{files, folder, place};
use crate::model::advised::wt;
use crate::model::backlog::{Backlog, Due};
use crate::model::diagnosis::{self, DoctorCheck};
use crate::model::passage::Passage;
use crate::model::registry::debt::Debt;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::table::Registry;
use crate::ops::trash::{doomed, is_half_deleted};
use crate::ops::{origin, sweep, vanished};

pub fn configuration(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    let Some((first, hint)) = sight.trouble.configuration.first() else {
        return Some(DoctorCheck::fine("configuration", "every value is understood"));
    };
    let more = match sight.trouble.configuration.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let hint = hint.clone().unwrap_or_else(|| "`wt config path` names the files".to_owned());
    Some(DoctorCheck::error("configuration", format!("commands refuse to start: {first}{more}"), hint))
}

pub fn state_folder(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    Some(match sight.context.host.dirs() {
        Ok(dirs) => diagnosis::state_folder(dirs.state(), &folder::facts(dirs.state()), users::ourselves()),
        Err(failure) => DoctorCheck::error(
            "state-folder",
            failure.message(),
            failure.next_step().unwrap_or("set WT_STATE_DIR to an absolute folder").to_owned(),
        ),
    })
}

pub fn registry(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    Some(readable(sight))
}

fn readable(sight: &DoctorSight<'_>) -> DoctorCheck {
    let registry = match &sight.registry {
        Ok(registry) => registry,
        Err(failure) => {
            let hint = failure.next_step().unwrap_or("wt validate --fix").to_owned();
            return DoctorCheck::error("registry", failure.message(), hint);
        }
    };
    let rows = registry.unreadable_rows().count();
    if rows > 0 {
        let noun = if rows == 1 { "row" } else { "rows" };
        return DoctorCheck::warning(
            "registry",
            format!(
                "{rows} {noun} cannot be read: what they record is left alone, and their ports are given to nobody"
            ),
            "wt validate --fix",
        );
    }
    let living = registry.entries().filter(|entry| entry.is_living()).count();
    DoctorCheck::fine(
        "registry",
        format!("{living} {} recorded", if living == 1 { "worktree" } else { "worktrees" }),
    )
}

/// Records that nobody takes away by himself: each with the command that does.
pub fn lost(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    let is_lost = |entry: &&Entry| {
        entry.state == EntryState::Active
            && place::is_gone(&entry.path)
            && (place::is_gone(&entry.repository) || vanished::stands_another(entry))
    };
    let known = sight.known();
    let lost: Vec<&Entry> = known.entries().filter(is_lost).take(MOST_LOOKED_AT).collect();
    let first = lost.first()?;
    let ports: usize = lost.iter().map(|entry| entry.ports().count()).sum();
    let what = match lost.len() {
        1 => format!("`{}` is on record, and its folder and its repository are gone", first.name),
        count => format!("{count} worktrees are on record whose folders and repositories are gone"),
    };
    let held = if ports == 0 { String::new() } else { format!("; they hold {ports} ports") };
    let prune = wt("prune {}", &[&first.path.display()]);
    let hint = match lost.len() {
        1 => prune.to_string(),
        _ => format!("{prune}, or all that are proven gone: wt validate --all --fix"),
    };
    Some(DoctorCheck::warning("lost-records", format!("{what}{held}"), hint))
}

/// Teardowns that are due and do not come to pass: each of them is tried again, and none of them stops anything.
pub fn teardowns(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    let (context, registry) = (sight.context, sight.known());
    let failed = |debt: &&Debt| debt.failed.is_some() && !registry.is_held(debt);
    let is_lost = |debt: &&Debt| {
        debt.failed.is_none() && origin::find_by_id(context, &debt.repository, &debt.repository_id).is_none()
    };
    let owed: Vec<&Debt> = registry.debts.iter().filter(|debt| failed(debt) || is_lost(debt)).collect();
    let first = owed.first()?;
    let more = if owed.len() == 1 { String::new() } else { format!(" (and {} more)", owed.len() - 1) };
    let commands = || first.teardown.commands.iter().map(|command| format!("`{}`", command.text));
    let why = match &first.failed {
        Some(failed) => format!("`{}`: {}, at {}", failed.command, failed.reason, failed.at),
        None => format!(
            "{}: its main worktree {} is gone",
            commands().collect::<Vec<_>>().join(", "),
            first.repository.display()
        ),
    };
    let forget = wt("prune --forget-teardown {}", &[&first.name]);
    let hint = match origin::find_by_id(context, &first.repository, &first.repository_id) {
        Some(repository) => {
            format!("{}, or {forget}, which gives it up", wt("prune", &[]).at(repository.root().display()))
        }
        None => format!("{forget} gives it up"),
    };
    Some(DoctorCheck::warning(
        "teardown",
        format!("the teardown of `{}` is still owed: {why}{more}", first.name),
        hint,
    ))
}

/// How many lost records are counted.
const MOST_LOOKED_AT: usize = 10_000;

pub fn trash(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    Some(backlog(sight.context, &sight.known()))
}

fn backlog(context: &Context, registry: &Registry) -> DoctorCheck {
    let Ok(witnesses) = context.witnesses() else { return Backlog::default().judge(context.now()) };
    let now = witnesses.now;
    let mut backlog = Backlog { at_work: sweep::is_at_work(context), ..Backlog::default() };
    for entry in registry.entries() {
        let EntryState::Removed { trash } = &entry.state else { continue };
        backlog.kept += 1;
        let is_begun = is_half_deleted(trash);
        let passage = trash.passage(&witnesses);
        if let Passage::ByClockAlone(doubt) = &passage {
            backlog.ahead = backlog.ahead.max(doubt.ahead);
        }
        if is_begun || passage == Passage::Over {
            let folder = if is_begun { doomed(trash) } else { trash.folder.clone() };
            let bytes = files::size_of_tree(&folder);
            let is_refused = trash.refused_at.is_some();
            backlog.due.push(Due { folder, since: trash.until.min(now), is_begun, is_refused, bytes });
        }
    }
    backlog.judge(now)
}
