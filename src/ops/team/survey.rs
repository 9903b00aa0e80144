//! Gathers who has what: ports of this machine and of the team, branches, and the team's hosts. What was put off is settled before.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::branches::{self, BranchRow, HostRow, UnreadRow};
use super::port_row::PortRow;
use crate::context::Context;
use crate::error::{Code, Result};
use crate::host::process::users::{self, Users};
use crate::model::claim::ClaimSubject;
use crate::ops::claims;
use crate::ops::host_ports;
use crate::ops::unkept_claims;

/// Who has what.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Report {
    /// The folder that the users of this machine share; `null` without one.
    pub shared_host: Option<String>,
    pub ports: Vec<PortRow>,
    /// The remote that has the claims on branches; `null` where none does.
    pub remote: Option<String>,
    pub branches: Vec<BranchRow>,
    /// The hosts that claimed something there, and when each was seen last.
    pub hosts: Vec<HostRow>,
    /// Claims of which nothing is known but the branch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadRow>,
    /// What was settled and lost, or could not be asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Looks who has what, once what earlier commands put off is settled.
///
/// # Errors
///
/// `claims_unreachable` for a shared folder that cannot be used; fails when the registry cannot be read.
pub fn survey(context: &Context) -> Result<Report> {
    let shared = context.shared_host()?;
    let mut ports: Vec<PortRow> = host_ports::others(context)?
        .into_iter()
        .map(|(port, holding)| PortRow {
            port,
            user: holding.user,
            host: holding.host,
            worktree: holding.worktree,
            since: holding.since,
            own: false,
        })
        .collect();
    if shared.is_some() {
        let (user, host) = (Users::default().name(users::ourselves()), context.host.name());
        let registry = context.store()?.read()?;
        for entry in registry.entries().filter(|entry| entry.is_living()) {
            let claims = entry.notes.claims.read_each();
            for allocation in &entry.allocations {
                let Some(port) = allocation.find_port() else { continue };
                if claims.iter().any(|claim| claim.subject == ClaimSubject::Port(port)) {
                    ports.push(PortRow {
                        port,
                        user: user.clone(),
                        host: host.clone(),
                        worktree: entry.name.clone(),
                        since: Some(allocation.allocated_at),
                        own: true,
                    });
                }
            }
        }
    }
    let mut warnings = claims::catch_up(context);
    warnings.extend(context.config.uncounted_of("team."));
    warnings.extend(unkept_claims::warning(context));
    let rows = match branches::rows(context) {
        // What this machine knows by itself is shown all the same.
        Err(failure) if failure.code() == Code::ClaimsUnreachable && shared.is_some() => {
            warnings.push(failure.to_string());
            branches::Rows::default()
        }
        rows => rows?,
    };
    let branches::Rows { branches, ports: of_team, hosts, unread } = rows;
    // A port of this machine's own that others see over the network as well is one row.
    for row in of_team {
        if !ports.iter().any(|known| known.port == row.port && known.host == row.host) {
            ports.push(row);
        }
    }
    ports.sort_by_key(|row| (row.port, !row.own));
    let shared_host = shared.map(|shared| PathBuf::from(shared.path()).display().to_string());
    let remote = context.network_claims().map(|claims| claims.keeper.name().to_owned());
    Ok(Report { shared_host, ports, remote, branches, hosts, unread, warnings })
}
