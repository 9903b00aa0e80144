//! How conflicts are to be resolved, as far as that is the user's to say.

use crate::context::Context;
use crate::error::Result;
use crate::model::config::settings::{Origin, ResolveSettings, Strategy};
use crate::model::policy::{self, Leave};

/// The settings, as far as they are the user's to make: a repository's file may make them stricter, and never have
/// anybody's process ended that would otherwise be asked about.
pub fn settings(context: &Context) -> ResolveSettings {
    let own_file = context.host.config_file().map(|file| file.display().to_string());
    let is_users = |key: &str| {
        let value = context.config.values.iter().find(|value| value.key == key);
        match value.map(|value| &value.origin) {
            Some(Origin::File { path, .. }) => Some(path) == own_file.as_ref(),
            _ => true,
        }
    };
    let wished = context.config.resolve;
    let strategy = match wished.strategy {
        Strategy::Aggressive if !is_users("resolve.strategy") => Strategy::Intelligent,
        strategy => strategy,
    };
    let is_set = context
        .config
        .values
        .iter()
        .any(|value| value.key == "resolve.preserve_foreign" && value.origin != Origin::BuiltIn);
    let kill = context.config.policy.kill;
    ResolveSettings {
        strategy,
        is_foreign_bound: wished.preserve_foreign && is_set,
        confirm: wished.confirm || kill == Some(Leave::Ask) || !is_users("resolve.confirm"),
        is_killing_barred: kill == Some(Leave::Never),
        preserve_foreign: wished.preserve_foreign || !is_users("resolve.preserve_foreign"),
        ..wished
    }
}

/// Refuses a strategy that ends whoever holds a port where the user's policy has nobody ended, before anything is read of
/// the port. `None` is the configured one.
///
/// # Errors
///
/// `not_allowed`.
pub fn require_allowed(context: &Context, strategy: Option<Strategy>) -> Result<()> {
    let settings = settings(context);
    let strategy = strategy.unwrap_or(settings.strategy);
    if strategy == Strategy::Aggressive && settings.is_killing_barred {
        return Err(policy::never("policy.kill"));
    }
    Ok(())
}
