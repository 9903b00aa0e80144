//! What on a machine will bite: one row for each thing looked at, judged from what was seen.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::ephemeral::EphemeralPorts;
use crate::model::port::PortRanges;

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    Warning,
    Error,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct DoctorCheck {
    pub name: &'static str,
    pub status: Status,
    /// What was seen and, where it is not fine, why it matters.
    pub message: String,
    /// The next command.
    pub hint: Option<String>,
}

impl DoctorCheck {
    /// A thing that is fine.
    #[must_use]
    pub fn fine(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, message: message.into(), hint: None }
    }

    /// A thing that will bite at times.
    #[must_use]
    pub fn warning(name: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { name, status: Status::Warning, message: message.into(), hint: Some(hint.into()) }
    }

    /// A thing that keeps commands from working.
    #[must_use]
    pub fn error(name: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { status: Status::Error, ..Self::warning(name, message, hint) }
    }
}

/// Judges whether the names of worktrees are found. `finds` is whether the C library finds every name below `localhost`.
#[must_use]
pub fn names(finds: bool, host: &str) -> DoctorCheck {
    const NAME: &str = "names";
    if finds {
        return DoctorCheck::fine(NAME, "programs find the names below `localhost`");
    }
    let message = "browsers and curl find the names below `localhost`, other programs do not: plain glibc knows none of them";
    if host.ends_with(".localhost") {
        let hint = "use `<SERVICE>_URL` for programs: it has `localhost`; or install nss-myhostname";
        return DoctorCheck::warning(
            NAME,
            format!("{message}, and `url.host` gives worktrees such names"),
            hint,
        );
    }
    DoctorCheck::fine(NAME, message)
}

/// Judges whether the kernel gives ports of our ranges to outgoing connections.
#[must_use]
pub fn ephemeral(kernel: &EphemeralPorts, ours: &[(String, PortRanges)]) -> DoctorCheck {
    const NAME: &str = "ephemeral-ports";
    let Some(range) = kernel.range else {
        return DoctorCheck::fine(
            NAME,
            "the system does not tell which ports it gives to outgoing connections",
        );
    };
    let Some(bitten) = kernel.bitten(ours) else {
        return DoctorCheck::fine(NAME, format!("{range}: no port range of ours lies in it"));
    };
    let named: Vec<String> = bitten.ranges.iter().map(|(whose, range)| format!("{whose} {range}")).collect();
    DoctorCheck::warning(
        NAME,
        format!(
            "{} overlaps {range}, from which the kernel gives ports to outgoing connections: a port may be \
             taken before its server starts",
            named.join(", ")
        ),
        bitten.remedy,
    )
}

/// What was seen of the state folder, or of the nearest folder above it that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFolderFacts {
    pub exists: bool,
    /// The user id that owns it.
    pub owner: u32,
    /// The permission bits.
    pub mode: u32,
    pub writable: bool,
    /// The network file system it lies on: `nfs`.
    pub network: Option<&'static str>,
}

/// Judges the state folder for the user with the id `user`.
#[must_use]
pub fn state_folder(path: &Path, facts: &StateFolderFacts, user: u32) -> DoctorCheck {
    const NAME: &str = "state-folder";
    let shown = path.display();
    let other = "set WT_STATE_DIR to a folder of your own on a local disk";
    if !facts.writable {
        let why = "nothing can be recorded, so every command that changes something fails";
        return DoctorCheck::error(NAME, format!("{shown} cannot be written to: {why}"), other);
    }
    if !facts.exists {
        return DoctorCheck::fine(NAME, format!("{shown} will be made when it is needed"));
    }
    if facts.owner != user {
        let message =
            format!("{shown} belongs to user {}: whoever that is may change your records", facts.owner);
        return DoctorCheck::warning(NAME, message, other);
    }
    if facts.mode & 0o022 != 0 {
        let message = format!("{shown} may be written to by others: they may change your records");
        return DoctorCheck::warning(NAME, message, format!("chmod 700 '{shown}'"));
    }
    if let Some(kind) = facts.network {
        let message = format!("{shown} lies on {kind}: locks there do not hold between machines");
        return DoctorCheck::warning(NAME, message, other);
    }
    if facts.mode & 0o055 != 0 {
        let message = format!("{shown} may be read by others: they see your paths and branches");
        return DoctorCheck::warning(NAME, message, format!("chmod 700 '{shown}'"));
    }
    DoctorCheck::fine(NAME, shown.to_string())
}

/// Judges which `wt` a shell and git's hooks find: `first` on PATH, `own` being the one that runs.
#[must_use]
pub fn program(first: Option<PathBuf>, own: Option<&Path>, is_same: bool) -> DoctorCheck {
    const NAME: &str = "wt-on-path";
    let folder = own.and_then(Path::parent).map(|folder| folder.display().to_string());
    let put = folder.map_or_else(
        || "put its folder first on PATH".to_owned(),
        |folder| format!("export PATH='{folder}':\"$PATH\""),
    );
    match first {
        None => DoctorCheck::warning(NAME, "no `wt` is on PATH: git's hooks find none and do nothing", put),
        Some(first) if is_same => DoctorCheck::fine(NAME, first.display().to_string()),
        Some(first) => DoctorCheck::warning(
            NAME,
            format!(
                "{} comes first on PATH and is another program than the one that runs: shells and git's hooks start \
                 that one",
                first.display()
            ),
            put,
        ),
    }
}

/// Judges git's version, as major and minor.
#[must_use]
pub fn git_version((major, minor): (u32, u32)) -> DoctorCheck {
    const NAME: &str = "git";
    let version = format!("{major}.{minor}");
    let upgrade = "install a newer git (2.38 or later)";
    match (major, minor) {
        (..=1, _) | (2, ..=16) => DoctorCheck::error(
            NAME,
            format!("git {version} is too old: worktrees cannot be moved or listed as they are here"),
            upgrade,
        ),
        (2, ..=37) => DoctorCheck::warning(
            NAME,
            format!(
                "git {version} cannot try a merge without a checkout: `wt prune --merged` finds fewer squash merges"
            ),
            upgrade,
        ),
        _ => DoctorCheck::fine(NAME, version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_in_the_kernels_own_are_named_with_the_command_that_keeps_them_out() {
        let kernel = |text: Option<&str>| EphemeralPorts {
            range: text.map(|text| text.parse().unwrap()),
            reserved: "8080".to_owned(),
        };
        let ours = |text: &str| vec![("feature".to_owned(), PortRanges(vec![text.parse().unwrap()]))];
        assert_eq!(ephemeral(&kernel(Some("32768-60999")), &ours("5000-5099")).status, Status::Ok);
        assert_eq!(ephemeral(&kernel(None), &ours("40000-40099")).status, Status::Ok);
        let bitten = ephemeral(&kernel(Some("32768-60999")), &ours("40000-40099"));
        assert_eq!(bitten.status, Status::Warning);
        assert!(bitten.message.starts_with("feature 40000-40099 overlaps 32768-60999"), "{bitten:?}");
        assert!(bitten.hint.unwrap().ends_with("ip_local_reserved_ports=8080,40000-40099"));
    }

    #[test]
    fn a_state_folder_is_ours_alone_writable_and_on_a_local_disk() {
        let good = StateFolderFacts { exists: true, owner: 7, mode: 0o700, writable: true, network: None };
        let judged = |facts: &StateFolderFacts| state_folder(Path::new("/s"), facts, 7).status;
        assert_eq!(judged(&good), Status::Ok);
        assert_eq!(
            judged(&StateFolderFacts { exists: false, owner: 0, mode: 0o755, ..good.clone() }),
            Status::Ok
        );
        assert_eq!(judged(&StateFolderFacts { writable: false, ..good.clone() }), Status::Error);
        for bad in [
            StateFolderFacts { owner: 0, ..good.clone() },
            StateFolderFacts { mode: 0o770, ..good.clone() },
            StateFolderFacts { mode: 0o755, ..good.clone() },
            StateFolderFacts { network: Some("nfs"), ..good.clone() },
        ] {
            assert_eq!(judged(&bad), Status::Warning, "{bad:?}");
        }
    }

    #[test]
    fn another_wt_on_the_path_is_named() {
        let own = Path::new("/new/wt");
        let other = program(Some("/old/wt".into()), Some(own), false);
        assert_eq!(other.status, Status::Warning);
        assert!(other.message.starts_with("/old/wt") && other.hint.unwrap().contains("/new"));
        assert_eq!(program(Some("/new/wt".into()), Some(own), true).status, Status::Ok);
        assert_eq!(program(None, Some(own), false).status, Status::Warning);
    }

    #[test]
    fn old_gits_are_told_from_those_too_old() {
        let status = |version| git_version(version).status;
        assert_eq!(
            [(1, 9), (2, 16), (2, 17), (2, 37), (2, 38), (3, 0)].map(status),
            [Status::Error, Status::Error, Status::Warning, Status::Warning, Status::Ok, Status::Ok]
        );
    }

    #[test]
    fn names_below_localhost_matter_only_where_worktrees_have_such_names() {
        for (finds, host, status) in [
            (true, "{{ name }}.localhost", Status::Ok),
            (false, "{{ name }}.localhost", Status::Warning),
            (false, "localhost", Status::Ok),
            (false, "{{ name }}.test", Status::Ok),
        ] {
            let found = names(finds, host);
            assert_eq!((found.name, found.status), ("names", status), "{finds} {host}");
            assert_eq!(found.hint.is_some(), status == Status::Warning, "{finds} {host}");
        }
        assert_eq!(names(true, "localhost").message, "programs find the names below `localhost`");
        let unfound = names(false, "localhost").message;
        assert!(unfound.starts_with("browsers and curl find the names below `localhost`"), "{unfound}");
    }

    #[test]
    fn a_state_folder_says_which_of_its_bits_let_whom_in() {
        let good = StateFolderFacts { exists: true, owner: 7, mode: 0o700, writable: true, network: None };
        let message = |mode| {
            let facts = StateFolderFacts { mode, ..good.clone() };
            state_folder(Path::new("/s"), &facts, 7).message
        };
        let (read, write) = (
            "/s may be read by others: they see your paths and branches",
            "/s may be written to by others: they may change your records",
        );
        for (mode, said) in [
            (0o700, "/s"),
            (0o740, read),
            (0o710, read),
            (0o704, read),
            (0o701, read),
            (0o720, write),
            (0o702, write),
            (0o777, write),
        ] {
            assert_eq!(message(mode), said, "{mode:o}");
        }
        let on = StateFolderFacts { network: Some("nfs"), mode: 0o755, ..good.clone() };
        let seen = state_folder(Path::new("/s"), &on, 7);
        assert_eq!(seen.message, "/s lies on nfs: locks there do not hold between machines");
        assert_eq!(seen.hint.as_deref(), Some("set WT_STATE_DIR to a folder of your own on a local disk"));
        let absent = StateFolderFacts { exists: false, ..good };
        assert_eq!(state_folder(Path::new("/s"), &absent, 7).message, "/s will be made when it is needed");
    }

    #[test]
    fn a_program_that_is_not_found_first_is_put_there_by_its_folder() {
        let hint = |own: Option<&str>| program(None, own.map(Path::new), false).hint;
        assert_eq!(hint(Some("/new/wt")).as_deref(), Some("export PATH='/new':\"$PATH\""));
        assert_eq!(hint(None).as_deref(), Some("put its folder first on PATH"));
        let fine = program(Some("/new/wt".into()), Some(Path::new("/new/wt")), true);
        assert_eq!((fine.message.as_str(), fine.hint), ("/new/wt", None));
    }

    #[test]
    fn a_version_of_git_that_is_fine_is_all_that_is_said() {
        let fine = git_version((2, 47));
        assert_eq!((fine.name, fine.message.as_str(), fine.hint), ("git", "2.47", None));
        assert!(git_version((2, 16)).message.starts_with("git 2.16 is too old"));
        assert!(git_version((2, 20)).message.starts_with("git 2.20 cannot try a merge"));
    }
}
