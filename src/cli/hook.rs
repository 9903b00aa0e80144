//! `wt hook`, which git's hooks call: heals what dead processes left. git never suffers: it is silent and succeeds.

use clap::{Args, Subcommand};

use super::session::Session;
use crate::ops::heal;

/// Called by git's hooks
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    pub hook: Hook,
}

/// The hooks, with the arguments that git gives them (githooks(5)).
#[derive(Debug, Subcommand)]
pub enum Hook {
    /// After a checkout: the old commit, the new one, and 1 for a checkout of a branch
    PostCheckout { arguments: Vec<String> },
    /// Before a push: the remote's name and its URL
    PrePush { arguments: Vec<String> },
}

/// Runs the command; whatever goes wrong, git goes on.
#[must_use]
pub fn run(arguments: &Arguments, session: &Session<'_>) -> u8 {
    // A checkout of single files (flag 0) says nothing about worktrees.
    if let Hook::PostCheckout { arguments } = &arguments.hook
        && arguments.get(2).is_some_and(|flag| flag == "0")
    {
        return 0;
    }
    if let Ok(context) = session.context_as_it_is() {
        for said in heal::heal(&context) {
            session.ui.say(&said);
        }
    }
    0
}
