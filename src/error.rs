//! The one error type: a stable code, a message that names the thing, a hint that names the next step.
//! A leaf every layer may use; [`Code::exit_status`] is the only map from errors to exit codes.

use std::fmt;

use serde_json::{Map, Value};

/// The result of everything that can fail here.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// A stable error code: scripts match on [`Code::as_str`], so a spelling never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    NotARepository,
    BareUnsupported,
    BranchExists,
    BranchNotFound,
    BranchCheckedOut,
    WorktreeExists,
    PathNotEmpty,
    NameInvalid,
    NotFound,
    Ambiguous,
    PortConflict,
    RangeExhausted,
    PortExcluded,
    PortDenied,
    Dirty,
    Unpushed,
    Locked,
    RegistryCorrupt,
    RegistryNewer,
    RegistryLocked,
    ConfigInvalid,
    Untrusted,
    NotAllowed,
    EnvTracked,
    HookForeign,
    GitFailed,
    HookFailed,
    ServiceFailed,
    SetupFailed,
    SettingsInvalid,
    Permission,
    DiskFull,
    Interrupted,
    Unauthorized,
    Forbidden,
    AlreadyRunning,
    Claimed,
    ClaimsUnreachable,
    NotYours,
    HostUnreachable,
    Usage,
    Internal,
}

impl Code {
    /// Returns the spelling used in `--json` and in the documentation.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotARepository => "not_a_repository",
            Self::BareUnsupported => "bare_unsupported",
            Self::BranchExists => "branch_exists",
            Self::BranchNotFound => "branch_not_found",
            Self::BranchCheckedOut => "branch_checked_out",
            Self::WorktreeExists => "worktree_exists",
            Self::PathNotEmpty => "path_not_empty",
            Self::NameInvalid => "name_invalid",
            Self::NotFound => "not_found",
            Self::Ambiguous => "ambiguous",
            Self::PortConflict => "port_conflict",
            Self::RangeExhausted => "range_exhausted",
            Self::PortExcluded => "port_excluded",
            Self::PortDenied => "port_denied",
            Self::Dirty => "dirty",
            Self::Unpushed => "unpushed",
            Self::Locked => "locked",
            Self::RegistryCorrupt => "registry_corrupt",
            Self::RegistryNewer => "registry_newer",
            Self::RegistryLocked => "registry_locked",
            Self::ConfigInvalid => "config_invalid",
            Self::Untrusted => "untrusted",
            Self::NotAllowed => "not_allowed",
            Self::EnvTracked => "env_tracked",
            Self::HookForeign => "hook_foreign",
            Self::GitFailed => "git_failed",
            Self::HookFailed => "hook_failed",
            Self::ServiceFailed => "service_failed",
            Self::SetupFailed => "setup_failed",
            Self::SettingsInvalid => "settings_invalid",
            Self::Permission => "permission",
            Self::DiskFull => "disk_full",
            Self::Interrupted => "interrupted",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::AlreadyRunning => "already_running",
            Self::Claimed => "claimed",
            Self::ClaimsUnreachable => "claims_unreachable",
            Self::NotYours => "not_yours",
            Self::HostUnreachable => "host_unreachable",
            Self::Usage => "usage",
            Self::Internal => "internal",
        }
    }

    /// Returns the process exit status: 1 could not or refused, 2 asked wrongly or a broken record, 130 interrupted.
    #[must_use]
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Usage
            | Self::NameInvalid
            | Self::ConfigInvalid
            | Self::RegistryCorrupt
            | Self::RegistryNewer => 2,
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What went wrong, for people (message, hint) and for programs (code, details).
#[derive(Debug)]
pub struct Failure(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    message: String,
    hint: Option<String>,
    details: Map<String, Value>,
    source: Option<anyhow::Error>,
}

impl Failure {
    /// A failure with `code` whose `message` names the thing it is about.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Parts { code, message: message.into(), hint: None, details: Map::new(), source: None }))
    }

    /// A failure of the operating system: the code says disk full, permission or, failing those, `otherwise`.
    #[must_use]
    pub fn from_io(error: std::io::Error, otherwise: Code, message: impl fmt::Display) -> Self {
        use std::io::ErrorKind;
        let code = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Code::DiskFull,
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Code::Permission,
            _ => otherwise,
        };
        let message = format!("{message}: {error}");
        Self::new(code, message).caused_by(error)
    }

    /// Adds the next command to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds one machine-readable detail.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.details.insert(key.to_owned(), value.into());
        self
    }

    /// Adds the error underneath, shown with `-v`.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns the stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Returns the message, possibly several lines.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the next step, where there is one.
    #[must_use]
    pub fn next_step(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Returns the machine-readable details.
    #[must_use]
    pub fn details(&self) -> &Map<String, Value> {
        &self.0.details
    }

    /// Returns the error underneath, where there is one.
    #[must_use]
    pub fn source(&self) -> Option<&anyhow::Error> {
        self.0.source.as_ref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}
