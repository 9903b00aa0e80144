//! What a start goes by, for whoever asked to hear more.

use super::contact::WishListener;
use super::place::ServicesPlace;
use crate::host::process::identity;
use crate::host::services::record_file;
use crate::model::config::health;
use crate::model::services::plan::ServicePlan;
use crate::model::services::state::spoken;

/// Tells where each service is to run and when it counts as ready, and who supervises.
pub(super) fn tell(place: &ServicesPlace, plans: &[ServicePlan], listener: &mut dyn WishListener) {
    for plan in plans {
        let port = plan.port.map(|port| format!(" on {port}")).unwrap_or_default();
        listener.looked_at(&format!(
            "{}{port}: in {}, {}",
            plan.name,
            plan.folder.display(),
            readiness(plan)
        ));
    }
    let record = record_file::find(&place.wish.folder, place.wish.sequence);
    let supervisor = record.and_then(|record| record.supervisor);
    let supervisor = supervisor.filter(|id| record_file::is_alive(&place.wish.folder, id));
    let who = supervisor.map_or_else(
        || "none yet".to_owned(),
        |supervisor| {
            // Its number means nothing here where it runs in another container.
            if identity::is_from_here(&supervisor) {
                format!("pid {}", supervisor.pid)
            } else {
                "a process in a container".to_owned()
            }
        },
    );
    listener.looked_at(&format!("the supervisor: {who}, record and logs in {}", place.wish.folder.display()));
}

fn readiness(plan: &ServicePlan) -> String {
    let check = plan.health.as_ref().and_then(|written| health::parse(written).ok());
    let when = match (check, plan.port) {
        (Some(check), _) => format!("its check `{}` passes", check.kind.word()),
        (None, Some(_)) => "it takes a connection".to_owned(),
        (None, None) => return "ready as soon as it runs".to_owned(),
    };
    format!("ready once {when}, within {}", spoken(plan.patience.start))
}
