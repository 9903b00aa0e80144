//! From where a worktree was recorded: what must be the same before its absence proves anything.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a process saw around a worktree's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderPlace {
    /// Where the file system that holds the folder is mounted (`proc_pid_mountinfo(5)`); absent where it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<PathBuf>,
    /// The kernel's boot id: `network` means something in that boot only.
    #[serde(default)]
    pub boot: String,
    /// The network namespace as text (`network_namespaces(7)`): listeners of another one cannot be seen.
    #[serde(default)]
    pub network: String,
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl FolderPlace {
    /// Answers whether the file system that held the folder is not mounted where it was, seen from `here`.
    #[must_use]
    pub fn is_unmounted(&self, here: &Self) -> bool {
        self.mount.is_some() && here.mount.is_some() && self.mount != here.mount
    }

    /// Answers whether `here` is another network than the one of the recording: a container, say.
    #[must_use]
    pub fn is_other_network(&self, here: &Self) -> bool {
        let known =
            [&self.boot, &self.network, &here.boot, &here.network].iter().all(|text| !text.is_empty());
        known && self.boot == here.boot && self.network != here.network
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(mount: Option<&str>, boot: &str, network: &str) -> FolderPlace {
        FolderPlace {
            mount: mount.map(PathBuf::from),
            boot: boot.to_owned(),
            network: network.to_owned(),
            extra: Map::new(),
        }
    }

    #[test]
    fn a_file_system_is_unmounted_when_the_folder_would_lie_on_another_one_now() {
        let usb = place(Some("/mnt/usb"), "", "");
        assert!(usb.is_unmounted(&place(Some("/"), "", "")));
        assert!(!usb.is_unmounted(&usb));
        assert!(!usb.is_unmounted(&FolderPlace::default()) && !FolderPlace::default().is_unmounted(&usb));
    }

    #[test]
    fn networks_are_compared_within_one_boot_only() {
        let recorded = place(None, "b1", "net:[1]");
        assert!(recorded.is_other_network(&place(None, "b1", "net:[2]")));
        assert!(!recorded.is_other_network(&place(None, "b1", "net:[1]")));
        assert!(!recorded.is_other_network(&place(None, "b2", "net:[2]")));
        assert!(!recorded.is_other_network(&place(None, "", "")));
    }
}
