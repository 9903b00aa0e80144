//! What a checkout calls for, found in passing: a few small files and one look at the registry's bytes, without parsing
//! it, opening the repository or reading the configuration. Nearly always the answer is: nothing.

use std::path::Path;
use std::time::Duration;

use crate::host::git::Whereabouts;
use crate::host::machine::Host;
use crate::host::place;
use crate::host::store::{RegistryGlance, Store};
use crate::model::branch::Head;
use crate::model::env_block::USUAL;
use crate::model::env_files::BESIDE;
use crate::model::hook_event::{Checkout, CheckoutPlace, Want, wants};
use crate::model::matching::{Closest, WorktreeMark};
use crate::model::registry::glimpse::RowGlimpse;
use crate::model::registry::table::Registry;

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
pub fn calls(host: &Host, folder: &Path, checkout: &Checkout) -> Option<Calls> {
    let place = Whereabouts::find(folder)?;
    let standing = standing(&place, checkout);
    let id = place.find_id();
    let common_dir = place.common_dir.to_string_lossy();
    let own = Closest::to(WorktreeMark { admin: place.admin.as_deref(), path: &place.folder });
    let mut seen = Seen { place: &place, host: host.name(), is_gone: false, own };
    let store = Store::<Registry>::open(host.dirs().ok()?, Duration::ZERO, host.interrupt.clone());
    let glance = store.glance_at_rows(id.as_ref(), &common_dir, |row| seen.take_in(row));
    let calls = match glance {
        Some(RegistryGlance { calls_for_healing: heal, is_clear: true }) => {
            let own = seen.own.find(|admin| place.has_other(admin));
            Calls { heal, release: seen.is_gone, worktree: wants(checkout, &standing, own) }
        }
        Some(RegistryGlance { calls_for_healing: heal, is_clear: false }) => {
            let worktree = if standing.admin.is_some() { Want::Look } else { Want::Nothing };
            Calls { heal, release: true, worktree }
        }
        // Without a registry, or one that cannot be read, there is no entry; whoever needs one will say what is wrong.
        None => Calls { heal: false, release: false, worktree: wants(checkout, &standing, None) },
    };
    (!calls.is_nothing()).then_some(calls)
}

/// Reads how the worktree stands, as far as it matters to this checkout.
#[must_use]
pub fn standing(place: &Whereabouts, checkout: &Checkout) -> CheckoutPlace {
    let head = place.head();
    let is_linked = place.admin.is_some();
    let may_be_busy = checkout.is_first() || matches!(head, Head::Detached(_));
    CheckoutPlace {
        admin: place.admin.clone(),
        head,
        is_busy: is_linked && may_be_busy && place.is_busy(),
        has_env_file: is_linked
            && [USUAL, BESIDE].iter().any(|file| place.folder.join(file).symlink_metadata().is_ok()),
    }
}

/// What was seen of the repository's rows so far.
struct Seen<'a> {
    place: &'a Whereabouts,
    /// This machine's name.
    host: String,
    /// Whether some worktree's folder is gone.
    is_gone: bool,
    own: Closest<'a, RowGlimpse<'static>>,
}

impl Seen<'_> {
    fn take_in(&mut self, row: &RowGlimpse<'_>) {
        self.is_gone = self.is_gone || self.may_be_released(row);
        if row.is_living() {
            self.own.consider(WorktreeMark::of_glimpse(row), || row.clone().into_owned());
        }
    }

    /// What is locked, was moved or belongs to another machine is not released; the rest takes a closer look.
    fn may_be_released(&self, row: &RowGlimpse) -> bool {
        row.state == "active"
            && place::is_gone_quickly(Path::new(&*row.path))
            && (row.host.is_empty() || row.host == self.host)
            && !self.place.keeps(&row.admin)
    }
}
