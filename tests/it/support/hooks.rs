//! git's hooks, put where git looks for them, and `wt` on the PATH for them to find.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::Sandbox;

impl Sandbox {
    /// Puts `wt` on the PATH of every later command, and our hooks into `repository`, by hand.
    pub fn install_hooks(&mut self, repository: &Path) {
        self.put_wt_on_path();
        let folder = PathBuf::from(self.git(repository, &["rev-parse", "--git-common-dir"]));
        write_hooks(&repository.join(folder).join("hooks"));
    }

    /// Puts the folder of the binary under test in front of the PATH.
    pub fn put_wt_on_path(&mut self) {
        let folder = Path::new(env!("CARGO_BIN_EXE_wt")).parent().unwrap().display();
        let path = std::env::var("PATH").unwrap();
        self.set("PATH", format!("{folder}:{path}"));
    }
}

/// Writes our hooks into `folder`.
pub fn write_hooks(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for hook in ["post-checkout", "pre-push"] {
        let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks").join(hook);
        let path = folder.join(hook);
        fs::write(&path, fs::read(shim).unwrap()).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
}

/// The lines of stderr that `wt` said; asserts that it said one at most.
#[track_caller]
pub fn said(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = stderr.lines().filter(|line| line.starts_with("wt: ")).collect();
    assert!(lines.len() <= 1, "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    lines.first().copied().unwrap_or_default().to_owned()
}
