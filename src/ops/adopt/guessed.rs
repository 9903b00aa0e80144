//! What a worktree that something else made is taken for: by its branch and its folder.

use crate::context::Context;
use crate::model::adoption::{self, AdoptionGround};
use crate::model::identifier::Identifier;
use crate::model::purpose::Purpose;
use crate::ops::rows::WorktreeRow;

/// Returns the purpose of a worktree that nobody named one for.
#[must_use]
pub fn guess_purpose(context: &Context, ground: AdoptionGround<'_>) -> Option<Purpose> {
    let known = context.config.purposes.iter().map(|(purpose, _)| purpose);
    adoption::purpose(ground, known, &context.config.adopt.purpose).cloned()
}

/// Returns the identifier.
#[must_use]
pub(super) fn identifier(row: &WorktreeRow, purpose: Option<&Purpose>) -> String {
    let name = row.name();
    let branch = row.branch().and_then(|branch| branch.split_once('/')).filter(|_| purpose.is_some());
    Identifier::from_text(branch.map_or(name.as_str(), |(_, rest)| rest))
        .map_or_else(|| name.clone(), |identifier| identifier.to_string())
}
