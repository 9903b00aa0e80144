//! Records a worktree that nobody asked about, in passing: with the ports of its purpose where they are to be had, else
//! without them.

use std::path::Path;

use super::{Request, adopt, guess_purpose};
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::model::adoption::AdoptionGround;
use crate::model::advised::wt;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;
use crate::model::view::WorktreeView;
use crate::ops::create::WantedPorts;

/// A worktree that was recorded in passing.
#[derive(Debug)]
pub struct AdoptedInPassing {
    pub worktree: WorktreeView,
    /// Why it has no ports, and the command that helps once that is settled.
    pub without_ports: Option<(Failure, String)>,
    pub warnings: Vec<String>,
}

impl AdoptedInPassing {
    /// Returns what there is to say about it.
    #[must_use]
    pub fn in_words(&self) -> String {
        let worktree = &self.worktree;
        if let Some((refused, allocate)) = &self.without_ports {
            return format!(
                "recorded `{}` without ports: {} (`{allocate}` when that is settled)",
                worktree.name,
                refused.message(),
            );
        }
        let purpose = match &worktree.purpose {
            Some(purpose) => format!("purpose {purpose}"),
            None => "no purpose".to_owned(),
        };
        let ports = worktree.ports.iter().map(|port| format!("{} {}", port.service, port.port));
        let facts: Vec<String> = std::iter::once(purpose).chain(ports).collect();
        let said = std::iter::once(format!("recorded `{}`: {}", worktree.name, facts.join(", ")));
        said.chain(self.warnings.iter().cloned()).collect::<Vec<_>>().join("; ")
    }
}

/// Records the linked worktree at `path`; `None` where somebody else did meanwhile. `gives_way`: past ports that somebody holds.
///
/// # Errors
///
/// What stops the record itself.
pub fn record(
    context: &Context,
    path: &Path,
    ground: AdoptionGround<'_>,
    gives_way: bool,
) -> Result<Option<AdoptedInPassing>> {
    let purpose = guess_purpose(context, ground);
    let services = purpose.as_ref().map(|purpose| services(context, purpose)).unwrap_or_default();
    let ports = if services.is_empty() { WantedPorts::None } else { WantedPorts::Purpose };
    let mut request = Request { paths: vec![path.to_path_buf()], purpose: None, ports, gives_way };
    let refused = match adopt(context, &request) {
        Ok(report) => {
            let recorded = |worktree| AdoptedInPassing {
                worktree,
                without_ports: None,
                warnings: report.warnings.clone(),
            };
            return Ok(report.worktree.map(recorded));
        }
        // Somebody else recorded it meanwhile.
        Err(failure) if failure.code() == Code::WorktreeExists && is_recorded(context, path)? => {
            return Ok(None);
        }
        Err(failure) if request.ports == WantedPorts::None || !is_about_ports(&failure) => {
            return Err(not_recorded(path, &failure));
        }
        Err(failure) => failure,
    };
    request.ports = WantedPorts::None;
    let report = adopt(context, &request).map_err(|failure| not_recorded(path, &failure))?;
    let services: Vec<&str> = services.iter().map(ServiceName::as_str).collect();
    let allocate = wt("ports allocate --service {}", &[&services.join(",")]).to_string();
    let without_ports = Some((refused, allocate));
    Ok(report.worktree.map(|worktree| AdoptedInPassing {
        worktree,
        without_ports,
        warnings: report.warnings,
    }))
}

/// The purpose's own services; none where there are no ports for one of them.
fn services<'a>(context: &'a Context, purpose: &Purpose) -> &'a [ServiceName] {
    let services =
        context.config.find_purpose(purpose).map(|settings| &*settings.services).unwrap_or_default();
    let has_ports = |service| !context.config.ranges_for(purpose, service).is_empty();
    if services.iter().all(has_ports) { services } else { &[] }
}

/// Answers whether the worktree can be recorded all the same: what failed were its ports or its env block.
fn is_about_ports(failure: &Failure) -> bool {
    matches!(
        failure.code(),
        Code::PortConflict
            | Code::RangeExhausted
            | Code::PortExcluded
            | Code::PortDenied
            | Code::EnvTracked
            | Code::ConfigInvalid
            | Code::Permission
            | Code::Usage
    )
}

fn is_recorded(context: &Context, path: &Path) -> Result<bool> {
    Ok(context.store()?.read()?.find_at(path).is_some())
}

fn not_recorded(path: &Path, failure: &Failure) -> Failure {
    Failure::new(failure.code(), format!("{} is not recorded: {}", path.display(), failure.message()))
        .hint(format!("`{adopt}` when that is settled", adopt = wt("adopt {}", &[&path.display()])))
}
