//! What a checkout calls for, found in passing: a few small files and one look at the registry's bytes, without parsing
//! it, opening the repository or reading the configuration. Nearly always the answer is: nothing.

use std::path::Path;
use std::time::Duration;

use crate::host::env_file;
use crate::host::git::Whereabouts;
use crate::host::machine::Host;
use crate::host::place;
use crate::host::store::Store;
use crate::model::hook_event::{Checkout, Standing, Want, wants};
use crate::model::registry::glimpse::{Glimpse, glimpses};
use crate::model::registry::table::Registry;
use crate::ops::heal;

/// What a checkout calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    /// Something may be unfinished, or the repository a copy.
    pub heal: bool,
    /// The folder of some worktree of the repository is gone.
    pub release: bool,
    pub worktree: Want,
}

impl Calls {
    fn is_nothing(self) -> bool {
        !self.heal && !self.release && self.worktree == Want::Nothing
    }
}

/// Looks what a checkout in `folder` calls for; `None` when that is nothing.
#[must_use]
pub fn look(host: &Host, folder: &Path, checkout: &Checkout) -> Option<Calls> {
    let place = Whereabouts::find(folder)?;
    let standing = standing(&place);
    let store = Store::<Registry>::open(host.dirs().ok()?, Duration::ZERO, host.interrupt.clone());
    // Without a registry, or one that cannot be read, there is no entry; whoever needs one will say what is wrong.
    let calls = store
        .glance(|bytes| calls(host, bytes, &place, &standing, checkout))
        .unwrap_or_else(|| Calls { heal: false, release: false, worktree: wants(checkout, &standing, None) });
    (!calls.is_nothing()).then_some(calls)
}

/// Returns the entry of the worktree at `folder` that git calls `admin`: git's name survives a move, so it goes first.
#[must_use]
pub fn find_own<'a, 'b>(
    glimpses: &'b [Glimpse<'a>],
    admin: Option<&str>,
    folder: &Path,
) -> Option<&'b Glimpse<'a>> {
    let admin = admin.filter(|admin| !admin.is_empty())?;
    let living = || glimpses.iter().filter(|glimpse| glimpse.is_living());
    living()
        .find(|glimpse| glimpse.admin == admin)
        .or_else(|| living().find(|glimpse| Path::new(&*glimpse.path) == folder))
}

/// Reads how the worktree stands.
#[must_use]
pub fn standing(place: &Whereabouts) -> Standing {
    let is_linked = place.admin.is_some();
    Standing {
        admin: place.admin.clone(),
        head: place.head(),
        is_busy: is_linked && place.is_busy(),
        has_env_file: is_linked && place.folder.join(env_file::NAME).symlink_metadata().is_ok(),
    }
}

fn calls(host: &Host, bytes: &[u8], place: &Whereabouts, standing: &Standing, checkout: &Checkout) -> Calls {
    let id = place.find_id();
    let heal = heal::may_need_healing(bytes, id.as_ref().map(|id| (id, &*place.common_dir)));
    let known = match &id {
        Some(id) => glimpses(bytes, id),
        None => Some(Vec::new()),
    };
    let Some(known) = known else {
        return Calls {
            heal,
            release: true,
            worktree: standing.admin.as_ref().map_or(Want::Nothing, |_| Want::Look),
        };
    };
    let this_host = host.name();
    // What is locked, was moved or belongs to another machine is not released; the rest takes a closer look.
    let is_gone = |glimpse: &Glimpse| {
        glimpse.state == "active"
            && place::is_gone(Path::new(&*glimpse.path))
            && (glimpse.host.is_empty() || glimpse.host == this_host)
            && !place.keeps(&glimpse.admin)
    };
    let entry = find_own(&known, standing.admin.as_deref(), &place.folder);
    Calls { heal, release: known.iter().any(is_gone), worktree: wants(checkout, standing, entry) }
}
