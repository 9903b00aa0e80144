//! Records worktrees that something else made: git, an IDE, an agent. Their files are theirs; they get a record and what is
//! asked for, also when they are recorded already.

mod guessed;
pub mod unasked;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::choose::Passing;
use super::create::WantedPorts;
use super::ports::allocate;
use super::ports::ledger::{self, RecordChange, RefusedPorts};
use super::rows::{self, WorktreeRow};
use super::{create, damaged, env_claim, find, foreign, host_ports, main_worktree, view};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::place::HostSurroundings;
use crate::model::adoption::AdoptionGround;
use crate::model::env_files;
use crate::model::env_ports::BlockSays;
use crate::model::event::Event;
use crate::model::port::wish::ServiceWish;
use crate::model::purpose::Purpose;
use crate::model::registry::entry::{Entry, EntryState};
use crate::model::registry::note::Notes;
use crate::model::registry::repository::RepositoryRecord;
use crate::model::registry::table::Registry;
use crate::model::service::ServiceName;
use crate::model::view::WorktreeView;
use crate::ops::env_files::{follow, require_untracked};

pub use guessed::guess_purpose;

/// A wish to adopt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Folders; empty for the worktree we stand in, or from the main worktree for all that are unregistered.
    pub paths: Vec<PathBuf>,
    /// `None`: guessed from the branch.
    pub purpose: Option<Purpose>,
    pub ports: WantedPorts,
    /// Whether ports that somebody else holds are passed over, where nobody is there who could settle that.
    pub gives_way: bool,
}

/// What was adopted.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Report {
    /// The first of them: mostly it is the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worktree: Option<WorktreeView>,
    pub worktrees: Vec<WorktreeView>,
    /// For each of them whether it was recorded before and nothing was asked for: it stands as it stood.
    #[serde(skip)]
    pub recorded_before: Vec<bool>,
    /// Whether the main worktree is a member no more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Adopts the worktrees, one after the other; what was adopted before a failure stays adopted.
///
/// # Errors
///
/// `not_found` for a folder that is no linked worktree of this repository, and what stops ports or the env block.
pub fn adopt(context: &Context, request: &Request) -> Result<Report> {
    let repository = context.require_repository()?;
    let registry = context.store()?.read()?;
    let mut report = Report {
        worktree: None,
        worktrees: Vec::new(),
        recorded_before: Vec::new(),
        left: false,
        warnings: Vec::new(),
    };
    for row in wanted(context, repository, &registry, request)? {
        let entry = adopt_one(context, repository, &row, request, &mut report.warnings)?;
        let asks = request.purpose.is_some() || request.ports != WantedPorts::None;
        report.recorded_before.push(row.entry.is_some() && !asks);
        report.worktrees.push(view::of_entry(context, repository, &entry)?);
    }
    report.worktree = report.worktrees.first().cloned();
    report.warnings.extend(main_worktree::follow(context));
    Ok(report)
}

/// Makes the main worktree a member.
///
/// # Errors
///
/// As [`main_worktree::join`].
pub fn adopt_main(context: &Context, purpose: Option<&Purpose>, ports: &WantedPorts) -> Result<Report> {
    let repository = context.require_repository()?;
    let purpose = purpose.map(|purpose| create::require_purpose(context, Some(purpose))).transpose()?;
    let before = recorded_main(context, repository)?;
    let (entry, warnings) = main_worktree::join(context, purpose.as_ref(), ports)?;
    let recorded_before = vec![before.is_some_and(|before| before.services() == entry.services())];
    let worktree = view::of_entry(context, repository, &entry)?;
    Ok(Report {
        worktree: Some(worktree.clone()),
        worktrees: vec![worktree],
        recorded_before,
        left: false,
        warnings,
    })
}

/// Takes the main worktree off the record.
///
/// # Errors
///
/// As [`main_worktree::leave`].
pub fn leave_main(context: &Context) -> Result<Report> {
    let repository = context.require_repository()?;
    let left = main_worktree::leave(context)?;
    let row = rows::rows(repository, &*context.store()?.read()?)?.into_iter().find(WorktreeRow::is_main);
    let worktree = row.map(|row| view::of_row(context, repository, &row));
    Ok(Report {
        worktrees: worktree.iter().cloned().collect(),
        worktree,
        recorded_before: Vec::new(),
        left: left.is_some(),
        warnings: left.map(|(_, said)| said).unwrap_or_default(),
    })
}

fn recorded_main(context: &Context, repository: &Repository) -> Result<Option<Entry>> {
    let rows = rows::rows(repository, &*context.store()?.read()?)?;
    Ok(rows.into_iter().find(WorktreeRow::is_main).and_then(|row| row.entry))
}

fn wanted(
    context: &Context,
    repository: &Repository,
    registry: &Registry,
    request: &Request,
) -> Result<Vec<WorktreeRow>> {
    let rows = rows::rows(repository, registry)?;
    let adoptable = |row: &WorktreeRow| {
        row.entry.is_none()
            && !row.is_main()
            && !row.is_missing()
            && damaged::require_own(repository, row).is_ok()
    };
    if request.paths.is_empty() {
        let here = rows::position_of(&rows, &rows::canonical(&context.folder));
        let asks = request.purpose.is_some() || request.ports != WantedPorts::None;
        // What is recorded is meant by whoever stands in it and asks for something.
        let is_meant = |row: &&WorktreeRow| adoptable(row) || (asks && row.entry.is_some() && !row.is_main());
        if let Some(row) = here.and_then(|here| rows.get(here)).filter(is_meant) {
            return Ok(vec![row.clone()]);
        }
        if let Some(moved) = repository.current().and_then(|current| find::moved_untold(&current.path)) {
            return Err(moved);
        }
        return Ok(rows.into_iter().filter(adoptable).collect());
    }
    request
        .paths
        .iter()
        .map(|path| {
            let signed = path.to_str().map(|word| find::find_signed(context, registry, word)).transpose()?;
            let path = &signed.flatten().map_or_else(|| path.clone(), |found| found.path);
            let wanted = rows::canonical(&context.absolute(path));
            let is_at = |place: &Path| rows.iter().find(|row| rows::canonical(row.path()) == place);
            // The folder counts before a name that reads the same, and git's name before the others.
            let is_called_so = |row: &&WorktreeRow| row.name().as_str() == path.as_os_str();
            let found = match (is_at(&wanted).or_else(|| rows.iter().find(is_called_so)), path.to_str()) {
                (None, Some(word)) => find::find_named(context, registry, word)?
                    .and_then(|named| is_at(&rows::canonical(&named.path))),
                (found, _) => found,
            };
            match found {
                Some(row) if row.is_main() => {
                    Err(Failure::new(Code::Usage, format!("{} is the main worktree", wanted.display())).hint(
                        "`wt adopt --main` makes it a member, with ports that no other worktree is given",
                    ))
                }
                Some(row) => Ok(row.clone()),
                None => Err(find::moved_untold(&wanted).unwrap_or_else(|| {
                    let message = format!("{} is not a worktree of this repository", wanted.display());
                    Failure::new(Code::NotFound, message).hint("`git worktree list` shows them")
                })),
            }
        })
        .collect()
}

fn adopt_one(
    context: &Context,
    repository: &Repository,
    row: &WorktreeRow,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<Entry> {
    let Some(worktree) = &row.worktree else {
        return Err(Failure::new(Code::Internal, "a worktree that git does not know cannot be adopted"));
    };
    damaged::require_own(repository, row)?;
    let told = env_claim::read(context, &worktree.path);
    let told_purpose =
        || told.purpose.clone().filter(|purpose| context.config.find_purpose(purpose).is_some());
    let purpose = match &request.purpose {
        Some(purpose) => Some(create::require_purpose(context, Some(purpose))?),
        None => told_purpose().or_else(|| {
            guess_purpose(context, AdoptionGround::of(&worktree.head, worktree.returning.as_ref()))
        }),
    };
    if let Some(entry) = &row.entry {
        return give(context, repository, entry, purpose, request, warnings);
    }
    let wishes = wishes(context, purpose.as_ref(), &request.ports)?;
    let targets = env_files::targets(&context.config, |path| repository.is_tracked(&worktree.path, path))?;
    let tracked = targets.files.iter().any(|target| target.is_tracked);
    if !wishes.is_empty() {
        require_untracked(context, &targets)?;
    }
    let identifier = guessed::identifier(row, purpose.as_ref());
    let id = repository.require_id()?;
    let record = repository.record()?;
    let now = context.now();
    let (admin, commit) = (worktree.admin.as_deref(), worktree.commit.as_deref());
    let mark = foreign::of_adopted(context, repository, admin, row.branch(), commit)?;
    if let (Some(mark), Some(admin)) = (&mark, &worktree.admin) {
        // Before the record: from then on others see it.
        repository.write_foreign_mark(admin, mark)?;
    }
    let mut notes = Notes::default();
    if let Some(mark) = &mark {
        notes.foreign.write(mark);
    }
    let draft = Entry {
        admin: worktree.admin.clone().unwrap_or_default(),
        branch: row.branch().map(ToOwned::to_owned),
        purpose,
        identifier,
        host: context.host.name(),
        place: Some(HostSurroundings::read().place_of(&worktree.path)),
        env: !wishes.is_empty(),
        notes,
        ..Entry::new(repository.root(), id, row.name(), worktree.path.clone(), "adopt", now)
    };
    let change = record_entry(context, &draft, &wishes, request.gives_way, &record)?;
    let written = ledger::follow_or_take_back(context, repository, &change, Some(&worktree.path), None)?;
    let entry = change.after;
    if !entry.env && told != BlockSays::default() && !tracked {
        let (entry, said) = env_claim::take(context, repository, &entry, &told)?;
        warnings.extend(said);
        return Ok(entry);
    }
    warnings.extend(written.into_iter().flat_map(|written| written.warnings));
    Ok(entry)
}

/// Gives a recorded worktree what was asked for and it has not: the purpose, ports, and with them an env block.
fn give(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    purpose: Option<Purpose>,
    request: &Request,
    warnings: &mut Vec<String>,
) -> Result<Entry> {
    // What was named counts; what the branch's name says is for one that has no purpose yet.
    let purpose = if request.purpose.is_some() { purpose } else { entry.purpose.clone().or(purpose) };
    let wishes = wishes(context, purpose.as_ref(), &request.ports)?;
    let given = name_purpose(context, entry, purpose.as_ref())?;
    let services: Vec<ServiceName> = wishes.into_iter().map(|wish| wish.service).collect();
    if services.is_empty() {
        if given.env {
            warnings.extend(follow(context, repository, &given)?.warnings);
        }
        return Ok(given);
    }
    match give_services(context, repository, &given, services, warnings) {
        Ok(entry) => Ok(entry),
        Err(failure) => {
            name_purpose(context, &given, entry.purpose.as_ref())?;
            Err(failure)
        }
    }
}

/// Gives a recorded worktree ports for `services`, writes its env block where it has one, and returns the record.
///
/// # Errors
///
/// What stops the ports or the env block.
pub fn give_services(
    context: &Context,
    repository: &Repository,
    entry: &Entry,
    services: Vec<ServiceName>,
    warnings: &mut Vec<String>,
) -> Result<Entry> {
    let wanted = allocate::Request {
        worktree: Some(entry.path.display().to_string()),
        services,
        port: None,
        gives_way: false,
        way_out: create::WayOut::Exclude,
    };
    warnings.extend(allocate::allocate(context, &wanted)?.warnings);
    let registry = context.store()?.read()?;
    let known = registry.entries().find(|known| known.sequence == entry.sequence);
    let given =
        known.map_or_else(|| entry.clone(), |known| Entry { path: entry.path.clone(), ..known.clone() });
    if given.env {
        // Also where all ports were there before, and only the file was not.
        warnings.extend(follow(context, repository, &given)?.warnings);
    }
    Ok(given)
}

/// Records the purpose of a recorded worktree, and returns the record.
fn name_purpose(context: &Context, entry: &Entry, purpose: Option<&Purpose>) -> Result<Entry> {
    if entry.purpose.as_ref() == purpose && entry.state == EntryState::Active {
        return Ok(entry.clone());
    }
    let now = context.now();
    let named = context.store()?.update(|registry| {
        let known = registry.find_by_sequence(entry.sequence);
        let Some(known) = known.filter(|known| known.state == EntryState::Active) else {
            let message = format!("`{}` is being changed by another `wt`", entry.name);
            return Err(Failure::new(Code::NotFound, message).hint("look with `wt list`, then try again"));
        };
        known.purpose = purpose.cloned();
        let known = known.clone();
        registry.record_event(now, Event::new("purpose_named").of(&known.repository, &known.name));
        Ok(known)
    })?;
    Ok(Entry { path: entry.path.clone(), ..named })
}

fn wishes(context: &Context, purpose: Option<&Purpose>, ports: &WantedPorts) -> Result<Vec<ServiceWish>> {
    match (purpose, ports) {
        (_, WantedPorts::None) => Ok(Vec::new()),
        (Some(purpose), ports) => create::wishes(context, purpose, ports),
        (None, _) => {
            let message = "the branch does not tell the purpose, so there is no range for ports";
            let named = context.host.typed.clone().with(&["--purpose", "feature"]);
            Err(Failure::new(Code::Usage, message).hint(format!("name it: `{named}`")))
        }
    }
}

fn record_entry(
    context: &Context,
    draft: &Entry,
    wishes: &[ServiceWish],
    gives_way: bool,
    record: &RepositoryRecord,
) -> Result<RecordChange> {
    let passing = if gives_way { Passing::Held } else { Passing::Nothing };
    let now = context.now();
    let attempt = || {
        host_ports::update(context, |registry| {
            if let Some(taken) = registry.find_living(&draft.repository_id, &draft.name) {
                let (name, at) = (&taken.name, taken.path.display());
                let message = format!("a worktree called `{name}` is recorded already, at {at}");
                return Err(Failure::new(Code::WorktreeExists, message));
            }
            let former = registry.find_former_of(draft).filter(|_| draft.purpose.is_some());
            let wishes: Vec<ServiceWish> = wishes.iter().map(|wish| wish.clone().recalling(former)).collect();
            let choices = match ledger::draw(context, registry, None, &wishes, passing, now)? {
                Ok((choices, _)) => choices,
                Err(refused) => return Ok(Err(refused)),
            };
            registry.remember_repository(record.clone());
            let entry = ledger::enter(context, registry, draft.clone(), &choices, now)?;
            registry.record_event(now, Event::new("adopted").of(&entry.repository, &entry.name));
            Ok(Ok(RecordChange::new(context, None, entry)?))
        })
    };
    match ledger::with_room(context, attempt, |outcome| {
        outcome.as_ref().is_err_and(RefusedPorts::is_wanting)
    })? {
        Ok(change) => Ok(change),
        Err(RefusedPorts { selection, seen, .. }) => {
            let purpose = draft.purpose.as_ref();
            Err(create::refused_selection(purpose, &selection, &seen, &create::WayOut::Exclude)?)
        }
    }
}
