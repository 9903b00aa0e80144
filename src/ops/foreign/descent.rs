//! A commit that comes from a stranger's: whatever branch it is given, the code stays theirs, until it is in what the
//! repository's own people have, or that very commit was allowed.

use crate::context::Context;
use crate::error::Result;
use crate::host::git::Repository;
use crate::model::descent::{self, RefOwner};
use crate::model::foreign::{Followed, ForeignMark};
use crate::ops::branches;
use crate::ops::foreign::standing::{self, MarkedCode};

/// Returns the mark of a worktree that begins at `commit`; `None` where that is nobody's whom one does not know.
///
/// # Errors
///
/// Fails when the registry, the refs or git's configuration cannot be read.
pub fn of_commit(context: &Context, repository: &Repository, commit: &str) -> Result<Option<ForeignMark>> {
    let registry = context.store()?.read()?;
    let sources = Sources {
        marked: standing::marked(repository, &registry),
        kept: repository.kept_pulls()?,
        followed: repository.followed_branches()?,
        specs: repository.upstreams()?.all_specs(),
    };
    if !sources.may_be_strangers() {
        return Ok(None);
    }
    let (own, theirs) = sources.sorted(context, repository)?;
    if theirs.is_empty() || own.iter().any(|known| known == commit) {
        return Ok(None);
    }
    // What cannot be compared is in doubt.
    if !repository.is_built_on(commit, &own, &theirs).unwrap_or(true) {
        return Ok(None);
    }
    let is_allowed = sources.marked.iter().any(|known| known.mark.allowed.as_deref() == Some(commit));
    let allowed = is_allowed.then(|| commit.to_owned());
    Ok(Some(ForeignMark { foreign: true, allowed, ..ForeignMark::default() }))
}

/// What tells where strangers' commits are.
struct Sources {
    marked: Vec<MarkedCode>,
    kept: Vec<(String, String)>,
    followed: Vec<(String, Followed)>,
    specs: Vec<(String, String)>,
}

impl Sources {
    fn may_be_strangers(&self) -> bool {
        !self.kept.is_empty()
            || self.marked.iter().any(|known| known.mark.foreign)
            || self.followed.iter().any(|(_, followed)| followed.is_pull())
            || self.specs.iter().any(|(_, spec)| descent::brings_pulls(spec))
    }

    /// Returns the commits up to which everything is our own people's, and those of strangers.
    fn sorted(&self, context: &Context, repository: &Repository) -> Result<(Vec<String>, Vec<String>)> {
        let (mut own, mut theirs) = (Vec::new(), Vec::new());
        let remotes = repository.own_remotes(branches::configured(context, repository))?;
        for (name, commit) in repository.fetched_refs()? {
            match descent::owner(&name, &self.specs, &remotes) {
                RefOwner::Own => own.push(commit),
                RefOwner::Stranger => theirs.push(commit),
                RefOwner::Unknown => {}
            }
        }
        // Where nobody knows the default branch it proves nothing.
        if let Ok((_, trunks)) = branches::require_trunks(context, repository) {
            own.extend(trunks.into_iter().map(|trunk| trunk.commit));
        }
        for (name, followed) in &self.followed {
            let list = match followed {
                followed if followed.is_pull() => &mut theirs,
                // One that is pushed to our own people.
                followed if followed.is_branch_of(&remotes) => &mut own,
                _ => continue,
            };
            list.extend(repository.find_branch(name)?);
        }
        let is_proven = |name: &String| {
            let is_its = |known: &&MarkedCode| known.mark.kept_ref.as_ref() == Some(name);
            let mut of_ref = self.marked.iter().filter(is_its).peekable();
            of_ref.peek().is_some() && of_ref.all(|known| !known.mark.foreign)
        };
        for (name, commit) in &self.kept {
            if is_proven(name) { &mut own } else { &mut theirs }.push(commit.clone());
        }
        let foreign = self.marked.iter().filter(|known| known.mark.foreign);
        theirs.extend(foreign.filter_map(|known| known.commit.clone()));
        Ok((own, theirs))
    }
}
