//! What is to be carried and from where: read before anything is made.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::host::git::Repository;
use crate::model::carry::wish::CarryLists;
use crate::model::ignore::IgnorePatterns;
use crate::ops::find;
use crate::ops::rows::canonical;

/// The file of the main worktree that names what is carried.
const LIST: &str = ".worktreeinclude";

/// How many bad lines are named.
const NAMED: usize = 10;

/// The longest list that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What a create is asked to carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CarryWish {
    /// From the main worktree.
    #[default]
    Usual,
    /// From the worktree of that name.
    From(String),
    Nothing,
}

/// What is carried from where.
#[derive(Clone, Debug)]
pub struct Plan {
    pub source: PathBuf,
    pub(super) lists: CarryLists,
    pub warnings: Vec<String>,
}

/// Plans carrying; `None` where nothing is named. That takes one look for a file.
///
/// # Errors
///
/// `not_found`, `ambiguous` for the worktree that was named.
pub fn plan(context: &Context, repository: &Repository, wish: &CarryWish) -> Result<Option<Plan>> {
    let source = match wish {
        CarryWish::Nothing => return Ok(None),
        CarryWish::Usual if repository.is_bare() => return Ok(None),
        CarryWish::Usual => repository.root().to_path_buf(),
        CarryWish::From(name) => {
            let found = find::named(context, &*context.store()?.read()?, name)?;
            if !found.path.is_dir() {
                let message = format!("the folder of `{name}` is not there: nothing can be carried from it");
                return Err(Failure::new(Code::NotFound, message).hint("`wt list` shows the worktrees"));
            }
            found.path
        }
    };
    Ok(read(context, repository, source))
}

/// Plans carrying once more, from where it was carried before; the main worktree where that is gone.
///
/// # Errors
///
/// `bare_unsupported` where there is no main worktree.
pub(super) fn again(context: &Context, repository: &Repository, recorded: Option<PathBuf>) -> Result<Plan> {
    // What stands there now may be anybody's.
    let is_worktree = |source: &PathBuf| {
        let worktrees = repository.worktrees();
        worktrees.is_ok_and(|all| {
            all.iter().any(|known| !known.missing && canonical(&known.path) == canonical(source))
        })
    };
    let recorded = recorded.filter(is_worktree);
    if recorded.is_none() && repository.is_bare() {
        let message =
            format!("{} is a bare repository: nothing says where to carry from", repository.root().display());
        return Err(Failure::new(Code::BareUnsupported, message).hint(
            "`wt create ID --carry-from NAME` carries from a worktree, and `wt carry` again from there",
        ));
    }
    let source = recorded.unwrap_or_else(|| repository.root().to_path_buf());
    let nothing = Plan { source: source.clone(), lists: CarryLists::default(), warnings: Vec::new() };
    Ok(read(context, repository, source).unwrap_or(nothing))
}

fn read(context: &Context, repository: &Repository, source: PathBuf) -> Option<Plan> {
    // A branch must not add to the list: it is the main worktree's.
    let place = if repository.is_bare() { &source } else { repository.root() };
    let mut warnings = Vec::new();
    let lists = match read_list(place) {
        Ok(text) => lists(&text, &context.config.carry.copy, &mut warnings),
        Err(why) => {
            warnings.push(format!("{}: {why}; nothing is carried", place.join(LIST).display()));
            CarryLists::default()
        }
    };
    let is_nothing = lists.is_empty() && warnings.is_empty();
    (!is_nothing).then_some(Plan { source, lists, warnings })
}

fn lists(text: &[u8], copy: &[String], warnings: &mut Vec<String>) -> CarryLists {
    let faults = IgnorePatterns::faults(text);
    for (number, why) in faults.iter().take(NAMED) {
        warnings.push(format!("{LIST}:{number}: the line matches nothing: {why}"));
    }
    if let Some(more) = faults.len().checked_sub(NAMED).filter(|more| *more > 0) {
        warnings.push(format!("{LIST}: {more} more lines match nothing"));
    }
    let lines = copy.join("\n");
    for (number, why) in IgnorePatterns::faults(lines.as_bytes()) {
        let line = lines.lines().nth(number - 1).unwrap_or_default();
        warnings.push(format!("`carry.copy`: `{}` matches nothing: {why}", line.escape_debug()));
    }
    CarryLists::new(&[text, lines.as_bytes()])
}

/// Reads the list; empty where there is none.
fn read_list(folder: &Path) -> Result<Vec<u8>, &'static str> {
    let path = folder.join(LIST);
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(_) => Err("it cannot be read"),
        Ok(found) if !found.is_file() => Err("it is not a plain file"),
        Ok(found) if found.len() > LONGEST => Err("it is larger than 1 MiB"),
        Ok(_) => files::read_plain(&path).map_err(|_| "it cannot be read"),
    }
}
