//! A commit that comes from a stranger's: whatever branch it is given, the code stays theirs, until it is in what the
//! repository's own people have, or that very commit was allowed.

use crate::context::Context;
use crate::error::{Code, Result};
use crate::host::git::Repository;
use crate::model::descent::{self, Ends, RefOwner, Sources};
use crate::model::foreign::{ForeignMark, USUAL_REMOTES};
use crate::ops::branches;
use crate::ops::foreign::standing;

/// Returns the mark of a worktree that begins at `commit`; `None` where that is not known to be a stranger's.
///
/// # Errors
///
/// `interrupted`; when the registry, the refs or git's configuration cannot be read.
pub fn of_commit(context: &Context, repository: &Repository, commit: &str) -> Result<Option<ForeignMark>> {
    let Some(sources) = repository.descent_sources(|| sources(context, repository))? else { return Ok(None) };
    if sources.trunks.iter().any(|known| known == commit) || !is_theirs(repository, sources, commit)? {
        return Ok(None);
    }
    let allowed = sources.is_allowed(commit).then(|| commit.to_owned());
    Ok(Some(ForeignMark { foreign: true, allowed, ..ForeignMark::default() }))
}

/// Reads what tells where strangers' commits are; `None` where there are none, which is told without a list of the refs.
fn sources(context: &Context, repository: &Repository) -> Result<Option<Sources>> {
    let registry = context.store()?.read()?;
    let mut sources = Sources {
        marked: standing::marked(repository, &registry),
        kept: repository.kept_pulls()?,
        followed: repository.followed_branches()?,
        specs: repository.upstreams()?.all_specs(),
        own: USUAL_REMOTES.map(str::to_owned).to_vec(),
        trunks: Vec::new(),
    };
    if sources.names_others() {
        sources.own = repository.own_remotes(branches::configured(context, repository))?.to_vec();
    }
    if !sources.may_be_strangers() {
        return Ok(None);
    }
    match branches::require_trunks(context, repository) {
        Ok((_, trunks)) => sources.trunks = trunks.into_iter().map(|trunk| trunk.commit).collect(),
        Err(failure) if failure.code() == Code::Interrupted => return Err(failure),
        Err(_) => {} // Where nobody knows the default branch it proves nothing.
    }
    Ok(Some(sources))
}

fn is_theirs(repository: &Repository, sources: &Sources, commit: &str) -> Result<bool> {
    let ends = repository.descent_ends(|| ends(repository, sources))?;
    if ends.own.iter().any(|known| known == commit) {
        return Ok(false);
    }
    let is_built_on = |own: &[String], theirs: &[String]| {
        if theirs.is_empty() {
            return Ok(false);
        }
        match repository.is_built_on(commit, own, theirs) {
            Err(failure) if failure.code() != Code::Interrupted => Ok(true), // What cannot be compared is in doubt.
            answer => answer,
        }
    };
    let with = |others: Vec<String>| {
        let mut theirs = ends.theirs.clone();
        theirs.extend(others);
        theirs.sort();
        theirs.dedup();
        theirs
    };
    let theirs = with(ends.others.iter().map(|(_, commit)| commit.clone()).collect());
    // Without the many refs of one's own the line is longer, and begins with what theirs have if it does with them.
    if !is_built_on(&sources.trunks, &theirs)? || !is_built_on(&ends.own, &theirs)? {
        return Ok(false);
    }
    if ends.others.is_empty() {
        return Ok(true);
    }
    // What one pushed to another remote oneself is nobody else's.
    let fetched = |(name, commit): &(String, String)| repository.fetched_to(name, commit);
    is_built_on(&ends.own, &with(ends.others.iter().flat_map(fetched).collect()))
}

/// Reads up to which commits everything is our own people's, and up to which strangers'.
fn ends(repository: &Repository, sources: &Sources) -> Result<Ends> {
    let mut ends = Ends { own: sources.trunks.clone(), ..Ends::default() };
    for place in descent::places(&sources.specs) {
        for (name, commit) in repository.refs_at(&place)? {
            match descent::owner(&name, &sources.specs, &sources.own) {
                RefOwner::Own => ends.own.push(commit),
                RefOwner::Stranger => ends.theirs.push(commit),
                RefOwner::Other => ends.others.push((name, commit)),
                RefOwner::Unknown => {}
            }
        }
    }
    for (name, followed) in sources.followed_of_strangers() {
        if followed.is_pull() || !repository.is_pushed_alone(followed)? {
            ends.theirs.extend(repository.find_branch(name)?);
        }
    }
    for (name, commit) in &sources.kept {
        if sources.is_proven(name) { &mut ends.own } else { &mut ends.theirs }.push(commit.clone());
    }
    let foreign = sources.marked.iter().filter(|known| known.mark.foreign);
    ends.theirs.extend(foreign.filter_map(|known| known.commit.clone()));
    for list in [&mut ends.own, &mut ends.theirs] {
        list.sort();
        list.dedup();
    }
    Ok(ends)
}
