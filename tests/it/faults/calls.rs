//! The system calls at which things go wrong, each with the errors that its manual page names.

use std::fmt;

/// Calls that do one thing, and what the kernel may answer to them.
pub struct Class {
    pub calls: &'static [&'static str],
    pub errors: &'static [&'static str],
}

/// Every class; only errors that the manual page of its calls names, and that a healthy system may answer.
pub const CLASSES: [Class; 13] = [
    Class { calls: &["openat", "open"], errors: &["EACCES", "EMFILE", "ENOSPC", "EINTR"] },
    Class { calls: &["write", "pwrite64"], errors: &["ENOSPC", "EIO", "EINTR"] },
    Class { calls: &["fsync", "fdatasync"], errors: &["EIO", "ENOSPC"] },
    Class { calls: &["rename", "renameat", "renameat2"], errors: &["EACCES", "ENOSPC", "ENOMEM"] },
    Class { calls: &["unlink", "unlinkat", "rmdir"], errors: &["EACCES", "EIO"] },
    Class { calls: &["mkdir", "mkdirat"], errors: &["EACCES", "ENOSPC"] },
    Class { calls: &["link", "linkat", "symlink", "symlinkat"], errors: &["EACCES", "ENOSPC", "EIO"] },
    Class { calls: &["flock"], errors: &["EINTR", "ENOLCK"] },
    Class { calls: &["socket", "socketpair"], errors: &["EMFILE", "ENOMEM"] },
    Class { calls: &["clone", "clone3", "vfork", "fork"], errors: &["EAGAIN", "ENOMEM"] },
    Class { calls: &["execve"], errors: &["EACCES", "ENOMEM"] },
    Class { calls: &["copy_file_range"], errors: &["EIO", "ENOSPC", "ENOMEM"] },
    Class { calls: &["ioctl"], errors: &["ENOTTY"] },
];

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
    pub fn faults(&self) -> impl Iterator<Item = Fault> {
        self.errors.iter().map(|error| Fault::Error(error)).chain([Fault::Kill])
    }
}

/// Whose calls are counted: each thread and each child counts its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The main thread of the command.
    Main,
    /// Every thread, and every process that it starts.
    Everyone,
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if *self == Self::Main { "main" } else { "everyone" })
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
