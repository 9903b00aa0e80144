//! A folder below another one, links followed: what a repository's configuration names must not lead out of a worktree.

use std::io;
use std::path::{Path, PathBuf};

/// Where a folder leads to.
#[derive(Debug)]
pub enum Leads {
    /// It is inside.
    Inside,
    /// It is somewhere else; its real path.
    Outside(PathBuf),
    /// It is there and no folder.
    NoFolder,
}

/// Follows `folder`, relative to `root`.
///
/// # Errors
///
/// Fails where either is not there or may not be looked at.
pub fn follow(root: &Path, folder: &str) -> io::Result<Leads> {
    let root = root.canonicalize()?;
    let real = root.join(folder).canonicalize()?;
    Ok(match (real.starts_with(&root), real.is_dir()) {
        (false, _) => Leads::Outside(real),
        (true, true) => Leads::Inside,
        (true, false) => Leads::NoFolder,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_that_leads_out_is_seen() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("tree");
        fs::create_dir_all(root.join("server/api")).unwrap();
        fs::File::create(root.join("file")).unwrap();
        symlink(place.path(), root.join("out")).unwrap();
        symlink("server/api", root.join("in")).unwrap();
        assert!(matches!(follow(&root, "in"), Ok(Leads::Inside)));
        assert!(matches!(follow(&root, "."), Ok(Leads::Inside)));
        assert!(matches!(follow(&root, "out"), Ok(Leads::Outside(_))));
        assert!(follow(&root, "out/tree/../x").is_err());
        assert!(matches!(follow(&root, "file"), Ok(Leads::NoFolder)));
        assert!(follow(&root, "none").is_err());
    }
}
