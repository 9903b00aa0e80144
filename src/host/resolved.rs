//! Folders whose links were resolved: worktrees lie beside each other, so that the links above them are read once.

use std::io;
use std::path::{Path, PathBuf};

/// The folder that was resolved last, and what it is.
#[derive(Debug, Default)]
pub struct ResolvedFolders(Option<(PathBuf, PathBuf)>);

impl ResolvedFolders {
    /// Returns `path` without links, as realpath(3) does.
    ///
    /// # Errors
    ///
    /// Those of realpath(3).
    pub fn canonicalize(&mut self, path: &Path) -> io::Result<PathBuf> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return path.canonicalize();
        };
        if !path.symlink_metadata()?.is_dir() {
            return path.canonicalize();
        }
        match &self.0 {
            Some((known, resolved)) if known == parent => Ok(resolved.join(name)),
            _ => {
                let resolved = parent.canonicalize()?;
                let found = resolved.join(name);
                self.0 = Some((parent.to_owned(), resolved));
                Ok(found)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_lies_beside_each_other_is_resolved_as_each_alone_would_be() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("real/one")).unwrap();
        fs::create_dir_all(at("real/two")).unwrap();
        fs::create_dir_all(at("other")).unwrap();
        symlink(at("real"), at("link")).unwrap();
        symlink(at("other"), at("real/three")).unwrap();
        let mut folders = ResolvedFolders::default();
        for name in ["link/one", "link/two", "link/three", "real/one", "link/two/..", "link/one"] {
            assert_eq!(folders.canonicalize(&at(name)).unwrap(), at(name).canonicalize().unwrap(), "{name}");
        }
        assert!(folders.canonicalize(&at("link/four")).is_err());
    }
}
