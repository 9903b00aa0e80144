//! The machine: programs, ports, address families.

#![expect(
    clippy::unnecessary_wraps,
    reason = "each is a row of the list of checks, and some have nothing to say"
)]

use std::path::Path;

use super::sight::DoctorSight;
use crate::host::git;
use crate::host::net::{ephemeral, family, listeners, names, owner};
use crate::model::called::GIT_WT;
use crate::model::diagnosis::{self, DoctorCheck};
use crate::model::port::Port;

pub fn program(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    let first = sight.context.host.environment.find_program("wt");
    let own = sight.context.host.program().ok();
    let is_same = match (&first, &own) {
        // `git-wt` is the same program by another name, and lies beside it.
        (Some(first), Some(own)) => {
            is_same_file(first, own)
                || (own.ends_with(GIT_WT) && is_same_file(first, &own.with_file_name("wt")))
        }
        _ => false,
    };
    Some(diagnosis::program(first, own.as_deref(), is_same))
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let identity = |path: &Path| path.metadata().map(|found| (found.dev(), found.ino()));
    matches!((identity(one), identity(other)), (Ok(one), Ok(other)) if one == other)
}

pub fn git(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    Some(match git::git_version(&sight.context.folder, &sight.context.host.interrupt) {
        Ok(version) => diagnosis::git_version(version),
        Err(failure) => DoctorCheck::error(
            "git",
            format!("git does not run: {}", failure.message()),
            failure.next_step().unwrap_or("install git").to_owned(),
        ),
    })
}

pub fn ephemeral(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    Some(diagnosis::ephemeral(&ephemeral::read(), &sight.context.config.ranges()))
}

pub fn ipv6(_: &DoctorSight<'_>) -> Option<DoctorCheck> {
    if family::has_ipv6() {
        return Some(DoctorCheck::fine("ipv6", "servers can listen on ::1"));
    }
    Some(DoctorCheck::warning(
        "ipv6",
        "there is no IPv6: a server that is told to listen on `::` does not start, and only IPv4 is looked at",
        "sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.lo.disable_ipv6=0",
    ))
}

pub fn names(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    Some(diagnosis::names(names::finds_names_of_loopback()?, &sight.context.config.url.host))
}

pub fn listeners(_: &DoctorSight<'_>) -> Option<DoctorCheck> {
    Some(match listeners::listeners() {
        Ok(found) => DoctorCheck::fine(
            "listeners",
            format!("sockets that hold ports, as the system names them: {}", found.len()),
        ),
        Err(failure) => DoctorCheck::warning(
            "listeners",
            format!("the system does not name who listens, so holders of busy ports stay unknown: {failure}"),
            "sudo modprobe inet_diag tcp_diag (in a container, its sandbox has to allow NETLINK_SOCK_DIAG)",
        ),
    })
}

/// AirPlay's receiver listens on ports people like (macOS 12 and later).
pub fn airplay(sight: &DoctorSight<'_>) -> Option<DoctorCheck> {
    if !cfg!(target_os = "macos") {
        return None;
    }
    let ports: Vec<Port> = [5000, 7000].into_iter().filter_map(Port::new).collect();
    let wanted = |port: &Port| sight.context.config.ranges().iter().any(|(_, ranges)| ranges.contains(*port));
    let held = owner::attribute(&ports, &sight.known()).unwrap_or_default();
    let held = held.into_iter().find(|busy| !busy.listeners.is_empty() && wanted(&busy.port));
    Some(match held {
        None => DoctorCheck::fine("airplay", "nobody holds 5000 and 7000"),
        Some(busy) => DoctorCheck::warning(
            "airplay",
            format!(
                "port {} is held, as AirPlay Receiver does: it is never given out while it is",
                busy.port
            ),
            "System Settings, General, AirDrop & Handoff: turn AirPlay Receiver off",
        ),
    })
}
