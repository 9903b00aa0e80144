//! `wt NAME` for a NAME that no command has runs `wt-NAME` from PATH, as git and cargo do.

use std::ffi::OsString;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::surroundings::Viewpoint;
use crate::error::{Code, Failure};
use crate::model::called::Called;
use crate::ops::external;
use crate::ui::output::{Manner, Ui};

/// Becomes the program where the first word names one; returns the exit status where it could not be started, and `None`
/// where the parser's `error` stands.
pub fn find(error: &Error, words: &[OsString], viewpoint: impl FnOnce() -> Viewpoint) -> Option<u8> {
    let is_unknown = error.kind() == ErrorKind::InvalidSubcommand;
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    // What stands before the name would be lost: the program reads what follows it.
    if !is_unknown || words.get(1)? != name.as_str() {
        return None;
    }
    let viewpoint = viewpoint();
    let host = viewpoint.host.clone();
    // Where it cannot be told whose folders stand on PATH nothing of them runs.
    let repository = viewpoint.surroundings().ok()?.repository;
    let program = external::find(&host, repository.as_ref(), name)?;
    let failed = external::run(&host, &program, &words[2..]);
    let called = Called::of(words.first().map(OsString::as_os_str));
    let ui = Ui::new(Manner { called, ..Manner::default() });
    let message = format!("{} cannot be started: {failed}", program.display());
    Some(ui.fail(&Failure::from_io(failed, Code::Permission, message)))
}
