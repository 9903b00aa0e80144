//! Refs deleted as git deletes them: under the ref's lock and that of `packed-refs`, which is read only then. libgit2 reads
//! it before, and would write back what git packed meanwhile away.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use git2::ErrorCode;

use super::repository::Repository;
use super::tips::read_text;
use crate::error::{Code, Failure, Result};
use crate::host::files;
use crate::model::branch::is_object_id;
use crate::model::packed_refs;

impl Repository {
    /// Deletes the ref and its log, if it stands at `expected` where that is given; answers whether it did. One that is
    /// gone already, or has moved on, is left as it is.
    pub(super) fn delete_reference(&self, name: &str, expected: Option<&str>) -> Result<bool> {
        let Some(library) = self.library() else { return self.delete_with_git(name, expected) };
        if library.find_reference(name).is_err_and(|error| error.code() == ErrorCode::NotFound) {
            return Ok(false);
        }
        let loose = self.common_dir.join(name);
        let packed = resolved(self.common_dir.join("packed-refs"));
        // git locks `packed-refs` for every deletion: else it could just be packing what is deleted.
        let Some(lock) = self.lock_as_git(&[loose.clone(), packed.clone()])? else {
            return self.delete_with_git(name, expected);
        };
        let value = match fs::symlink_metadata(&loose) {
            Ok(found) if !found.is_dir() => Some(read_text(&loose).unwrap_or_default()),
            _ => None,
        };
        if value.as_deref().is_some_and(|value| value.starts_with("ref:")) {
            // Another name of a branch stands at nothing of its own.
            return Ok(false);
        }
        if value.as_deref().is_some_and(|value| !is_object_id(value)) {
            // A damaged one: git knows.
            drop(lock);
            return self.delete_with_git(name, expected);
        }
        let is_loose = value.is_some();
        let of_packed = packed_refs::find(&read(&packed)?, name);
        let value = value.or_else(|| of_packed.as_ref().map(|packed| packed.value.clone()));
        let is_expected = value.is_some_and(|value| expected.is_none_or(|expected| expected == value));
        if is_expected {
            if let Some(found) = of_packed {
                let mode = packed.metadata().map_or(0o644, |found| found.permissions().mode() & 0o777);
                files::replace(&packed, &found.rest, mode)?;
            }
            if is_loose {
                fs::remove_file(&loose).map_err(|error| {
                    Failure::from_io(error, Code::GitFailed, format!("{} cannot be removed", loose.display()))
                })?;
            }
            let logs = self.common_dir.join("logs");
            let _ = fs::remove_file(logs.join(name));
            remove_empty_parents(&logs, name);
        }
        drop(lock);
        remove_empty_parents(&self.common_dir, name);
        Ok(is_expected)
    }

    fn delete_with_git(&self, name: &str, expected: Option<&str>) -> Result<bool> {
        // One child, the old value its guard; NUL ends each word, so no name can be two. A symbolic ref stays, and above all
        // the branch that it leads to.
        if self.symbolic_target(name)?.is_some() || self.find_reference(name)?.is_none() {
            return Ok(false);
        }
        let input = format!("option no-deref\0delete {name}\0{}\0", expected.unwrap_or_default());
        let output = self.git().args(["update-ref", "--stdin", "-z"]).input(input).run()?;
        if output.is_success() {
            return Ok(true);
        }
        match self.find_reference(name)? {
            Some(now) if expected.is_none_or(|expected| expected == now) => Err(Failure::new(
                Code::GitFailed,
                format!("git cannot delete `{name}`: {}", output.complaint()),
            )),
            _ => Ok(false),
        }
    }
}

/// Follows links, as git does where it locks a file.
pub(super) fn resolved(path: PathBuf) -> PathBuf {
    fs::canonicalize(&path).unwrap_or(path)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Failure::from_io(error, Code::GitFailed, format!("{} cannot be read", path.display())))
        }
        read => Ok(read.unwrap_or_default()),
    }
}

/// Removes the folders that the name alone filled, up to `refs/heads` and its like.
fn remove_empty_parents(root: &Path, name: &str) {
    let parents = Path::new(name).ancestors().skip(1).filter(|parent| parent.components().count() > 2);
    for parent in parents {
        if fs::remove_dir(root.join(parent)).is_err() {
            break;
        }
    }
}
