//! Every key of the configuration, once: its place, its type, its meaning. Files, variables, the JSON schema and the
//! check of the documentation all read this table.

mod lookup;
mod outside;
mod services;

use super::standing::KeyStanding::{
    Address, AtOnce, Command, Place, Stricter, StricterUntilTrusted, Variable,
};
use super::standing::Rule::{Added, Before, BeforeOrCommand, False, Fewer, Longer, Never, True};

use super::key::key;
pub use super::key::{
    COMMAND_VALUES, ConfigKey, ENV_VALUES, KeyKind, MOST_INSTANCES, NAME_VALUES, PATH_VALUES,
    WORKTREE_COMMAND_VALUES,
};

pub use lookup::{children, find, is_users_own, leaves, words};

/// Every key there is.
pub const KEYS: &[ConfigKey] = &ALL;

const ALL: [ConfigKey; FIRST.len() + services::KEYS.len() + REST.len() + outside::KEYS.len()] =
    joined([FIRST, services::KEYS, REST, outside::KEYS]);

/// Puts the parts behind each other.
const fn joined<const N: usize>(parts: [&[ConfigKey]; 4]) -> [ConfigKey; N] {
    let mut all = [FIRST[0]; N];
    let (mut part, mut at) = (0, 0);
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            all[at] = parts[part][index];
            (at, index) = (at + 1, index + 1);
        }
        part += 1;
    }
    all
}

const FIRST: &[ConfigKey] = &[
    key(
        "worktree.path",
        KeyKind::Template(PATH_VALUES),
        Place,
        "The folder of a new worktree; a relative one is taken from the main worktree, `~/` is the home folder.",
    ),
    key("worktree.name", KeyKind::Template(NAME_VALUES), AtOnce, "The name of a new worktree."),
    key("worktree.branch", KeyKind::Template(NAME_VALUES), AtOnce, "The branch of a new worktree."),
    key(
        "worktree.setup",
        KeyKind::Commands,
        Command,
        "Commands that make a new worktree ready, run in it one after the other.",
    ),
    key(
        "worktree.setup_timeout",
        KeyKind::Duration,
        AtOnce,
        "How long all of `worktree.setup` may take before it is ended.",
    ),
    key(
        "worktree.background",
        KeyKind::Commands,
        Command,
        "Commands that run behind the setup, one after the other; nobody waits for them.",
    ),
    key(
        "worktree.teardown",
        KeyKind::Commands,
        Command,
        "Commands that take back what the setup made outside of the worktree, once that is gone for good.",
    ),
    key(
        "worktree.teardown_at",
        KeyKind::Choice(&["expiry", "remove"]),
        StricterUntilTrusted(Before(&["expiry", "remove"])),
        "When the teardown is due: once the removed worktree can no longer be restored, or at its removal.",
    ),
    key(
        "worktree.teardown_timeout",
        KeyKind::Duration,
        AtOnce,
        "How long all of `worktree.teardown` may take before it is ended, and tried again later.",
    ),
    key(
        "create.ports",
        KeyKind::PortWish,
        AtOnce,
        "The ports of a new worktree when neither `--ports` nor `--no-ports` is given: true for its purpose's services, a \
         number, or a list of services.",
    ),
    key(
        "create.base",
        KeyKind::Choice(&["HEAD", "default"]),
        AtOnce,
        "Where a new branch starts without `--base`: at HEAD, or at the default branch.",
    ),
    key(
        "purpose.*.ports",
        KeyKind::Ports,
        AtOnce,
        "Where worktrees of this purpose take their ports from, tried in order; empty for none.",
    ),
    key(
        "purpose.*.services",
        KeyKind::Services,
        AtOnce,
        "The services that get a port when `--ports` says no more.",
    ),
];

const REST: &[ConfigKey] = &[
    key(
        "main.ports.*",
        KeyKind::Whole(1024, 65535),
        AtOnce,
        "The port of a service of the main worktree, by the service's name: nobody else is given it.",
    ),
    key("main.env", KeyKind::Flag, AtOnce, "Whether the main worktree has an env block once it is a member."),
    key(
        "main.purpose",
        KeyKind::Text,
        AtOnce,
        "The purpose from whose range the main worktree draws the ports that `main.ports` does not name.",
    ),
    key(
        "ports.exclude",
        KeyKind::Exclusions,
        Stricter(Added),
        "Ports never allocated, each with its reason.",
    ),
    key(
        "ports.conflict.policy",
        KeyKind::Choice(&["fail", "retry"]),
        AtOnce,
        "What to do about a port that is free in the registry and taken on the machine.",
    ),
    key(
        "ports.conflict.max_retries",
        KeyKind::Whole(0, 100),
        AtOnce,
        "How often `retry` goes on after a port was lost between the look and the taking; ports known to be held are passed over and do not count.",
    ),
    key(
        "ports.conflict.backoff",
        KeyKind::Duration,
        AtOnce,
        "How long `retry` waits before the first of them.",
    ),
    key(
        "ports.conflict.multiplier",
        KeyKind::Number(1.0, 10.0),
        AtOnce,
        "By how much each further wait is longer.",
    ),
    key(
        "ports.stale_after",
        KeyKind::Duration,
        Stricter(Longer),
        "How long nothing of a worktree may listen before its ports count as stale.",
    ),
    key(
        "ports.reclaim_after",
        KeyKind::Duration,
        Stricter(Never),
        "How long a port must have been idle for a create to take it over where its range is full.",
    ),
    key(
        "resolve.strategy",
        KeyKind::ChoiceOrCommand(&["conservative", "aggressive", "intelligent"]),
        Stricter(BeforeOrCommand(&["conservative", "intelligent", "aggressive"])),
        "How conflicts are resolved: our service moves, the holder is terminated, whichever fits, or as a command says.",
    ),
    key(
        "resolve.allow_move",
        KeyKind::Flag,
        Stricter(False),
        "Whether an allocation may be moved to another port.",
    ),
    key(
        "resolve.preserve_foreign",
        KeyKind::Flag,
        Stricter(True),
        "Whether processes that are not ours are left alone.",
    ),
    key(
        "resolve.max_alternatives",
        KeyKind::Whole(1, 1000),
        AtOnce,
        "How many other ports are tried for one move.",
    ),
    key(
        "resolve.confirm",
        KeyKind::Flag,
        Stricter(True),
        "Whether a process is only terminated once somebody agreed.",
    ),
    key(
        "git.default_branch",
        KeyKind::Text,
        AtOnce,
        "The branch that others are merged into, where git does not tell.",
    ),
    key("forge.remote", KeyKind::Text, AtOnce, "The remote that serves pull requests, where several might."),
    key(
        "forge.**",
        KeyKind::Forge,
        AtOnce,
        "A forge by its host: its kind, or its ref of a pull request's head.",
    ),
    key(
        "hooks.pre_push",
        KeyKind::Choice(&["warn", "block"]),
        Stricter(Before(&["block", "warn"])),
        "What critical findings do to a push: they are said, or they stop it.",
    ),
    key(
        "hooks.protect_env",
        KeyKind::Flag,
        Stricter(True),
        "Whether a push is stopped that would publish an env block.",
    ),
    key(
        "adopt.auto",
        KeyKind::Flag,
        Stricter(False),
        "Whether git's hook records worktrees that plain git made.",
    ),
    key(
        "adopt.purpose",
        KeyKind::BranchPurposes,
        AtOnce,
        "Purposes of adopted worktrees by patterns of their branch, `*` for any letters, the empty one for none checked \
         out; what the branch begins with (`feature/`) goes first, then the longest pattern.",
    ),
    key(
        "adopt.agents",
        KeyKind::Flag,
        Stricter(False),
        "Whether `wt agent enter` records the worktree that a coding agent begins to work in.",
    ),
    key("health.timeout", KeyKind::Duration, AtOnce, "How long a health check may take that says no more."),
    key(
        "health.interval",
        KeyKind::Duration,
        AtOnce,
        "How often services are checked while they are watched.",
    ),
    key(
        "health.failures",
        KeyKind::Whole(1, 100),
        AtOnce,
        "How many failures in a row make a watched service unhealthy.",
    ),
    key(
        "health.successes",
        KeyKind::Whole(1, 100),
        AtOnce,
        "How many successes in a row make it healthy again.",
    ),
    key(
        "env.file",
        KeyKind::EnvFile,
        AtOnce,
        "Where the env block goes, relative to the worktree; `.env` without it, or `.env.local` where git tracks `.env`.",
    ),
    key(
        "env.set.*",
        KeyKind::Template(ENV_VALUES),
        Variable,
        "A further variable of the env block, named by the last word of the key.",
    ),
    key(
        "env.template",
        KeyKind::Text,
        AtOnce,
        "A template file for the env block, relative to the main worktree, instead of the built-in one.",
    ),
    key(
        "carry.copy",
        KeyKind::Words,
        Stricter(Added),
        "Ignored paths of the main worktree that a new worktree gets a copy of, beside those of `.worktreeinclude`; written \
         as lines of a `.gitignore`.",
    ),
    key(
        "carry.max_bytes",
        KeyKind::Size,
        AtOnce,
        "How large a match may be of which every byte is copied; where the file system shares blocks there is no limit.",
    ),
    key("carry.bytes", KeyKind::Flag, AtOnce, "Whether larger matches are copied too, byte by byte."),
    key(
        "remove.caches",
        KeyKind::Words,
        StricterUntilTrusted(Fewer),
        "Names of ignored files and folders that hold nothing worth keeping; `*` stands for any letters.",
    ),
    key(
        "url.host",
        KeyKind::Host,
        Address,
        "The host in URLs that people click; programs are told `localhost`.",
    ),
];
