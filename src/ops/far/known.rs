//! The hosts that are known by a name.

use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::host_book::{self, KnownHost};
use crate::host::ssh::Ssh;
use crate::model::ssh_address::SshAddress;
use crate::model::words;

/// A host and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct HostAdded {
    pub name: String,
    pub address: String,
    /// The address that the name had before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former: Option<String>,
}

/// A host that is not known any more.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct HostRemoved {
    pub name: String,
    pub address: String,
}

/// The hosts that are known.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct HostList {
    pub hosts: Vec<HostAdded>,
}

/// Gives the host at `address` a name, in place of what had that name.
///
/// # Errors
///
/// `name_invalid`; `usage` for an address that is none.
pub fn add(context: &Context, name: &str, address: &str) -> Result<HostAdded> {
    let is_letter = |one: char| one.is_ascii_alphanumeric() || "-._".contains(one);
    if name.is_empty() || name.starts_with(['-', '.']) || !name.chars().all(is_letter) {
        let message = format!("`{}` is no name of a host", name.escape_debug());
        return Err(Failure::new(Code::NameInvalid, message)
            .hint("it begins with a letter, a digit or `_`; `-` and `.` may follow"));
    }
    let address = SshAddress::parse(address).map_err(|why| Failure::new(Code::Usage, why))?.written();
    let dirs = context.host.dirs()?;
    let former = host_book::change(dirs.require_state()?, &context.host.interrupt, |hosts| {
        let known = hosts.iter().position(|host| host.name == name);
        let former = known.map(|at| hosts.remove(at).address);
        hosts.push(KnownHost { name: name.to_owned(), address: address.clone() });
        Ok(former)
    })?;
    Ok(HostAdded { name: name.to_owned(), former: former.filter(|former| *former != address), address })
}

/// Forgets a host.
///
/// # Errors
///
/// `not_found`.
pub fn remove(context: &Context, name: &str) -> Result<HostRemoved> {
    let dirs = context.host.dirs()?;
    let removed = host_book::change(dirs.require_state()?, &context.host.interrupt, |hosts| {
        let at = hosts.iter().position(|host| host.name == name).ok_or_else(|| unknown(name))?;
        Ok(hosts.remove(at))
    })?;
    Ok(HostRemoved { name: removed.name, address: removed.address })
}

/// Returns the hosts.
///
/// # Errors
///
/// `config_invalid` where their file cannot be read.
pub fn hosts(context: &Context) -> Result<HostList> {
    let all = host_book::read(context.host.dirs()?.state())?;
    let row = |host: KnownHost| HostAdded { name: host.name, address: host.address, former: None };
    Ok(HostList { hosts: all.into_iter().map(row).collect() })
}

/// Returns how the hosts called so are reached, all of them without names.
pub(super) fn reached(context: &Context, names: &[String]) -> Result<Vec<Ssh>> {
    let all = host_book::read(context.host.dirs()?.state())?;
    for name in names {
        if all.iter().all(|host| host.name != *name) {
            return Err(unknown(name));
        }
    }
    let words = words::split(&context.config.team.ssh)
        .map_err(|why| Failure::new(Code::ConfigInvalid, format!("`team.ssh` {why}")))?;
    let asked = all.into_iter().filter(|host| names.is_empty() || names.contains(&host.name));
    let reach = |host: KnownHost| {
        let address =
            SshAddress::parse(&host.address).map_err(|why| Failure::new(Code::ConfigInvalid, why))?;
        Ok(Ssh { words: words.clone(), name: host.name, address })
    };
    asked.map(reach).collect()
}

fn unknown(name: &str) -> Failure {
    Failure::new(Code::NotFound, format!("no host is called `{}`", name.escape_debug()))
        .hint(
            "`wt team hosts` shows those that are known, `wt team hosts add NAME ssh://HOST` makes one known",
        )
        .detail("host", name)
}
