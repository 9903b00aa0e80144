//! What a service needs of those that serve all worktrees: the main worktree's supervisor runs them, and its record says how they
//! stand.

use super::launching::is_listened_on;
use super::refusal::PortsRefusal;
use super::supervisor::Supervisor;
use crate::host::services::record_file;
use crate::model::advised::wt;
use crate::model::process::ProcessId;
use crate::model::services::plan::ServicePlan;
use crate::model::services::protocol::Cause;
use crate::model::services::state::ServiceState;
use crate::ops::services::place;
use crate::ops::sharing;

impl Supervisor<'_> {
    /// Requires that they run, whoever starts it. Where nobody can tell, or somebody else listens on the port of one, it is started
    /// all the same.
    pub fn require_shared(&self, plan: &ServicePlan) -> Result<(), PortsRefusal> {
        if plan.shared_needs.is_empty() {
            return Ok(());
        }
        let Ok(registry) = self.store().and_then(|store| store.read()) else { return Ok(()) };
        let own = registry.entries().find(|entry| entry.sequence == self.wish.sequence);
        let main = own.and_then(|own| sharing::find_main(&registry, &own.repository_id));
        let (Some(main), Ok(dirs)) = (main, self.host.dirs()) else { return Ok(()) };
        let folder = place::folder(dirs.state(), main);
        let record = record_file::find(&folder, main.sequence).unwrap_or_default();
        let is_alive = |id: &ProcessId| record_file::is_alive(&folder, id);
        let is_supervised = record.supervisor.as_ref().is_some_and(is_alive);
        let ports = main.services();
        for need in plan.shared_needs.keys() {
            let state = record.find(need).map(|kept| kept.facts(is_alive, is_supervised).state);
            let is_down = matches!(state, None | Some(ServiceState::Stopped | ServiceState::Failed));
            let port = ports.iter().find(|(service, _)| service == need).map(|(_, port)| *port);
            if is_down && !port.is_some_and(is_listened_on) {
                let up = wt("up {}", &[need]);
                let reason =
                    format!("needs `{need}`, which serves all worktrees and does not run: `{up}` starts it");
                return Err(PortsRefusal { reason, cause: Cause::Service });
            }
        }
        Ok(())
    }
}
