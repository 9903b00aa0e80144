//! `core.sharedRepository`: what we make beside git's own files is as open to others as git would make it
//! (git-config(1)).

use std::fs::{Metadata, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::repository::Repository;

/// The group's and everybody's bits, as git has them.
const GROUP: u32 = 0o660;
const EVERYBODY: u32 = 0o664;
/// What is made in such a folder belongs to the folder's group.
const SET_GROUP: u32 = 0o2000;

/// How a repository is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    /// These bits are added.
    Added(u32),
    /// These are the bits, whatever the umask says.
    Exactly(u32),
}

impl Sharing {
    /// Reads the value of the key; `None` leaves everything to the umask.
    fn parse(value: &str) -> Option<Self> {
        match value.to_ascii_lowercase().as_str() {
            "umask" | "false" | "no" | "off" | "0" | "" => None,
            "group" | "true" | "yes" | "on" | "1" => Some(Self::Added(GROUP)),
            "all" | "world" | "everybody" | "2" => Some(Self::Added(EVERYBODY)),
            octal => {
                let mode = u32::from_str_radix(octal, 8).ok()?;
                // git refuses what its owner could not use.
                (mode & 0o600 == 0o600).then_some(Self::Exactly(mode & 0o666))
            }
        }
    }

    /// Returns the mode for a file or a folder that has `mode` now (git's `calc_shared_perm`).
    fn mode(self, mode: u32, is_folder: bool) -> u32 {
        let (Self::Added(mut bits) | Self::Exactly(mut bits)) = self;
        if mode & 0o200 == 0 {
            bits &= !0o222;
        }
        if mode & 0o100 != 0 {
            bits |= (bits & 0o444) >> 2;
        }
        let mut shared = match self {
            Self::Added(_) => mode | bits,
            Self::Exactly(_) => (mode & !0o777) | bits,
        };
        if is_folder {
            shared |= (shared & 0o444) >> 2;
            if shared & 0o060 != 0 {
                shared |= SET_GROUP;
            }
        }
        shared
    }
}

impl Repository {
    /// Gives `path`, and what lies in it, the bits that `core.sharedRepository` asks for; nothing without it. What belongs
    /// to somebody else stays as it is: that is theirs to share.
    pub fn share(&self, path: &Path) {
        let settings = self.settings(None).ok();
        let value = settings.and_then(|settings| settings.get_string("core.sharedRepository").ok());
        if let Some(sharing) = value.as_deref().and_then(Sharing::parse) {
            share(path, sharing);
        }
    }
}

fn share(path: &Path, sharing: Sharing) {
    let Ok(stat) = path.symlink_metadata() else { return };
    if stat.is_symlink() {
        return;
    }
    let mode = |stat: &Metadata| stat.permissions().mode() & 0o7777;
    let wanted = sharing.mode(mode(&stat), stat.is_dir());
    if wanted != mode(&stat) {
        // Another user's: the system says no.
        let _ = std::fs::set_permissions(path, Permissions::from_mode(wanted));
    }
    if stat.is_dir() {
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            share(&entry.path(), sharing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_that_git_gives() {
        let modes = |value: &str| {
            Sharing::parse(value).map(|sharing| (sharing.mode(0o600, false), sharing.mode(0o700, true)))
        };
        assert_eq!(modes("umask"), None);
        assert_eq!(modes("group"), Some((0o660, 0o2770)));
        assert_eq!(modes("true"), Some((0o660, 0o2770)));
        assert_eq!(modes("everybody"), Some((0o664, 0o2775)));
        assert_eq!(modes("0640"), Some((0o640, 0o2750)));
        assert_eq!(modes("0400"), None, "its owner could not write");
        assert_eq!(Sharing::Added(GROUP).mode(0o444, false), 0o444, "what nobody writes stays so");
    }
}
