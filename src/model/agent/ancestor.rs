//! Which process is the agent's: hooks are run as `sh -c …`, whose shell ends at once, so the nearest ancestor counts that
//! does more than start others.

/// What only starts other programs, by its name in `/proc/PID/stat`, which is cut at 15 letters (`proc_pid_stat(5)`).
const STARTERS: [&str; 22] = [
    "sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "ash", "busybox", "csh", "tcsh", "wt", "git-wt",
    "git", "env", "timeout", "nohup", "setsid", "nice", "stdbuf", "sudo", "xargs",
];

/// What starts the machine, a container or a user's session: whoever is left to it has no agent any more.
const ROOTS: [&str; 7] = ["systemd", "init", "tini", "dumb-init", "docker-init", "catatonit", "launchd"];

/// Returns the process of the agent among `ancestors`, each with its name, the nearest first.
#[must_use]
pub fn agent<'a>(ancestors: impl Iterator<Item = (u32, &'a str)>) -> Option<(u32, &'a str)> {
    let mut ancestors = ancestors.skip_while(|(_, name)| STARTERS.contains(&name.trim_start_matches('-')));
    ancestors.next().filter(|(_, name)| !ROOTS.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_and_whatever_else_starts_programs_are_passed_over() {
        let cases: [(&[&str], Option<usize>); 8] = [
            (&["sh", "claude", "bash"], Some(1)),
            (&["sh", "timeout", "env", "node", "zsh"], Some(3)),
            (&["git", "-bash", "codex"], Some(2)),
            (&["node"], Some(0)),
            (&["sh", "systemd"], None),
            // A shell is the first process of a container.
            (&["sh", "bash"], None),
            (&["tini", "node"], None),
            (&[], None),
        ];
        for (names, expected) in cases {
            let chain = names.iter().enumerate().map(|(at, name)| (u32::try_from(at).unwrap(), *name));
            let found = agent(chain).map(|(at, _)| usize::try_from(at).unwrap());
            assert_eq!(found, expected, "{names:?}");
        }
    }
}
