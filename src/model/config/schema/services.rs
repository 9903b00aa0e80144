//! The keys of a service.

use super::super::key::{ConfigKey, KeyKind, MOST_INSTANCES, URL_VALUES, key};
use super::super::standing::KeyStanding::{Address, AtOnce, Check, Command, Names};

/// Every key of `[service.NAME]`.
pub(super) const KEYS: &[ConfigKey] = &[
    key(
        "service.*.ports",
        KeyKind::Ports,
        AtOnce,
        "The service's own range, wherever it lies; without it the service draws from the purpose's.",
    ),
    key(
        "service.*.env",
        KeyKind::Variables,
        Names,
        "The variables that carry the service's port; `<SERVICE>_PORT` when empty.",
    ),
    key("service.*.url", KeyKind::Template(URL_VALUES), Address, "The service's URL."),
    key("service.*.run", KeyKind::Command, Command, "The command that runs the service."),
    key(
        "service.*.setup",
        KeyKind::Command,
        Command,
        "A command that runs once per worktree, before the service's first start.",
    ),
    key("service.*.health", KeyKind::Health, Check, "How to see that the service answers."),
    key(
        "service.*.depends_on",
        KeyKind::Needs,
        AtOnce,
        "The services that it needs: healthy ones as a list, or a table with a condition for each.",
    ),
    key(
        "service.*.folder",
        KeyKind::Folder,
        AtOnce,
        "The folder below the worktree in which its commands run.",
    ),
    key(
        "service.*.stop",
        KeyKind::Stop,
        AtOnce,
        "The signal that asks it to end, and how long that may take.",
    ),
    key(
        "service.*.restart",
        KeyKind::Restart,
        AtOnce,
        "Whether and how often it is started again after it ended.",
    ),
    key(
        "service.*.start",
        KeyKind::Choice(&["up", "on-demand"]),
        AtOnce,
        "Whether `wt up` starts it, or the first request for it after that.",
    ),
    key(
        "service.*.idle_stop",
        KeyKind::Duration,
        AtOnce,
        "How long nobody is connected before a service that starts on demand is stopped again.",
    ),
    key(
        "service.*.socket",
        KeyKind::Choice(&["activate"]),
        AtOnce,
        "Hands over a listening socket that is there before the service is (`LISTEN_FDS`).",
    ),
    key(
        "service.*.critical",
        KeyKind::Flag,
        AtOnce,
        "Whether the others are stopped when it cannot be started; false lets them go on without it.",
    ),
    key(
        "service.*.listens",
        KeyKind::Flag,
        AtOnce,
        "Whether it listens on a port; false for a worker, which gets none.",
    ),
    key(
        "service.*.extra_ports",
        KeyKind::Services,
        AtOnce,
        "Names of further ports that the service listens on.",
    ),
    key(
        "service.*.env_file",
        KeyKind::EnvFile,
        AtOnce,
        "The service's own env file, relative to the worktree: the whole env block, with `PORT` its own port.",
    ),
    key(
        "service.*.environment",
        KeyKind::Environment,
        Command,
        "Variables of the service's processes, over those of the shell; the env block is over them.",
    ),
    key(
        "service.*.compose",
        KeyKind::Compose,
        Command,
        "A service of the compose file, started instead of `run`.",
    ),
    key(
        "service.*.instances",
        KeyKind::Whole(1, MOST_INSTANCES),
        AtOnce,
        "How many processes of the service there are, each with a port of its own: `web`, `web-2`, `web-3`.",
    ),
    key(
        "service.*.shared",
        KeyKind::Flag,
        AtOnce,
        "Whether one process of it, run in the main worktree, serves all worktrees of the repository, on one port.",
    ),
    key(
        "service.*.limits",
        KeyKind::Limits,
        AtOnce,
        "What its processes may take together before somebody is told: memory, and CPU, of which 100 % is one core.",
    ),
    key(
        "service.*.metrics",
        KeyKind::UrlPath,
        AtOnce,
        "The path under which the service shows metrics; `/sd` of `wt serve` names it to Prometheus.",
    ),
];
