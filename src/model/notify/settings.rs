//! `[notify]`: who is told of what, and when.

use serde_json::Value;

use super::notice::NoticeKind;
use super::quiet::QuietHours;
use super::webhook::Webhook;
use crate::model::config::problem::ValueFault;
use crate::model::config::value;
use crate::model::listed::words_of;
use crate::model::{template, words};

/// What the words of `notify.command` may use.
pub const NOTICE_VALUES: &[&str] = &["title", "text", "notice", "repository", "worktree", "service"];

/// The key of the command.
pub const COMMAND: &str = "notify.command";

/// The key of the address.
pub const WEBHOOK: &str = "notify.webhook";

/// Who is told of what, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotifySettings {
    pub on: Vec<NoticeKind>,
    pub webhook: Option<Webhook>,
    pub command: Option<String>,
    pub quiet: Option<QuietHours>,
    pub format: NoticeFormat,
}

/// What is posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "snake_case"))]
pub enum NoticeFormat {
    #[default]
    Json,
    Slack,
    Alertmanager,
}

/// Every format.
const ALL: [NoticeFormat; 3] = [NoticeFormat::Json, NoticeFormat::Slack, NoticeFormat::Alertmanager];

/// The words for [`NoticeFormat`].
pub const FORMATS: [&str; ALL.len()] = words_of!(ALL);

impl NoticeFormat {
    /// Returns what a word means.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// Returns its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Slack => "slack",
            Self::Alertmanager => "alertmanager",
        }
    }
}

impl NotifySettings {
    /// Answers whether anybody is to be told of anything.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        !self.on.is_empty() && (self.webhook.is_some() || self.command.is_some())
    }
}

/// Returns a command that splits into words, each of which uses only what a notice has.
///
/// # Errors
///
/// Says what is wrong with it.
pub fn command(value: &Value) -> Result<&str, ValueFault> {
    let command = value::text(value)?;
    for word in words::split(command).map_err(ValueFault::new)? {
        template::check(&word, NOTICE_VALUES).map_err(|fault| ValueFault {
            message: format!("`{}`: {}", word.escape_debug(), fault.message),
            hint: fault.hint,
            element: None,
        })?;
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::variants::{sorted, words_of};

    #[test]
    fn every_format_can_be_chosen_by_its_word() {
        assert_eq!(sorted(FORMATS), words_of::<NoticeFormat>());
        for word in FORMATS {
            assert_eq!(NoticeFormat::find(word).map(NoticeFormat::as_str), Some(word));
        }
    }

    #[test]
    fn a_command_uses_only_what_a_notice_has() {
        for command_line in ["notify-send '{{ title }}' '{{ text }}'", "say \"{{ worktree }} {{ service }}\""]
        {
            assert_eq!(command(&command_line.into()), Ok(command_line));
        }
        assert!(command(&"say 'a".into()).is_err());
        assert!(command(&7.into()).is_err());
        let fault = command(&"say {{titel}}".into()).unwrap_err();
        assert!(fault.message.starts_with("`{{titel}}`: "), "{}", fault.message);
        assert!(fault.hint.is_some_and(|hint| hint.contains("`title`")));
    }

    #[test]
    fn notices_are_wanted_where_there_is_something_to_tell_and_somebody_to_tell() {
        let on = vec![NoticeKind::Failed];
        let command = Some("say".to_owned());
        let webhook = Some(Webhook::File("~/hook".to_owned()));
        for (settings, is_wanted) in [
            (NotifySettings::default(), false),
            (NotifySettings { on: on.clone(), ..NotifySettings::default() }, false),
            (NotifySettings { command: command.clone(), ..NotifySettings::default() }, false),
            (NotifySettings { on: on.clone(), command, ..NotifySettings::default() }, true),
            (NotifySettings { on, webhook, ..NotifySettings::default() }, true),
        ] {
            assert_eq!(settings.is_wanted(), is_wanted, "{settings:?}");
        }
    }
}
