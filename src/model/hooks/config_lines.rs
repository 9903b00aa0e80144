//! git's configuration of hooks, as `git config --null --get-regexp` prints it, and what it says of ours (git-config(1)).

use super::text::GitHook;

/// The lines under `hook.`, in git's order: a later one counts more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigLines(Vec<(String, Option<String>)>);

impl ConfigLines {
    /// Reads `KEY\nVALUE\0…`; a key without a value has no line break.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.split_terminator('\0').map(|line| match line.split_once('\n') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (line.to_owned(), None),
        });
        Self(lines.collect())
    }

    /// Returns the command of our hook, where its event is named too.
    #[must_use]
    pub fn find_command(&self, hook: GitHook) -> Option<String> {
        let name = hook.friendly_name();
        let mut is_bound = false;
        for event in self.values(&format!("hook.{name}.event")) {
            match event {
                // An empty value takes back those before it.
                None | Some("") => is_bound = false,
                Some(event) => is_bound |= event == hook.name(),
            }
        }
        let command = self.values(&format!("hook.{name}.command")).last().flatten();
        command.filter(|_| is_bound).map(ToOwned::to_owned)
    }

    /// Answers whether our hook is switched off, or all hooks of its event.
    #[must_use]
    pub fn is_disabled(&self, hook: GitHook) -> bool {
        [hook.friendly_name(), hook.name()].into_iter().any(|name| {
            let last = self.values(&format!("hook.{name}.enabled")).last().flatten();
            last.is_some_and(|value| ["false", "no", "off", "0", ""].contains(&value.to_lowercase().as_str()))
        })
    }

    fn values<'a>(&'a self, key: &str) -> impl Iterator<Item = Option<&'a str>> {
        self.0.iter().filter(move |(known, _)| known == key).map(|(_, value)| value.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pairs: &[(&str, &str)]) -> ConfigLines {
        let text: Vec<String> = pairs.iter().map(|(key, value)| format!("hook.{key}\n{value}\0")).collect();
        ConfigLines::parse(&text.concat())
    }

    #[test]
    fn a_command_counts_where_its_event_is_named_and_not_taken_back() {
        let command = ("wt-pre-push.command", "wt\nx");
        let event = ("wt-pre-push.event", "pre-push");
        assert_eq!(lines(&[command, event]).find_command(GitHook::PrePush).as_deref(), Some("wt\nx"));
        assert_eq!(lines(&[command, event]).find_command(GitHook::PostCheckout), None);
        assert_eq!(lines(&[command]).find_command(GitHook::PrePush), None);
        assert_eq!(lines(&[command, event, ("wt-pre-push.event", "")]).find_command(GitHook::PrePush), None);
        let last = lines(&[command, event, ("wt-pre-push.command", "other")]);
        assert_eq!(last.find_command(GitHook::PrePush).as_deref(), Some("other"));
    }

    #[test]
    fn a_hook_or_its_whole_event_can_be_switched_off() {
        assert!(lines(&[("wt-pre-push.enabled", "false")]).is_disabled(GitHook::PrePush));
        assert!(lines(&[("pre-push.enabled", "No")]).is_disabled(GitHook::PrePush));
        assert!(
            !lines(&[("pre-push.enabled", "no"), ("pre-push.enabled", "yes")]).is_disabled(GitHook::PrePush)
        );
        assert!(!lines(&[("pre-push.enabled", "no")]).is_disabled(GitHook::PostCheckout));
        assert!(!ConfigLines::parse("hook.pre-push.enabled\0").is_disabled(GitHook::PrePush));
    }

    #[test]
    fn of_several_events_ours_is_enough_and_an_empty_one_takes_all_back() {
        let command = ("wt-pre-push.command", "wt");
        let found = |events: &[&str]| {
            let events = events.iter().map(|event| ("wt-pre-push.event", *event));
            lines(&std::iter::once(command).chain(events).collect::<Vec<_>>())
                .find_command(GitHook::PrePush)
                .is_some()
        };
        assert!(found(&["pre-push", "pre-commit"]) && found(&["pre-commit", "pre-push"]));
        assert!(!found(&["pre-commit"]) && !found(&["pre-push", ""]) && found(&["", "pre-push"]));
        for (value, is_off) in
            [("FALSE", true), ("off", true), ("0", true), ("", true), ("true", false), ("1", false)]
        {
            let config = lines(&[("wt-pre-push.enabled", value)]);
            assert_eq!(config.is_disabled(GitHook::PrePush), is_off, "{value}");
        }
        assert!(!lines(&[command]).is_disabled(GitHook::PrePush));
    }
}
