//! Releases the records of vanished worktrees: all of them in one transaction, so that the time grows with their number and
//! not with its square, and in passing no more than a bounded number.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Lookout, follow, may_have_vanished, seemingly_vanished};
use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::host::services::record_file::SupervisorSeat;
use crate::model::advised::{git, wt};
use crate::model::event::Event;
use crate::model::port::Port;
use crate::model::presence::Presence;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::ops::claims;
use crate::ops::env;
use crate::ops::ports::ledger;
use crate::ops::services::forget::{self as services, Remnants};

/// How many records one command releases in passing; the next ones go on.
const MOST_IN_PASSING: usize = 10_000;

/// How many releases are told one by one; of more only the number is.
const MOST_TOLD: usize = 20;

/// How many folders beside a vanished one are looked at.
const MOST_BESIDE: usize = 1000;

/// How many supervisors' seats are held at a time: each is an open file.
const MOST_SEATS: usize = 64;

/// What became of a record that was to be released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    Done,
    /// It changed, or its folder came back.
    Changed,
    /// Processes of it still run, perhaps on its ports.
    Kept(String),
}

/// Releases the records of this repository's vanished worktrees, and returns what there is to say about it. Never fails:
/// what cannot be released now is left for the next command.
pub fn release(context: &Context) -> Vec<String> {
    let Some(repository) = &context.repository else { return Vec::new() };
    release_of(context, repository).unwrap_or_default()
}

fn release_of(context: &Context, repository: &Repository) -> Result<Vec<String>> {
    let id = repository.find_id();
    let registry = context.store()?.read()?;
    let mut said = release_former(context, repository, &registry)?;
    let Some(id) = id else { return Ok(said) };
    let gone = seemingly_vanished(&registry, &id);
    if gone.is_empty() {
        return Ok(said);
    }
    let lookout = Lookout::new(context, Some(repository))?;
    let (mut vanished, mut left) = (Vec::new(), 0);
    for entry in gone {
        if vanished.len() == MOST_IN_PASSING {
            left += 1;
            continue;
        }
        context.host.interrupt.check()?;
        match lookout.presence(entry) {
            Presence::Vanished => vanished.push(entry.clone()),
            Presence::Moved(to) => follow(context, repository, entry, &to)?,
            Presence::There | Presence::Carried(_) | Presence::Kept(_) => {}
        }
    }
    // Whoever is to change the registry need not copy it for us.
    drop(registry);
    release_all(context, Some(repository), &vanished.iter().collect::<Vec<_>>(), &mut said)?;
    if left > 0 {
        said.push(format!(
            "{left} more records name folders that are gone: the next commands release them, \
             `wt validate --fix` all of them at once"
        ));
    }
    Ok(said)
}

/// Releases the records of a repository that stood here before this one, and of which nothing is left.
fn release_former(context: &Context, repository: &Repository, registry: &Registry) -> Result<Vec<String>> {
    let (id, root) = (repository.find_id(), repository.root());
    let was_here = |entry: &&Entry| {
        Some(&entry.repository_id) != id.as_ref() && entry.repository == root && may_have_vanished(entry)
    };
    let found: Vec<&Entry> = registry.entries().filter(was_here).take(MOST_IN_PASSING).collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let lookout = Lookout::new(context, None)?;
    let mut said = Vec::new();
    let vanished: Vec<&Entry> =
        found.into_iter().filter(|entry| lookout.presence(entry) == Presence::Vanished).collect();
    release_all(context, None, &vanished, &mut said)?;
    Ok(said)
}

/// Releases the records of vanished worktrees of one repository, except those that changed or came back meanwhile, or of
/// which something still runs; says what there is to say, and returns for each what became of it. `repository` is `None`
/// where that is gone too.
///
/// # Errors
///
/// Fails when the registry cannot be written.
pub fn release_all(
    context: &Context,
    repository: Option<&Repository>,
    entries: &[&Entry],
    said: &mut Vec<String>,
) -> Result<Vec<Release>> {
    let releases = drop_records(context, entries, "vanished")?;
    let done: Vec<&Entry> = of(entries, &releases, |release| *release == Release::Done).collect();
    if let (Some(repository), Some(first)) = (repository, done.first()) {
        env::forget_exclude(context, repository, &first.repository_id)?;
    }
    let mut beside = Beside { repository, found: HashMap::new() };
    let told = if done.len() > MOST_TOLD { &[] } else { &done[..] };
    for entry in told {
        let freed = freed(&entry.ports().map(Port::number).collect::<Vec<_>>());
        said.push(format!(
            "`{}` was released: its folder {} is gone{freed}",
            entry.name,
            entry.path.display(),
        ));
        said.extend(beside.find(entry).map(|(folder, root)| {
            format!(
                "it looks moved to {}: `{repair}` makes it a worktree again, \
                 `{adopt}` records it",
                folder.display(),
                repair = git("worktree repair {}", &[&folder.display()]).at(root.display()),
                adopt = wt("adopt {}", &[&folder.display()])
            )
        }));
    }
    if told.len() < done.len() {
        let ports = done.iter().map(|entry| entry.ports().count()).sum::<usize>();
        said.push(format!(
            "{} worktrees were released: their folders are gone; {ports} ports are free again",
            done.len()
        ));
    }
    for (entry, release) in entries.iter().zip(&releases) {
        let Release::Kept(why) = release else { continue };
        said.push(format!(
            "`{}` and its ports are kept for now: its folder {} is gone, but {why}",
            entry.name,
            entry.path.display()
        ));
        said.extend(beside.find(entry).map(|(folder, root)| {
            format!(
                "it looks moved to {}: `{repair}` makes it that worktree again",
                folder.display(),
                repair = git("worktree repair {}", &[&folder.display()]).at(root.display())
            )
        }));
    }
    Ok(releases)
}

fn of<'a>(
    entries: &'a [&'a Entry],
    releases: &'a [Release],
    is_it: impl Fn(&Release) -> bool + 'a,
) -> impl Iterator<Item = &'a Entry> {
    entries.iter().zip(releases).filter(move |(_, release)| is_it(release)).map(|(entry, _)| *entry)
}

fn freed(ports: &[u16]) -> String {
    let listed: Vec<String> = ports.iter().map(ToString::to_string).collect();
    match listed.len() {
        0 => String::new(),
        1 => format!("; port {} is free again", listed[0]),
        _ => format!("; ports {} are free again", listed.join(", ")),
    }
}

/// Folders beside vanished ones whose `.git` names a record of the repository: they were renamed without `git worktree
/// move`. Each folder above is read once.
struct Beside<'a> {
    repository: Option<&'a Repository>,
    found: HashMap<PathBuf, HashMap<String, PathBuf>>,
}

impl<'a> Beside<'a> {
    /// Returns where the worktree looks moved to, and the repository's folder.
    fn find(&mut self, entry: &Entry) -> Option<(PathBuf, &'a Path)> {
        let repository = self.repository?;
        let parent = entry.path.parent()?;
        let known = self.found.entry(parent.to_path_buf()).or_insert_with(|| {
            let beside = parent.read_dir().into_iter().flatten().flatten().take(MOST_BESIDE);
            let folders = beside.map(|found| found.path());
            folders.filter_map(|folder| Some((repository.find_admin_named_by(&folder)?, folder))).collect()
        });
        known.get(&entry.admin).map(|folder| (folder.clone(), repository.root()))
    }
}

/// Takes records out of the registry while they are as they were seen, their folders are still gone and nothing of them
/// runs; their ports are remembered for a worktree of the same branch.
fn drop_records(context: &Context, entries: &[&Entry], why: &str) -> Result<Vec<Release>> {
    let mut releases = vec![Release::Changed; entries.len()];
    let registry = context.store()?.read()?;
    let known: HashMap<u64, &Entry> = registry.entries().map(|known| (known.sequence, known)).collect();
    let stands = |entry: &Entry| {
        let known = known.get(&entry.sequence).filter(|known| known.path == entry.path);
        known.is_some_and(|known| may_have_vanished(known))
    };
    let standing: Vec<bool> = entries.iter().map(|entry| stands(entry)).collect();
    drop(registry);
    let begun = context.host.clock.instant();
    let mut batch: Vec<(usize, Option<SupervisorSeat>)> = Vec::new();
    let mut seats = 0;
    for (at, entry) in entries.iter().enumerate() {
        if !standing[at] {
            continue;
        }
        context.host.interrupt.check()?;
        // Before its ports are anybody's: whoever listens on them must have gone. All supervisors leave at the same time.
        let patience = services::SEEING.saturating_sub(context.host.clock.since(begun));
        match services::wind_up(context, entry, patience)? {
            Remnants::None(seat) => {
                seats += usize::from(seat.is_some());
                batch.push((at, seat));
            }
            Remnants::Some(why) => releases[at] = Release::Kept(why),
        }
        if seats == MOST_SEATS {
            drop_batch(context, entries, std::mem::take(&mut batch), why, &mut releases)?;
            seats = 0;
        }
    }
    drop_batch(context, entries, batch, why, &mut releases)?;
    Ok(releases)
}

/// One transaction for all that was settled.
fn drop_batch(
    context: &Context,
    entries: &[&Entry],
    batch: Vec<(usize, Option<SupervisorSeat>)>,
    why: &str,
    releases: &mut [Release],
) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let now = context.now();
    let wanted: HashMap<u64, usize> = batch.iter().map(|(at, _)| (entries[*at].sequence, *at)).collect();
    let dropped: Vec<usize> = context.store()?.update(|registry| {
        let find = |known: &Entry| {
            let at = *wanted.get(&known.sequence)?;
            (known.path == entries[at].path && may_have_vanished(known)).then_some(at)
        };
        let taken = ledger::drop_vanished(registry, |known| find(known).is_some());
        for entry in &taken {
            let ports: Vec<u16> = entry.ports().map(Port::number).collect();
            let event = Event::new("released").of(&entry.repository, &entry.name);
            registry.record_event(now, event.with("why", why).with("ports", ports));
        }
        Ok(taken.iter().filter_map(|entry| wanted.get(&entry.sequence).copied()).collect())
    })?;
    for at in dropped {
        releases[at] = Release::Done;
        claims::give_back(context, [entries[at]]);
    }
    for (at, seat) in batch {
        if releases[at] == Release::Done {
            services::forget_settled(context, entries[at], seat);
        }
    }
    Ok(())
}
