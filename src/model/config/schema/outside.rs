//! The keys of what is seen from outside, and of how long things are kept.

use super::super::key::{ConfigKey, KeyKind, key};
use super::super::standing::KeyStanding::{AfterTrust, AtOnce, Command, Stricter, StricterUntilTrusted};
use super::super::standing::Rule::{Before, False, Fewer, Larger, Longer, Never, Switch};
use crate::model::notify::notice::WORDS;
use crate::model::notify::settings::FORMATS;

/// From `[serve]` to the last.
pub(super) const KEYS: &[ConfigKey] = &[
    key(
        "monitor.interval",
        KeyKind::Duration,
        Stricter(Never),
        "How often `wt monitor` looks where nothing changes.",
    ),
    key(
        "monitor.resolve",
        KeyKind::Flag,
        Stricter(Never),
        "Whether `wt monitor` acts on conflicts, as `wt ports resolve` does where nobody can be asked.",
    ),
    key(
        "monitor.release_after",
        KeyKind::Duration,
        Stricter(Never),
        "How long an allocation must have been idle for `wt monitor` to release it.",
    ),
    key("notify.on", KeyKind::Choices(&WORDS), AfterTrust, "What is told of."),
    key(
        "notify.webhook",
        KeyKind::Webhook,
        AfterTrust,
        "Where notices are posted to: an address, or `{ file }` with a file that has it.",
    ),
    key("notify.command", KeyKind::NoticeCommand, Command, "A command that is run with each notice."),
    key(
        "notify.quiet",
        KeyKind::Hours,
        AfterTrust,
        "The hours of the day, by local time, in which nobody is told; what comes then is told as one at their end.",
    ),
    key("notify.format", KeyKind::Choice(&FORMATS), AfterTrust, "What the webhook takes."),
    key(
        "serve.port",
        KeyKind::Whole(1, 65535),
        Stricter(Never),
        "The port of `wt serve`; the next one that is free where it is taken.",
    ),
    key(
        "serve.open",
        KeyKind::Choices(&["health", "metrics"]),
        Stricter(Fewer),
        "What needs no token there: `health` is `/api/health/…`, `metrics` is `/metrics` and `/sd`.",
    ),
    key(
        "team.shared_host",
        KeyKind::Text,
        Stricter(Never),
        "The folder in which the users of this machine keep their ports apart; `off` for none.",
    ),
    key(
        "team.claims",
        KeyKind::Choice(&["off", "git", "etcd"]),
        StricterUntilTrusted(Switch(&["off", "git"])),
        "Where the team keeps claims on branches: nowhere, as refs of the remote, or in an etcd.",
    ),
    key(
        "team.scope",
        KeyKind::Choices(&["branch", "number", "port"]),
        AfterTrust,
        "What is claimed there: branches, the numbers that stand for a name, ports over all machines.",
    ),
    key("team.remote", KeyKind::Text, StricterUntilTrusted(Never), "The remote that has the claims."),
    key(
        "team.repository",
        KeyKind::Text,
        StricterUntilTrusted(Never),
        "What the repository is called among the team's clones, instead of the remote's address.",
    ),
    key(
        "team.offline",
        KeyKind::Choice(&["refuse", "allow"]),
        StricterUntilTrusted(Before(&["refuse", "allow"])),
        "Whether a create goes on where the claims cannot be reached, and claims later.",
    ),
    key(
        "team.timeout",
        KeyKind::Duration,
        StricterUntilTrusted(Never),
        "How long a command waits for those who keep claims.",
    ),
    key(
        "team.ssh",
        KeyKind::Text,
        Stricter(Never),
        "The program that reaches other hosts, and its options; no shell reads it.",
    ),
    key(
        "team.stale_after",
        KeyKind::Duration,
        AtOnce,
        "How long a host may be unseen before `wt validate` tells of its claims.",
    ),
    key(
        "team.etcd.endpoints",
        KeyKind::Words,
        Stricter(Never),
        "The members of etcd, as URLs; they are asked one after the other until one answers.",
    ),
    key(
        "team.etcd.team",
        KeyKind::Text,
        Stricter(Never),
        "What the team is called there: its keys begin with `/wt/v1/TEAM/`.",
    ),
    key("team.etcd.user", KeyKind::Text, Stricter(Never), "The user of etcd, where it asks for one."),
    key(
        "team.etcd.password_file",
        KeyKind::Text,
        Stricter(Never),
        "The file with the password in its first line.",
    ),
    key(
        "team.etcd.ca",
        KeyKind::Text,
        Stricter(Never),
        "The file of those who sign the members' certificates, instead of those whom the machine trusts.",
    ),
    key(
        "team.etcd.cert",
        KeyKind::Text,
        Stricter(Never),
        "The file of a client certificate; etcd's gateway takes none that has a common name.",
    ),
    key("team.etcd.key", KeyKind::Text, Stricter(Never), "The file of its key."),
    key(
        "discovery.dns_sd",
        KeyKind::Flag,
        Stricter(Never),
        "Whether `wt monitor` announces healthy services that other machines reach on the local network, by Avahi.",
    ),
    key(
        "trash.keep",
        KeyKind::Duration,
        StricterUntilTrusted(Longer),
        "How long a removed worktree can be restored.",
    ),
    key(
        "trash.max_size",
        KeyKind::Size,
        StricterUntilTrusted(Larger),
        "How much all removed worktrees together may take.",
    ),
    key("events.keep", KeyKind::Duration, Stricter(Longer), "How long events are kept; at least a day."),
    key(
        "events.max_size",
        KeyKind::Size,
        Stricter(Larger),
        "How much all events together may take; the oldest go first.",
    ),
    key(
        "metrics.per_worktree",
        KeyKind::Flag,
        Stricter(False),
        "Whether `wt metrics` has rows for each worktree, beside the sums.",
    ),
    key(
        "metrics.max_worktrees",
        KeyKind::Whole(0, 100_000),
        Stricter(Never),
        "How many worktrees have rows of their own; those that were idle for longest are left out.",
    ),
    key(
        "policy.mode",
        KeyKind::Choice(&["read-only", "full"]),
        Stricter(Before(&["read-only", "full"])),
        "Whether `wt` may change anything; WT_POLICY is its variable too.",
    ),
    key(
        "policy.kill",
        KeyKind::Choice(&["never", "ask", "allow"]),
        Stricter(Before(&["never", "ask", "allow"])),
        "Whether a process that holds a port may be ended: never, once somebody agreed, or without a question.",
    ),
    key(
        "policy.remove_force",
        KeyKind::Choice(&["never", "ask", "allow"]),
        Stricter(Before(&["never", "ask", "allow"])),
        "Whether `wt remove --force` may give up work; `--yes` is no agreement to that.",
    ),
    key(
        "policy.actions",
        KeyKind::Choice(&["never", "ask", "allow"]),
        Stricter(Before(&["never", "ask", "allow"])),
        "Whether `wt serve --actions` may start and stop services and remove worktrees; without it the flag is enough.",
    ),
    key(
        "registry.lock_timeout",
        KeyKind::Duration,
        AtOnce,
        "How long to wait for one process to let go of the registry; while others take turns at it, up to six times as long.",
    ),
    key(
        "registry.forget",
        KeyKind::Duration,
        Stricter(Longer),
        "How long what is gone is remembered: records, repositories, former ports.",
    ),
];
