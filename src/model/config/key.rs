//! What a key of the configuration is: its place, its type, what it counts for, its meaning.

use super::standing::KeyStanding;

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeyKind {
    /// Text that is not empty.
    Text,
    /// A template that may use these variables.
    Template(&'static [&'static str]),
    /// A template of the name of a host.
    Host,
    /// A list of texts.
    Words,
    /// A list of some of these words.
    Choices(&'static [&'static str]),
    /// The path of a URL.
    UrlPath,
    /// A list of service names.
    Services,
    /// A list of names of environment variables.
    Variables,
    /// A table of environment variables with their values.
    Environment,
    /// A range `"5000-5099"`, a port, or a list of them.
    Ports,
    /// A list of `{ ports, reason }`.
    Exclusions,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words, or `{ command = "…" }`.
    ChoiceOrCommand(&'static [&'static str]),
    /// A whole number between these.
    Whole(u32, u32),
    /// A number between these.
    Number(f64, f64),
    /// A length of time.
    Duration,
    /// A number of bytes.
    Size,
    /// A health check.
    Health,
    /// A command, split into words, each a template.
    Command,
    /// The same, of words that a notice has.
    NoticeCommand,
    /// An address that notices are posted to, or a file that has it.
    Webhook,
    /// Two times of day.
    Hours,
    /// A list of commands of a worktree, run one after the other.
    Commands,
    /// A folder below the worktree.
    Folder,
    /// A file below the worktree.
    EnvFile,
    /// The name of a service of a compose file.
    Compose,
    /// A list of service names, or a table with a condition for each.
    Needs,
    /// `{ signal, timeout }`.
    Stop,
    /// `{ memory, cpu }`.
    Limits,
    /// A policy, or `{ policy, max, backoff }`.
    Restart,
    /// True or false.
    Flag,
    /// True or false, a number of ports, or a list of service names.
    PortWish,
    /// A table of patterns of branches, each with a purpose.
    BranchPurposes,
    /// `{ kind, pull }`.
    Forge,
}

/// One key; `*` in its path stands for the name of a purpose, a service or a variable, `**` for all the rest: a host has dots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConfigKey {
    pub path: &'static str,
    pub kind: KeyKind,
    /// What it counts for in a repository's file.
    pub standing: KeyStanding,
    pub meaning: &'static str,
}

/// The most processes of one service.
pub const MOST_INSTANCES: u32 = 16;

/// Makes one.
pub const fn key(
    path: &'static str,
    kind: KeyKind,
    standing: KeyStanding,
    meaning: &'static str,
) -> ConfigKey {
    ConfigKey { path, kind, standing, meaning }
}

#[cfg(test)]
impl ConfigKey {
    /// Returns the key as the documentation writes it.
    #[must_use]
    pub fn written(&self) -> String {
        self.path.replace("**", "HOST").replace('*', "NAME")
    }
}

/// What the templates of names may use.
pub const NAME_VALUES: &[&str] = &["purpose", "identifier", "repo_name", "repo_parent", "repo_path"];

/// What the template of a path may use.
pub const PATH_VALUES: &[&str] =
    &["purpose", "identifier", "repo_name", "repo_parent", "repo_path", "name", "branch"];

/// What the template of a service's URL may use.
pub const URL_VALUES: &[&str] =
    &["port", "host", "service", "purpose", "identifier", "name", "branch", "repo_name"];

/// What the words of a command may use.
pub const COMMAND_VALUES: &[&str] = &[
    "port",
    "ports",
    "url",
    "urls",
    "service",
    "purpose",
    "identifier",
    "name",
    "branch",
    "path",
    "repo_name",
    "repo_path",
];

/// What the template of a variable of the env block may use.
pub const ENV_VALUES: &[&str] = &["ports", "urls", "purpose", "identifier", "name", "branch", "repo_name"];

/// What the words of a worktree's own commands may use.
pub const WORKTREE_COMMAND_VALUES: &[&str] =
    &["ports", "urls", "purpose", "identifier", "name", "branch", "path", "repo_name", "repo_path"];
