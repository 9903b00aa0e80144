//! What is asked for in other words than a name: a pull request, and what somebody at a terminal left open.

use super::session::Session;
use super::watching::Watching;
use super::wishes;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::identifier::Identifier;
use crate::model::pull::WantedPull;
use crate::ops::create::{CreateOutcome, Request};
use crate::ops::dry_run::DryRun;
use crate::ops::pull;
use crate::ui::progress::Bar;
use crate::ui::{escape, prompt};

/// Returns the pull request that the word means; `flags` are those that it is not asked for with, and whether they are given.
///
/// # Errors
///
/// `usage` for what is no pull request, and for such a flag.
pub fn wanted(word: &str, flags: &[(&str, bool)]) -> Result<Option<WantedPull>> {
    let Some(parsed) = WantedPull::parse(word) else { return Ok(None) };
    let wanted = parsed.map_err(|message| {
        Failure::new(Code::Usage, message).hint("write `pr:12`, `mr:3`, or the address of its page")
    })?;
    if let Some((flag, _)) = flags.iter().find(|(_, is_given)| *is_given) {
        return Err(Failure::new(Code::Usage, format!("`{flag}` makes no sense with a pull request"))
            .hint("its head is what is checked out; `--branch NAME` names the local branch"));
    }
    Ok(Some(wanted))
}

/// Opens the pull request; `None` where it was only shown.
///
/// # Errors
///
/// As [`pull::open`].
pub fn open(
    session: &Session<'_>,
    context: &Context,
    wanted: &WantedPull,
    request: &Request,
    is_dry: bool,
) -> Result<Option<CreateOutcome>> {
    let ui = session.ui;
    if is_dry {
        let plan = pull::preview(context, wanted, request)?;
        if ui.is_json() {
            ui.answer_json(&DryRun { plan })?;
        } else {
            let doing = if plan.created { "create" } else { "look after" };
            let (name, path) = (escape::line(&plan.name), plan.path.to_string_lossy());
            let head: String = plan.pull.head.chars().take(12).collect();
            ui.answer(&format!(
                "Would {doing} {name}\n  path    {}\n  commit  {head}\n",
                escape::line(&path)
            ))?;
        }
        return Ok(None);
    }
    let bar = Bar::new(ui);
    let opened = pull::open(context, wanted, request, &Watching(&bar));
    drop(bar);
    opened.map(Some)
}

/// Somebody is there, and left open what the worktree is for.
///
/// # Errors
///
/// `not_a_repository`; `interrupted`.
pub fn ask(request: &mut Request, context: &Context, session: &Session<'_>) -> Result<()> {
    context.require_repository()?;
    let purposes: Vec<String> =
        context.config.purposes.iter().map(|(purpose, _)| purpose.to_string()).collect();
    if request.purpose.is_none() && !purposes.is_empty() {
        let usual = purposes.iter().position(|purpose| purpose == "feature").unwrap_or(0);
        let chosen = prompt::select(session.ui, "Purpose", &purposes, usual)?;
        request.purpose = context.config.purposes.get(chosen).map(|(purpose, _)| purpose.clone());
    }
    let check = |typed: &str| typed.parse::<Identifier>().map(drop);
    let typed = prompt::text(session.ui, "Identifier (empty for the next number)", check)?;
    request.identifier = typed.as_deref().map(wishes::identifier).transpose()?;
    Ok(())
}
