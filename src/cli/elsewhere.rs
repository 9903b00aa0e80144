//! `-w NAME` of a worktree in another repository: the command runs as if it had been started there.

use super::commands::Command;
use super::global::GlobalArguments;
use super::session::Session;
use crate::error::{Code, Result};
use crate::model::resolve::Naming;
use crate::model::sign::Sign;
use crate::ops::elsewhere;

/// Has `command` concern the worktree that its `-w` means by its folder, and returns the flags as they are there; `None`
/// where the worktree is one of this repository, or none at all, which the command says better.
///
/// # Errors
///
/// `ambiguous`; `not_found` for `-`.
pub fn place(command: &mut Command, session: &Session<'_>) -> Result<Option<GlobalArguments>> {
    let Some(wanted) = command.worktree() else { return Ok(None) };
    let is_last = Sign::find(wanted) == Some(Sign::Last);
    if !is_last && Sign::find(wanted).is_some() {
        return Ok(None);
    }
    let context = session.context_before_the_command()?;
    let spot = match elsewhere::anywhere(&context, &*context.store()?.read()?, wanted, Naming::Whole) {
        Ok(spot) => spot,
        Err(failure) if is_last || failure.code() == Code::Ambiguous => return Err(failure),
        Err(_) => return Ok(None),
    };
    let path = spot.found.path.to_string_lossy().into_owned();
    if spot.home.is_some() || is_last {
        *wanted = path;
    }
    Ok(spot.home.map(|home| GlobalArguments { directories: vec![home.root], ..session.global.clone() }))
}
