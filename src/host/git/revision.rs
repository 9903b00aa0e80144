//! The object that a revision's spelling (gitrevisions(7)) names, found without reading any.

use git2::{ErrorCode, Oid};

use super::library_error::is_absent;
use crate::host::git_files::objects::Library;

/// The shortest beginning of a name that stands for an object.
const SHORTEST: usize = 4;

/// What a spelling names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamedRevision {
    Object(Oid),
    Absent,
    /// Objects must be read to know it: `HEAD~2`, `v1^{}`, `main@{yesterday}`, `v1-3-gabcdef`.
    Expression,
}

/// Finds what a spelling names, in libgit2's order: a whole name, a ref, a beginning of a name.
pub(super) fn find(library: &Library, spec: &str) -> Result<NamedRevision, git2::Error> {
    if spec == "@" || spec.contains(['^', '~', ':']) || spec.contains("@{") {
        return Ok(NamedRevision::Expression);
    }
    let database = library.odb()?;
    let digits = Oid::from_str(spec).ok().filter(|_| spec.len() >= SHORTEST);
    if let Some(id) = digits.filter(|id| spec.len() == id.as_bytes().len() * 2 && database.exists(*id)) {
        return Ok(NamedRevision::Object(id));
    }
    match library.resolve_reference_from_short_name(spec).and_then(|reference| reference.resolve()) {
        Ok(reference) => return Ok(reference.target().map_or(NamedRevision::Absent, NamedRevision::Object)),
        Err(error) if is_absent(&error) => {}
        Err(error) => return Err(error),
    }
    if let Some(id) = digits {
        match database.exists_prefix(id, spec.len()) {
            Ok(id) => return Ok(NamedRevision::Object(id)),
            Err(error) if error.code() == ErrorCode::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(if spec.contains("-g") { NamedRevision::Expression } else { NamedRevision::Absent })
}
