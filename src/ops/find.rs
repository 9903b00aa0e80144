//! The worktree of this repository that a person means: by name, branch, path or identifier, for what only shows the way
//! also by the beginning of one; `^` is the main one, `@` the one they stand in.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use glance::Glances;

use super::rows::{self, WorktreeRow};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::{GitWorktree, Repository, is_moved_untold};
use crate::model::advised::wt;
use crate::model::registry::entry::Entry;
use crate::model::registry::table::Registry;
use crate::model::resolve::{self, NamedWorktree, Naming, Resolution};
use crate::model::sign::Sign;
use crate::ops::restorable;

mod glance;

/// A worktree that was found.
#[derive(Clone, Debug)]
pub struct FoundWorktree {
    pub name: String,
    pub path: PathBuf,
    pub is_main: bool,
    pub worktree: Option<GitWorktree>,
    pub entry: Option<Entry>,
}

impl FoundWorktree {
    /// Returns git's name of the worktree, where it is a linked one.
    #[must_use]
    pub fn admin(&self) -> Option<&str> {
        let known = self.worktree.as_ref().and_then(|worktree| worktree.admin.as_deref());
        known.or_else(|| self.entry.as_ref().map(|entry| entry.admin.as_str()))
    }

    /// Returns its record, with the folder in which it is now; `lacks` is what only a recorded worktree has.
    ///
    /// # Errors
    ///
    /// `not_found` without a record, naming the command that makes one.
    pub fn require_entry(self, lacks: &str) -> Result<Entry> {
        let Some(entry) = self.entry else {
            let message = format!("worktree `{}` is not recorded, so it has no {lacks}", self.name);
            return Err(Failure::new(Code::NotFound, message).hint(if self.is_main {
                "that is the main worktree: `wt adopt --main --ports` makes it a member, with ports of its own; or \
                 `wt create ID --ports`, then `wt switch ID`"
                    .to_owned()
            } else {
                format!("`{adopt}` records it", adopt = wt("adopt {}", &[&self.path.display()]))
            }));
        };
        Ok(Entry { path: self.path, ..entry })
    }
}

impl From<WorktreeRow> for FoundWorktree {
    fn from(row: WorktreeRow) -> Self {
        Self {
            name: row.name(),
            path: row.path().to_path_buf(),
            is_main: row.is_main(),
            worktree: row.worktree,
            entry: row.entry,
        }
    }
}

/// Finds the worktree whose whole name, identifier, branch or path is `wanted`, or that `^` or `@` stands for.
///
/// # Errors
///
/// `not_found` with the near word, or with `restorable` where it was removed and is kept; `ambiguous` with the candidates.
pub fn named(context: &Context, registry: &Registry, wanted: &str) -> Result<FoundWorktree> {
    called(context, registry, wanted, Naming::Whole)
}

/// As [`named`]; `naming` may take the beginning of a name, where only one worktree begins so.
///
/// # Errors
///
/// As [`named`].
pub fn called(context: &Context, registry: &Registry, wanted: &str, naming: Naming) -> Result<FoundWorktree> {
    Among::new(context, registry).called(wanted, naming)
}

/// As [`named`]; `None` where no worktree is called so.
///
/// # Errors
///
/// `ambiguous` with the candidates.
pub fn find_named(context: &Context, registry: &Registry, wanted: &str) -> Result<Option<FoundWorktree>> {
    Among::new(context, registry).find_named(wanted)
}

/// The words that may have been meant by a name that no worktree has.
#[derive(Default)]
struct Absent(Vec<String>);

/// The worktrees of the repository that we stand in, read once for all names that are looked for among them, and no more of
/// them than these names need.
pub struct Among<'a> {
    context: &'a Context,
    registry: &'a Registry,
    glances: OnceCell<Option<Glances>>,
    whole: OnceCell<(Vec<WorktreeRow>, Vec<NamedWorktree>)>,
}

impl<'a> Among<'a> {
    /// Nothing is read before the first name.
    #[must_use]
    pub fn new(context: &'a Context, registry: &'a Registry) -> Self {
        Self { context, registry, glances: OnceCell::new(), whole: OnceCell::new() }
    }

    /// As [`named`].
    ///
    /// # Errors
    ///
    /// As [`named`].
    pub fn named(&self, wanted: &str) -> Result<FoundWorktree> {
        self.called(wanted, Naming::Whole)
    }

    /// As [`find_named`].
    ///
    /// # Errors
    ///
    /// As [`find_named`].
    pub fn find_named(&self, wanted: &str) -> Result<Option<FoundWorktree>> {
        self.find_or_refuse(wanted, Naming::Whole).map(Result::ok)
    }

    fn find_at_a_glance(&self, wanted: &str) -> Result<Option<WorktreeRow>> {
        if !Glances::may_tell(self.context, wanted) || self.whole.get().is_some() {
            return Ok(None);
        }
        let glances = if let Some(known) = self.glances.get() {
            known
        } else {
            let read = Glances::read(self.context.require_repository()?, self.registry)?;
            self.glances.get_or_init(|| read)
        };
        glances.as_ref().map_or(Ok(None), |glances| glances.find(self.context, self.registry, wanted))
    }

    fn whole(&self) -> Result<&(Vec<WorktreeRow>, Vec<NamedWorktree>)> {
        if let Some(known) = self.whole.get() {
            return Ok(known);
        }
        let repository = self.context.require_repository()?;
        let rows = rows::rows(repository, self.registry)?;
        let candidates = rows.iter().map(|row| rows::candidate(row, self.registry, repository)).collect();
        Ok(self.whole.get_or_init(|| (rows, candidates)))
    }

    fn called(&self, wanted: &str, naming: Naming) -> Result<FoundWorktree> {
        self.find_or_refuse(wanted, naming)?
            .map_err(|absent| not_found(self.context, self.registry, wanted, &absent))
    }

    fn find_or_refuse(
        &self,
        wanted: &str,
        naming: Naming,
    ) -> Result<std::result::Result<FoundWorktree, Absent>> {
        let context = self.context;
        if let Some(found) = find_signed(context, self.registry, wanted)? {
            return Ok(Ok(found));
        }
        if let Some(row) = self.find_at_a_glance(wanted)? {
            return Ok(Ok(row.into()));
        }
        let (rows, candidates) = self.whole()?;
        let found = |index: usize| rows.get(index).cloned().map(FoundWorktree::from);
        match resolve::resolve(wanted, candidates, &context.folder, naming) {
            Resolution::One(index) => Ok(found(index).ok_or_else(Absent::default)),
            Resolution::Many(indices) => {
                let found: Vec<&WorktreeRow> = indices.iter().filter_map(|index| rows.get(*index)).collect();
                let mut names: Vec<String> = found.iter().map(|row| row.name()).collect();
                let is_one_name = names.iter().all(|name| Some(name) == names.first());
                if is_one_name {
                    names = found.iter().map(|row| row.path().display().to_string()).collect();
                }
                let message = format!("`{}` may mean {}", shown(wanted), names.join(", "));
                Err(Failure::new(Code::Ambiguous, message)
                    .hint(if is_one_name { "give its folder" } else { "give the whole name" })
                    .detail("candidates", names))
            }
            Resolution::None { near } => {
                let there = position_of_place(context, rows, wanted).and_then(found);
                Ok(there.ok_or(Absent(near)))
            }
        }
    }
}

fn not_found(context: &Context, registry: &Registry, wanted: &str, Absent(near): &Absent) -> Failure {
    let restorable = restorable::is_restorable(context, registry, wanted);
    let hint = match near.as_slice() {
        _ if restorable => {
            format!("it was removed: `{restore}` brings it back", restore = wt("restore {}", &[&wanted]))
        }
        [] => "`wt list` shows the worktrees of this repository".to_owned(),
        near => {
            let words: Vec<String> = near.iter().take(4).map(|word| format!("`{word}`")).collect();
            format!("did you mean {}? `wt list` shows all worktrees", words.join(" or "))
        }
    };
    let failure = Failure::new(Code::NotFound, format!("there is no worktree `{}` here", shown(wanted)));
    let failure = failure.hint(hint).detail("restorable", restorable);
    if near.is_empty() { failure } else { failure.detail("near", near.clone()) }
}

/// A path may reach a worktree through links.
fn position_of_place(context: &Context, rows: &[WorktreeRow], wanted: &str) -> Option<usize> {
    let place = context.folder.join(wanted).canonicalize().ok().filter(|_| !wanted.is_empty())?;
    rows.iter().position(|row| rows::canonical(row.path()) == place)
}

/// Finds the worktree that `^` or `@` stands for; `None` for any other word.
///
/// # Errors
///
/// As [`here`]; `bare_unsupported` for `^` in a bare repository.
pub fn find_signed(context: &Context, registry: &Registry, wanted: &str) -> Result<Option<FoundWorktree>> {
    match Sign::find(wanted) {
        Some(Sign::Here) => here(context).map(Some),
        Some(Sign::Main) => main(context.require_repository()?, registry).map(Some),
        Some(Sign::Last) | None => Ok(None),
    }
}

/// Finds the main worktree of `repository`.
///
/// # Errors
///
/// `bare_unsupported` for a bare one, which has none.
pub fn main(repository: &Repository, registry: &Registry) -> Result<FoundWorktree> {
    match rows::find_main_row(repository, registry)? {
        Some(row) => Ok(row.into()),
        None => Err(Failure::new(
            Code::BareUnsupported,
            format!("{} is a bare repository: it has no main worktree", repository.root().display()),
        )
        .hint("name a worktree; `wt list` shows them")),
    }
}

/// Finds the worktree that we stand in.
///
/// # Errors
///
/// `bare_unsupported` in a bare repository itself, `not_found` where git knows no worktree.
pub fn here(context: &Context) -> Result<FoundWorktree> {
    let repository = context.require_repository()?;
    let registry = context.store()?.read()?;
    match find_current_row(repository, &registry)? {
        Some(row) => Ok(row.into()),
        None if repository.is_bare() => Err(Failure::new(
            Code::BareUnsupported,
            format!(
                "{} is a bare repository: it has no worktree of its own here",
                repository.root().display()
            ),
        )
        .hint("name a worktree; `wt list` shows them")),
        None => {
            let moved = repository.current().and_then(|current| moved_untold(&current.path));
            Err(moved.unwrap_or_else(|| {
                Failure::new(Code::NotFound, format!("{} is in no worktree", context.folder.display()))
                    .hint("name a worktree; `wt list` shows them")
            }))
        }
    }
}

/// The row of the worktree whose folder we stand in, as git knows it.
fn find_current_row(repository: &Repository, registry: &Registry) -> Result<Option<WorktreeRow>> {
    let Some(current) = repository.current() else { return Ok(None) };
    let row = match &current.admin {
        Some(admin) => rows::find_row(repository, registry, admin)?,
        None => rows::find_main_row(repository, registry)?,
    };
    let place = rows::canonical(&current.path);
    Ok(row.filter(|row| rows::canonical(row.path()) == place))
}

/// Returns what to say of a folder that was a worktree until it was moved, and git was not told; `None` for others.
#[must_use]
pub fn moved_untold(folder: &Path) -> Option<Failure> {
    let message = format!(
        "{} is in no worktree: it was moved, and git's record of it says otherwise",
        folder.display()
    );
    let hint = format!("`git -C '{}' worktree repair` makes it a worktree again", folder.display());
    is_moved_untold(folder).then(|| Failure::new(Code::NotFound, message).hint(hint))
}

/// Returns `text` as a message names it: without its end where it is long, and with everything escaped that is not shown.
#[must_use]
pub fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
