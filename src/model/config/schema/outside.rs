//! The keys of what is seen from outside, and of how long things are kept.

use super::super::key::{Key, Kind, key};
use super::super::standing::Rule::{Before, False, Fewer, Larger, Longer, Never};
use super::super::standing::Standing::{AtOnce, Stricter, StricterUntilTrusted};

/// From `[serve]` to the last.
pub(super) const KEYS: &[Key] = &[
    key(
        "monitor.interval",
        Kind::Duration,
        Stricter(Never),
        "How often `wt monitor` looks where nothing changes.",
    ),
    key(
        "monitor.resolve",
        Kind::Flag,
        Stricter(Never),
        "Whether `wt monitor` acts on conflicts, as `wt ports resolve` does where nobody can be asked.",
    ),
    key(
        "monitor.release_after",
        Kind::Duration,
        Stricter(Never),
        "How long an allocation must have been idle for `wt monitor` to release it.",
    ),
    key(
        "serve.port",
        Kind::Whole(1, 65535),
        AtOnce,
        "The port of `wt serve`; the next one that is free where it is taken.",
    ),
    key(
        "serve.open",
        Kind::Choices(&["health", "metrics"]),
        Stricter(Fewer),
        "What needs no token there: `health` is `/api/health/…`, `metrics` is `/metrics` and `/sd`.",
    ),
    key(
        "team.shared_host",
        Kind::Text,
        Stricter(Never),
        "The folder in which the users of this machine keep their ports apart; `off` for none.",
    ),
    key(
        "team.claims",
        Kind::Choice(&["off", "git"]),
        StricterUntilTrusted(Before(&["off", "git"])),
        "Where the team keeps claims on branches: nowhere, or as refs of the remote.",
    ),
    key("team.remote", Kind::Text, StricterUntilTrusted(Never), "The remote that has the claims."),
    key(
        "team.repository",
        Kind::Text,
        StricterUntilTrusted(Never),
        "What the repository is called among the team's clones, instead of the remote's address.",
    ),
    key(
        "team.offline",
        Kind::Choice(&["refuse", "allow"]),
        StricterUntilTrusted(Before(&["refuse", "allow"])),
        "Whether a create goes on where the claims cannot be reached, and claims later.",
    ),
    key("team.timeout", Kind::Duration, AtOnce, "How long a command waits for those who keep claims."),
    key(
        "trash.keep",
        Kind::Duration,
        StricterUntilTrusted(Longer),
        "How long a removed worktree can be restored.",
    ),
    key(
        "trash.max_size",
        Kind::Size,
        StricterUntilTrusted(Larger),
        "How much all removed worktrees together may take.",
    ),
    key("events.keep", Kind::Duration, Stricter(Longer), "How long events are kept; at least a day."),
    key(
        "events.max_size",
        Kind::Size,
        Stricter(Larger),
        "How much all events together may take; the oldest go first.",
    ),
    key(
        "metrics.per_worktree",
        Kind::Flag,
        Stricter(False),
        "Whether `wt metrics` has rows for each worktree, beside the sums.",
    ),
    key(
        "metrics.max_worktrees",
        Kind::Whole(0, 100_000),
        Stricter(Never),
        "How many worktrees have rows of their own; those that were idle for longest are left out.",
    ),
    key(
        "policy.mode",
        Kind::Choice(&["read-only", "full"]),
        Stricter(Before(&["read-only", "full"])),
        "Whether `wt` may change anything; WT_POLICY is its variable too.",
    ),
    key(
        "policy.kill",
        Kind::Choice(&["never", "ask", "allow"]),
        Stricter(Before(&["never", "ask", "allow"])),
        "Whether a process that holds a port may be ended: never, once somebody agreed, or without a question.",
    ),
    key(
        "policy.remove_force",
        Kind::Choice(&["never", "ask", "allow"]),
        Stricter(Before(&["never", "ask", "allow"])),
        "Whether `wt remove --force` may give up work; `--yes` is no agreement to that.",
    ),
    key(
        "policy.actions",
        Kind::Choice(&["never", "ask", "allow"]),
        Stricter(Before(&["never", "ask", "allow"])),
        "Whether `wt serve --actions` may start and stop services and remove worktrees; without it the flag is enough.",
    ),
    key(
        "registry.lock_timeout",
        Kind::Duration,
        AtOnce,
        "How long to wait for another process to let go of the registry.",
    ),
    key(
        "registry.forget",
        Kind::Duration,
        Stricter(Longer),
        "How long what is gone is remembered: records, repositories, former ports.",
    ),
];
