//! The system calls at which things go wrong, each with the errors that its manual page names.

use std::fmt;

/// Calls that do one thing, and what the kernel may answer to them.
pub struct Class {
    pub calls: &'static [&'static str],
    pub errors: &'static [&'static str],
}

/// Every class; only errors that the manual page of its calls names, and that a healthy system may answer. Of `ioctl`, which asks
/// about terminals and clones ranges of files, both pages' count.
pub const CLASSES: [Class; 14] = [
    Class { calls: &["openat", "open"], errors: &["EACCES", "EMFILE", "ENOMEM", "ENOSPC", "EINTR"] },
    Class { calls: &["write", "pwrite64"], errors: &["ENOSPC", "EIO", "EINTR"] },
    Class { calls: &["fsync", "fdatasync"], errors: &["EIO", "ENOSPC", "EINTR"] },
    Class { calls: &["rename", "renameat", "renameat2"], errors: &["EACCES", "ENOSPC", "ENOMEM"] },
    Class { calls: &["unlink", "unlinkat"], errors: &["EACCES", "EIO", "ENOMEM"] },
    Class { calls: &["rmdir"], errors: &["EACCES", "ENOMEM"] },
    Class { calls: &["mkdir", "mkdirat"], errors: &["EACCES", "ENOSPC", "ENOMEM"] },
    Class {
        calls: &["link", "linkat", "symlink", "symlinkat"],
        errors: &["EACCES", "ENOSPC", "EIO", "ENOMEM"],
    },
    Class { calls: &["flock"], errors: &["EINTR", "ENOLCK"] },
    Class { calls: &["socket", "socketpair"], errors: &["EACCES", "EMFILE", "ENOMEM"] },
    Class { calls: &["clone", "clone3", "vfork", "fork"], errors: &["EAGAIN", "ENOMEM"] },
    Class { calls: &["execve"], errors: &["EACCES", "EMFILE", "ENOMEM"] },
    Class { calls: &["copy_file_range"], errors: &["EIO", "ENOSPC", "ENOMEM"] },
    Class { calls: &["ioctl"], errors: &["ENOTTY", "EOPNOTSUPP", "EXDEV", "EINVAL"] },
];

/// Every call of every class.
pub fn calls() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().flat_map(|class| class.calls.iter().copied())
}

/// What is done at a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    Error(&'static str),
    Kill,
}

impl Fault {
    /// As strace is told.
    pub fn injection(self) -> String {
        match self {
            Self::Error(error) => format!("error={error}"),
            Self::Kill => "signal=KILL".to_owned(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if let Self::Error(error) = self { error } else { "KILL" })
    }
}

impl Class {
    /// Everything that may happen at a call of this class.
    fn faults(&self) -> impl Iterator<Item = Fault> {
        self.errors.iter().map(|error| Fault::Error(error)).chain([Fault::Kill])
    }
}

/// Whose calls are counted: each thread and each child counts its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// The main thread of the command.
    Main,
    /// Every thread, and every process that it starts. In a scenario that looks at a process which runs already, all of that one's.
    Everyone,
    /// Every git that it starts, and not the command itself, which makes its N-th call before its children make theirs.
    Git,
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Main => "main",
            Self::Everyone => "everyone",
            Self::Git => "git",
        })
    }
}

/// Runs of one scenario that differ in the number of the call alone.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    pub scenario: &'static str,
    pub role: Role,
    pub call: &'static str,
    pub fault: Fault,
}

impl fmt::Display for Series {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\t{}\t{}\t{}", self.scenario, self.role, self.call, self.fault)
    }
}

/// Every series of a scenario.
pub fn series(scenario: &'static str, roles: &'static [Role]) -> Vec<Series> {
    let mut all = Vec::new();
    for role in roles {
        for class in &CLASSES {
            for call in class.calls {
                let of = |fault| Series { scenario, role: *role, call, fault };
                all.extend(class.faults().map(of));
            }
        }
    }
    all
}
