//! Claims that somebody asks for, and that nobody keeps.

use crate::context::Context;
use crate::error::{Code, Failure};
use crate::model::config::settings::{Origin, TeamKeeper};

/// The failure of whoever needs claims in a repository where nobody keeps any.
#[must_use]
pub fn failure(context: &Context) -> Failure {
    let remote = &context.config.team.remote;
    let (why, hint) = match context.config.team.keeper {
        TeamKeeper::Nobody => (
            "`team.claims` is off".to_owned(),
            "write `claims = \"git\"` under [team] into your configuration, or `wt trust` what .wt.toml says",
        ),
        TeamKeeper::Git => (
            format!("there is no remote `{remote}`"),
            "`team.remote` names the remote that has the claims; `git remote add NAME URL` makes one",
        ),
        TeamKeeper::Etcd(_) => (
            format!(
                "there is no remote `{remote}` whose address names the repository, and no `team.repository`"
            ),
            "write `repository = \"NAME\"` under [team] into your configuration, the same in all clones",
        ),
    };
    Failure::new(Code::Usage, format!("nobody keeps claims here: {why}")).hint(hint)
}

/// Returns what is said where claims are asked for and nobody keeps them.
#[must_use]
pub fn warning(context: &Context) -> Option<String> {
    let is_asked_for = context.config.team.keeper != TeamKeeper::Nobody && context.repository.is_some();
    let is_unkept = is_asked_for && context.network_claims().is_none();
    is_unkept.then(|| failure(context).message().to_owned())
}

/// As [`warning`], for whoever asks for no claims by name: one who asks for them in all his repositories may have some that no
/// team shares, and where this repository asks, or this command, somebody would believe in a claim that nobody took.
#[must_use]
pub fn warning_here(context: &Context) -> Option<String> {
    let own_file = context.host.config_file().map(|file| file.display().to_string());
    let asks = |key: &str| matches!(key, "team.claims" | "team.remote" | "team.repository");
    let asked = context.config.values.iter().filter(|value| asks(&value.key));
    let is_of_here = asked.map(|value| &value.origin).any(|origin| match origin {
        Origin::BuiltIn => false,
        Origin::File { path, .. } => Some(path) != own_file.as_ref(),
        Origin::Variable(_) => true,
    });
    if is_of_here { warning(context) } else { None }
}
