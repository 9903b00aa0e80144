//! `wt trust --here`: allows the one commit of a stranger's code that is checked out where we stand, after showing whose it is.

use std::fmt::Write;

use super::session::Session;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::ops::foreign::{self, ForeignHere};
use crate::ui::{escape, prompt};

/// What is wanted of the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustWish {
    Status,
    Allow,
    Revoke,
}

/// Runs the command.
///
/// # Errors
///
/// `untrusted` where nobody agreed; `not_found` for a worktree that is not recorded.
pub fn run(wish: TrustWish, session: &Session<'_>, context: &Context) -> Result<u8> {
    let ui = session.ui;
    if wish == TrustWish::Revoke {
        let (here, running) = foreign::revoke(context)?;
        for runs in running {
            ui.warn(&runs.run_on());
        }
        return answer(session, &here);
    }
    let here = foreign::status(context)?;
    if wish == TrustWish::Status || !here.foreign {
        answer(session, &here)?;
        return Ok(u8::from(here.foreign));
    }
    require_consent(session, &here)?;
    answer(session, &foreign::allow(context, &here)?)
}

fn require_consent(session: &Session<'_>, here: &ForeignHere) -> Result<()> {
    if session.global.yes {
        return Ok(());
    }
    if session.global.quiet || !session.ui.is_interactive() {
        return Err(Failure::new(
            Code::Untrusted,
            format!("nobody has allowed the code in `{}`:\n{}", here.worktree, shown(here)),
        )
        .hint(format!(
            "look at it; `{}` allows this commit where nobody can be asked",
            wt("trust --here --yes", &[])
        )));
    }
    session.ui.say(&shown(here));
    if prompt::confirm(session.ui, "Allow what the configuration names to run in it?")? {
        return Ok(());
    }
    Err(Failure::new(Code::Untrusted, "nothing was allowed"))
}

/// The commit, its author and subject, and the pull request. All of it is a stranger's text.
fn shown(here: &ForeignHere) -> String {
    let line = |text: &str| escape::line(text).into_owned();
    let commit = here.commit.as_deref().unwrap_or("none");
    let mut text = format!("  commit  {}\n", line(commit));
    for (label, value) in [("author", &here.author), ("subject", &here.subject)] {
        if let Some(value) = value {
            let _ = writeln!(text, "  {label:7} {}", line(value));
        }
    }
    if let Some(pull) = &here.pull {
        let title = pull.title.as_deref().map(|title| format!(" {}", line(title))).unwrap_or_default();
        let _ = writeln!(text, "  pull    {} of {}{title}", pull.number, line(&pull.remote));
    }
    text
}

fn answer(session: &Session<'_>, here: &ForeignHere) -> Result<u8> {
    let ui = session.ui;
    here.warnings.iter().for_each(|warning| ui.warn(warning));
    if ui.is_json() {
        ui.answer_json(here)?;
        return Ok(0);
    }
    ui.answer(&shown(here))?;
    let said = match (here.foreign, here.allowed) {
        (true, _) => "a stranger's code, not allowed",
        (false, true) => "a stranger's code, and this commit is allowed",
        (false, false) => "not a stranger's code",
    };
    ui.say(&format!("{}: {said}", escape::line(&here.worktree)));
    Ok(0)
}
