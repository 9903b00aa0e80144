//! `wt notify test`: sends a notice by every way there is, at once, and says how it went.

use schemars::JsonSchema;
use serde::Serialize;

use super::send::send;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::model::event::Event;
use crate::model::notify::ledger::Via;
use crate::model::notify::notice::{Notice, NoticeKind};
use crate::model::notify::settings::{COMMAND, NotifySettings};
use crate::model::trust;
use crate::ops::trust::{Trust, allowing};

/// How it went.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Report {
    pub sent: Vec<TrialSending>,
}

/// How one way went.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct TrialSending {
    /// `webhook` or `command`.
    pub via: String,
    /// Scheme and host of the webhook, or the program of the command.
    pub to: String,
    pub ok: bool,
    pub ms: u64,
    /// What the webhook answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Sends a notice by every way there is, whatever `on` and `quiet` say.
///
/// # Errors
///
/// `not_found` where nobody is to be told; `untrusted` for a repository's command that nobody agreed to.
pub fn trial(context: &Context) -> Result<Report> {
    let settings = &context.config.notify;
    let ways = [(settings.webhook.is_some(), Via::Webhook), (settings.command.is_some(), Via::Command)];
    let ways: Vec<Via> = ways.into_iter().filter(|(is_way, _)| *is_way).map(|(_, via)| via).collect();
    if ways.is_empty() {
        let message = "nobody is to be told: neither `notify.webhook` nor `notify.command` counts here";
        return Err(Failure::new(Code::NotFound, message).hint("set one of them in your config.toml"));
    }
    if ways.contains(&Via::Command) && !is_command_allowed(context)? {
        let message = "`notify.command` is the repository's, and nobody has allowed it";
        return Err(Failure::new(Code::Untrusted, message)
            .hint(format!("`{}` shows and allows it", allowing(context))));
    }
    let mut event = Event::new("notify_test").numbered(0, context.now());
    event.repository = context.repository.as_ref().map(|repository| repository.root().to_path_buf());
    let notice = Notice::new(NoticeKind::Test, "test", &event, event.at);
    Ok(Report { sent: ways.into_iter().map(|via| by(context, settings, via, &notice)).collect() })
}

fn by(context: &Context, settings: &NotifySettings, via: Via, notice: &Notice) -> TrialSending {
    let clock = context.host.clock;
    let begun = clock.instant();
    let root = notice.event.repository.as_deref();
    let sent = send(&context.host, settings, via, std::slice::from_ref(notice), root);
    TrialSending {
        via: via.as_str().to_owned(),
        to: sent.to,
        ok: sent.refused.is_none(),
        ms: u64::try_from(clock.since(begun).as_millis()).unwrap_or(u64::MAX),
        status: sent.status,
        reason: sent.refused,
    }
}

fn is_command_allowed(context: &Context) -> Result<bool> {
    let id = context.repository.as_ref().and_then(Repository::find_id);
    if let Some(id) = id {
        return Ok(Trust::read(context)?.allows(&id, &context.config, COMMAND));
    }
    let own = context.host.config_file().map(|file| file.display().to_string());
    Ok(trust::allows(&context.config, own.as_deref(), COMMAND, |_| false))
}
