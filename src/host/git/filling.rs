//! The folder of a worktree whose record git has, made anew with the files that its index holds; at any step a later
//! command can go on.

use std::path::Path;

use super::admin_files::{cannot, link_text, write_over};
use super::command::Git;
use super::repository::Repository;
use crate::error::{Code, Failure, Result};
use crate::host::files;

/// What a `.git` file begins with.
const LINK: &[u8] = b"gitdir: ";

impl Repository {
    /// Makes the folder of a registered worktree anew, with the files that its index holds.
    pub fn fill_from_index(&self, path: &Path) -> Result<()> {
        std::fs::create_dir(path).map_err(cannot("make", path))?;
        self.lay_out(path)
    }

    /// Goes on where [`fill_from_index`](Self::fill_from_index) was cut off before it laid out a file; elsewhere nothing is
    /// touched.
    pub fn go_on_filling(&self, path: &Path) -> Result<()> {
        if path.symlink_metadata().is_err() {
            return self.fill_from_index(path);
        }
        let (found, ours) = (files::read_plain(&path.join(".git")).unwrap_or_default(), self.link_to(path)?);
        if holds_a_link_alone(path) && ours.starts_with(&found) { self.lay_out(path) } else { Ok(()) }
    }

    fn lay_out(&self, path: &Path) -> Result<()> {
        // Whole or not at all: half of a link names nothing.
        write_over(&path.join(".git"), &self.link_to(path)?)?;
        // What was begun is finished: nobody can take half of it back. A Ctrl-C of the terminal reaches git too, so it begins
        // anew then; what is there by then is its own.
        let lay_out = |words: &[&str]| {
            let words = ["checkout-index", "--all", "-u"].iter().chain(words);
            Git::new(path).args(words).require().map(drop)
        };
        lay_out(&[])
            .or_else(|failure| if self.interrupt.is_raised() { lay_out(&["-f"]) } else { Err(failure) })
    }

    fn link_to(&self, path: &Path) -> Result<Vec<u8>> {
        let admin = self.find_worktree(path)?.and_then(|worktree| worktree.admin).ok_or_else(|| {
            Failure::new(Code::NotFound, format!("git knows no worktree at {}", path.display()))
        })?;
        Ok(link_text(&self.link_target(&admin, path)))
    }
}

/// Answers whether the folder holds nothing but a `.git` file that was never written to its end.
#[must_use]
pub fn is_link_cut_short(path: &Path) -> bool {
    holds_a_link_alone(path) && !files::read_plain(&path.join(".git")).unwrap_or_default().ends_with(b"\n")
}

/// Answers whether the folder holds nothing but a `.git` file, in whatever state a writer of ours left it.
fn holds_a_link_alone(path: &Path) -> bool {
    let draft = Path::new(".git").with_extension("wt-new");
    let is_ours = |name: std::ffi::OsString| name == ".git" || draft == Path::new(&name);
    let is_alone = path.symlink_metadata().is_ok_and(|found| found.is_dir())
        && files::holds_only(path, |entry| is_ours(entry.file_name()));
    let begins = |file: &Path| {
        let text = files::read_plain(file).unwrap_or_default();
        text.starts_with(LINK) || LINK.starts_with(&text)
    };
    is_alone && begins(&path.join(".git")) && begins(&path.join(draft))
}
