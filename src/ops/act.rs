//! What `wt serve --actions` lets a page do to a worktree: the operations of the commands of the same names, with what those
//! commands do before and behind them. Nobody can be asked: nothing is forced, trusted or ended that needs somebody's word.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arrival::{Arrival, arrive};
use super::ports::settings::require_allowed;
use super::ports::settlement::Settlement;
use super::services::contact::Deaf;
use super::services::{down, shared, shared_down, up};
use super::{env, remove, resolving};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::config::problem::Problem;
use crate::model::config::settings::Strategy;
use crate::model::policy::{self, Leave};
use crate::model::port::Port;
use crate::model::service::ServiceName;

/// What may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageAction {
    Up,
    Down,
    Restart,
    Resolve,
    Remove,
}

impl PageAction {
    /// Returns the one that is called so.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Some(match word {
            "up" => Self::Up,
            "down" => Self::Down,
            "restart" => Self::Restart,
            "resolve" => Self::Resolve,
            "remove" => Self::Remove,
            _ => return None,
        })
    }

    /// Returns the word of the command that does it.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Restart => "restart",
            Self::Resolve => "ports resolve",
            Self::Remove => "remove",
        }
    }
}

/// What is said beside: each action knows its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionWish {
    /// Of `up`, `down`, `restart`: those; all where none is named.
    pub services: Option<Vec<ServiceName>>,
    /// Of `resolve`: how; as configured where nobody says.
    pub strategy: Option<Strategy>,
    /// Of `remove`: whether the branch goes too.
    pub delete_branch: Option<bool>,
}

/// What was done, as the command answers.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ActionDone {
    Started(up::Report),
    Stopped(down::Report),
    Settled(Settlement),
    Removed(remove::Report),
}

/// Does it to the worktree called `name` of the repository that `context` stands in, whose configuration has these problems.
///
/// # Errors
///
/// `config_invalid` for a policy that is not understood; `not_allowed` by the policy; `usage` for words of another action; those of the command.
pub fn act(
    context: Context,
    problems: &[Problem],
    action: PageAction,
    name: &str,
    wish: &ActionWish,
) -> Result<ActionDone> {
    // A policy that is not understood is no leave.
    let is_of_policy = |problem: &&Problem| problem.key.as_ref().is_some_and(|key| key.starts_with("policy"));
    if let Some(problem) = problems.iter().find(is_of_policy) {
        return Err(problem.failure());
    }
    if context.config.policy.is_read_only() {
        return Err(policy::read_only(action.command()));
    }
    if context.config.policy.actions == Some(Leave::Never) {
        return Err(policy::never("policy.actions"));
    }
    require_own_words(action, wish)?;
    // What takes back goes on whatever is configured.
    if let (false, Some(problem)) =
        (matches!(action, PageAction::Down | PageAction::Remove), problems.first())
    {
        return Err(problem.failure());
    }
    let host = context.host.clone().running(action.command());
    let context = Context { host, ..context }.of_worktree(Some(name));
    // Nobody is told: the page shows how things stand.
    let _ = arrive(
        &context,
        match action {
            PageAction::Up => Arrival::Start,
            PageAction::Restart | PageAction::Resolve => Arrival::Listing,
            PageAction::Down | PageAction::Remove => Arrival::Command,
        },
    );
    let services = wish.services.clone().unwrap_or_default();
    match action {
        PageAction::Up => {
            let request = up::Request { services, ..up::Request::default() };
            shared::up(&context, &request, &mut Deaf).map(ActionDone::Started)
        }
        PageAction::Restart => shared::restart(&context, &services, &mut Deaf).map(ActionDone::Started),
        PageAction::Down => {
            let request = down::Request { services, reset: false };
            shared_down::down(&context, &request, false, &mut Deaf).map(ActionDone::Stopped)
        }
        PageAction::Resolve => resolve(&context, wish),
        PageAction::Remove => remove(&context, name, wish),
    }
}

fn require_own_words(action: PageAction, wish: &ActionWish) -> Result<()> {
    let runs = matches!(action, PageAction::Up | PageAction::Down | PageAction::Restart);
    for (word, is_said, is_own) in [
        ("services", wish.services.is_some(), runs),
        ("strategy", wish.strategy.is_some(), action == PageAction::Resolve),
        ("delete_branch", wish.delete_branch.is_some(), action == PageAction::Remove),
    ] {
        if is_said && !is_own {
            let message = format!("`{}` knows no `{word}`", action.command());
            return Err(Failure::new(Code::Usage, message));
        }
    }
    if wish.services.as_ref().is_some_and(Vec::is_empty) {
        let failure = Failure::new(Code::Usage, "`services` names none");
        return Err(failure.hint("without `services` it is about all of them"));
    }
    Ok(())
}

/// Settles the conflicts over the ports of this worktree. What needs agreement is left.
fn resolve(context: &Context, wish: &ActionWish) -> Result<ActionDone> {
    require_allowed(context, wish.strategy)?;
    let entry = env::require_entry(context, None)?;
    let ports: Vec<Port> = entry.ports().collect();
    let plan = resolving::plan(context, wish.strategy, Some(&ports))?;
    let report = resolving::apply(context, plan, false)?;
    Ok(ActionDone::Settled(Settlement::from(&report)))
}

fn remove(context: &Context, name: &str, wish: &ActionWish) -> Result<ActionDone> {
    let request = remove::Request {
        wanted: vec![name.to_owned()],
        force: 0,
        delete_branch: wish.delete_branch.unwrap_or_default(),
        if_exists: false,
        tells: false,
    };
    let plan = remove::plan(context, &request)?;
    plan.require_safe()?;
    let mut report = remove::apply(context, &plan)?;
    let stopped = report.stopped.take();
    let _ = arrive(context, Arrival::Removal);
    stopped.map_or(Ok(ActionDone::Removed(report)), Err)
}
