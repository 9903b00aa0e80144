//! How services stand that serve all worktrees, as each of these shows it.

use super::contact::{self, Deaf, WishAnswer};
use super::place::ServicesPlace;
use super::report::{self, ServiceView, Usages};
use super::{standing, supervision};
use crate::context::Context;
use crate::error::Result;
use crate::model::registry::entry::Entry;
use crate::model::service::ServiceName;
use crate::model::services::protocol::{Request as Ask, ServiceFacts};
use crate::ops::shared;

/// Returns these services, which serve all worktrees, as the main worktree's supervisor has them; none where it is no member.
///
/// # Errors
///
/// Fails when its supervisor does not answer.
pub(super) fn views(context: &Context, entry: &Entry, services: &[ServiceName]) -> Result<Vec<ServiceView>> {
    let Some((main, there)) = standing::of_shared(context, entry, services) else { return Ok(Vec::new()) };
    let place = ServicesPlace::of(&there, &main)?;
    let known = match contact::ask_if_there(&there, &place, &Ask::Status, &mut Deaf)? {
        Some(WishAnswer::Done(facts)) => facts,
        Some(WishAnswer::Failed(_)) | None => supervision::recorded(&there, &main),
    };
    let port = |service: &ServiceName| {
        main.services().into_iter().find(|(known, _)| known == service).map(|(_, port)| port)
    };
    let facts: Vec<ServiceFacts> = services
        .iter()
        .map(|service| {
            known
                .iter()
                .find(|facts| facts.service == *service)
                .cloned()
                .unwrap_or_else(|| ServiceFacts::stopped(service.clone(), port(service)))
        })
        .collect();
    let mut views = Usages::default().views(&facts, context.now(), &place.wish.marker, None);
    report::name_urls(&there, &main, &mut views);
    mark(context, &main, &mut views)?;
    Ok(views)
}

/// Says of those that serve all worktrees how many use them.
pub(super) fn mark(context: &Context, entry: &Entry, views: &mut [ServiceView]) -> Result<()> {
    for view in views.iter_mut().filter(|view| context.config.is_shared(&view.service)) {
        let users = shared::users(context, &entry.repository_id, &view.service, None)?.len();
        view.shared_by = Some(users);
        let told = format!("shared by {users}");
        view.reason = Some(match view.reason.take() {
            Some(reason) => format!("{told}; {reason}"),
            None => told,
        });
    }
    Ok(())
}
