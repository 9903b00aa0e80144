//! Who may be ended to free a port, and whether that needs an answer first. Pure: the process, ourselves and the flags
//! are arguments.

use serde::Serialize;

/// A process that holds a port, as far as the rules look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillTarget<'a> {
    pub pid: u32,
    /// Every name it goes by: the kernel's short one, its program file, its first word. Paths are cut to their last part.
    pub names: Vec<&'a str>,
    /// The user id it runs as.
    pub user: u32,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ourselves {
    pub pid: u32,
    /// Our parents, up to the first process.
    pub ancestors: Vec<u32>,
    pub user: u32,
}

/// Why a process is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KillRefusal {
    /// Pid 1: also what holds the sockets of services that it starts on demand.
    FirstProcess,
    Ourselves,
    /// A parent of ours: the shell that waits for us, or what that runs in.
    Parent,
    /// The process behind the socket cannot be seen.
    Unseen,
    /// A process of another user.
    OtherUser,
    /// What lets people log in.
    Login,
    /// A database: ended at the wrong time it loses what others stored.
    Database,
    /// A container's proxy or runtime: the container goes on, or all of them end.
    Container,
    /// A user's own service manager, which holds sockets for the services it starts.
    ServiceManager,
    /// What supervises the services of a worktree: it holds the ports of those that sleep, and all of them end with it.
    Supervisor,
}

impl KillRefusal {
    /// Answers whether no `--force` changes it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::FirstProcess | Self::Ourselves | Self::Parent | Self::Unseen)
    }

    /// Returns the reason in words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::FirstProcess => {
                "it is the first process (pid 1), which starts services on demand: stop its socket unit instead"
            }
            Self::Ourselves => "it is this command itself",
            Self::Parent => "this command runs inside it",
            Self::Unseen => "its process cannot be seen: another user's, or a container's",
            Self::OtherUser => "it belongs to another user",
            Self::Login => "it lets people log in",
            Self::Database => "it is a database: stop it with its own tools",
            Self::Container => "it serves containers: stop the container instead (`docker ps`)",
            Self::ServiceManager => "it starts services on demand: stop its socket unit instead",
            Self::Supervisor => "it supervises all services of that worktree: `wt down` stops them",
        }
    }
}

const LOGIN: [&str; 2] = ["sshd", "dropbear"];

const DATABASES: [&str; 27] = [
    "postgres",
    "postmaster",
    "mysqld",
    "mariadbd",
    "mongod",
    "mongos",
    "redis-server",
    "redis-sentinel",
    "valkey-server",
    "keydb-server",
    "dragonfly",
    "memcached",
    "cockroach",
    "clickhouse",
    "clickhouse-server",
    "influxd",
    "etcd",
    "sqlservr",
    "oracle",
    "tnslsnr",
    "arangod",
    "rethinkdb",
    "surreal",
    "scylla",
    "tidb-server",
    "tikv-server",
    "nebula-graphd",
];

const CONTAINERS: [&str; 20] = [
    "docker-proxy",
    "dockerd",
    "docker",
    "com.docker",
    "containerd",
    "vpnkit",
    "rootlesskit",
    "rootlessport",
    "slirp4netns",
    "pasta",
    "passt",
    "gvproxy",
    "conmon",
    "podman",
    "crio",
    "kubelet",
    "kube-proxy",
    "k3s",
    "limactl",
    "orbstack",
];

const SERVICE_MANAGERS: [&str; 2] = ["systemd", "launchd"];

/// Returns why `holder` is left alone; `None` when it may be ended. With `force` only what is final remains.
#[must_use]
pub fn refusal(holder: &KillTarget<'_>, ourselves: &Ourselves, force: bool) -> Option<KillRefusal> {
    let found = standing(holder, ourselves)?;
    (found.is_final() || !force).then_some(found)
}

fn standing(holder: &KillTarget<'_>, ourselves: &Ourselves) -> Option<KillRefusal> {
    let is_named = |list: &[&str]| holder.names.iter().any(|name| list.iter().any(|known| is(name, known)));
    if holder.pid <= 1 {
        Some(KillRefusal::FirstProcess)
    } else if holder.pid == ourselves.pid {
        Some(KillRefusal::Ourselves)
    } else if ourselves.ancestors.contains(&holder.pid) {
        Some(KillRefusal::Parent)
    } else if is_named(&LOGIN) {
        Some(KillRefusal::Login)
    } else if is_named(&DATABASES) {
        Some(KillRefusal::Database)
    } else if is_named(&CONTAINERS) {
        Some(KillRefusal::Container)
    } else if is_named(&SERVICE_MANAGERS) {
        Some(KillRefusal::ServiceManager)
    } else if holder.user != ourselves.user {
        Some(KillRefusal::OtherUser)
    } else {
        None
    }
}

/// `postgres`, `postgres: 17/main: writer`, `/usr/lib/postgresql/17/bin/postgres`, `mysqld-8.0`, `redis-server *:6379`,
/// `sshd-session`; not `postgrest`.
fn is(name: &str, known: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let first = name.split_ascii_whitespace().next().unwrap_or_default();
    let starts = |text: &str| {
        let base = text.rsplit('/').next().unwrap_or(text);
        let rest = base.strip_prefix(known);
        rest.is_some_and(|rest| rest.chars().next().is_none_or(|letter| !letter.is_ascii_alphabetic()))
    };
    // A path may hold spaces, and a title may hold slashes.
    starts(&name) || starts(first)
}

/// What it takes before anything is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    Given,
    /// Somebody is there to be asked.
    Ask,
    /// Nobody is there to be asked, and strangers are at stake.
    Missing,
}

/// Decides whether to ask: `--yes` answers, a terminal is asked, and without one only what is ours goes on.
#[must_use]
pub fn consent(all_ours: bool, is_agreed: bool, is_interactive: bool) -> Consent {
    if is_agreed {
        Consent::Given
    } else if is_interactive {
        Consent::Ask
    } else if all_ours {
        Consent::Given
    } else {
        Consent::Missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ourselves() -> Ourselves {
        Ourselves { pid: 500, ancestors: vec![400, 300, 1], user: 1000 }
    }

    fn holder<'a>(pid: u32, names: &[&'a str], user: u32) -> KillTarget<'a> {
        KillTarget { pid, names: names.to_vec(), user }
    }

    #[test]
    fn a_plain_server_of_ours_may_be_ended() {
        for names in [&["python3"][..], &["node", "/usr/bin/node"], &[], &["postgrest"], &["dockerize"]] {
            assert_eq!(refusal(&holder(900, names, 1000), &ourselves(), false), None, "{names:?}");
        }
    }

    #[test]
    fn the_first_process_ourselves_and_every_parent_are_refused_even_with_force() {
        let cases = [
            (0, KillRefusal::FirstProcess),
            (1, KillRefusal::FirstProcess),
            (500, KillRefusal::Ourselves),
            (400, KillRefusal::Parent),
            (300, KillRefusal::Parent),
        ];
        for (pid, expected) in cases {
            for force in [false, true] {
                for (names, user) in [(&["python3"], 1000), (&["sshd"], 0)] {
                    let found = refusal(&holder(pid, names, user), &ourselves(), force);
                    assert_eq!(found, Some(expected), "{pid} {force}");
                }
            }
        }
    }

    #[test]
    fn other_users_logins_databases_and_container_proxies_need_force() {
        let cases = [
            (holder(900, &["python3"], 0), KillRefusal::OtherUser),
            (holder(900, &["sshd"], 1000), KillRefusal::Login),
            (holder(900, &["sshd-session"], 1000), KillRefusal::Login),
            (holder(900, &["systemd"], 1000), KillRefusal::ServiceManager),
            (holder(900, &["containerd-shim"], 0), KillRefusal::Container),
            (holder(900, &["com.docker.back", "com.docker.backend"], 1000), KillRefusal::Container),
        ];
        for (holder, expected) in cases {
            assert_eq!(refusal(&holder, &ourselves(), false), Some(expected), "{holder:?}");
            assert_eq!(refusal(&holder, &ourselves(), true), None, "{holder:?}");
        }
        for name in DATABASES {
            assert_eq!(refusal(&holder(9, &[name], 1000), &ourselves(), false), Some(KillRefusal::Database));
        }
        for name in CONTAINERS {
            assert_eq!(refusal(&holder(9, &[name], 1000), &ourselves(), false), Some(KillRefusal::Container));
        }
    }

    #[test]
    fn any_of_its_names_gives_a_process_away() {
        let names = [
            &["java", "/usr/lib/postgresql/17/bin/postgres"][..],
            &["x", "redis-server *:6379"],
            &["MYSQLD"],
            &["mysqld-8.0"],
            &["postgres: checkpointer"],
            &["postgres: 17/main: walwriter"],
            &["/opt/my databases/mongod"],
        ];
        for names in names {
            let found = refusal(&holder(900, names, 1000), &ourselves(), false);
            assert_eq!(found, Some(KillRefusal::Database), "{names:?}");
        }
    }

    #[test]
    fn strangers_are_asked_about_or_need_yes_and_what_is_ours_goes_on_where_nobody_can_be_asked() {
        for all_ours in [false, true] {
            for is_interactive in [false, true] {
                assert_eq!(consent(all_ours, true, is_interactive), Consent::Given, "--yes");
            }
            assert_eq!(consent(all_ours, false, true), Consent::Ask);
        }
        assert_eq!(consent(true, false, false), Consent::Given);
        assert_eq!(consent(false, false, false), Consent::Missing);
    }

    #[test]
    fn only_what_could_end_ourselves_or_cannot_be_named_is_final() {
        use KillRefusal::*;
        for refusal in [FirstProcess, Ourselves, Parent, Unseen] {
            assert!(refusal.is_final() && !refusal.reason().is_empty());
        }
        for refusal in [OtherUser, Login, Database, Container, ServiceManager] {
            assert!(!refusal.is_final() && !refusal.reason().is_empty());
        }
    }
}
