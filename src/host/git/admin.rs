//! git's admin folder of a worktree: built complete beside, then renamed into `.git/worktrees`, so that git never
//! sees half of one. Its files are those that `git worktree add` leaves, and one of ours, `wt-token`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::admin_files::{cannot, link_text, relative_path, write_new};
use super::admin_locks::remove_locks;
use super::admin_move::{is_copy, rename_to_new};
use super::identity::make_folder;
use super::linked::names_back;
use super::paths::{canonical, read_link_file};
use super::repository::Repository;
use super::tips::is_head_written;
use crate::error::{Code, Failure, Result};
use crate::model::branch::Head;

/// The file in an admin folder that bears the token of the create that made it.
const TOKEN_FILE: &str = "wt-token";

/// What the admin folder is to say.
#[derive(Clone, Debug)]
pub struct AdminRequest<'a> {
    /// git's name to be, as [`Repository::choose_name`] gave it.
    pub name: &'a str,
    /// The worktree's folder, absolute.
    pub path: &'a Path,
    pub head: &'a Head,
    /// The commit to be checked out, in hexadecimal.
    pub commit: &'a str,
    /// The reason to lock it for.
    pub lock: Option<&'a str>,
    /// The journal's token: the proof, in the file `wt-token`, that the folder is ours.
    pub token: &'a str,
}

impl Repository {
    /// Returns a free name for the admin folder: the last part of `wanted`, made a valid ref component and numbered
    /// as git does it. Another process may take it first; then [`Repository::make_admin`] says so.
    pub fn choose_name(&self, wanted: &str) -> Result<String> {
        let stem = sanitised(wanted.rsplit('/').next().unwrap_or(wanted));
        let is_taken = |name: &str| self.admin_dir(name).symlink_metadata().is_ok();
        if !is_taken(&stem) {
            return Ok(stem);
        }
        (1..100_000_u32).map(|number| format!("{stem}{number}")).find(|name| !is_taken(name)).ok_or_else(
            || {
                Failure::new(
                    Code::WorktreeExists,
                    format!("no free name like `{stem}` is left in .git/worktrees"),
                )
                .hint("see what is there: git worktree list")
            },
        )
    }

    /// Makes the admin folder whole and shows it to git in one step. `Ok(None)`: the name is taken, choose again.
    pub fn make_admin(&self, request: &AdminRequest) -> Result<Option<PathBuf>> {
        let admin = self.admin_dir(request.name);
        let building = self.require_wt_dir()?.join(format!("making-{}", request.token));
        self.discard_making(request.token)?;
        let made = self.build(&building, request).and_then(|()| {
            make_visible_folder(&self.common_dir.join("worktrees"))?;
            self.show(&building, &admin)
        });
        match made {
            Ok(true) => Ok(Some(admin)),
            Ok(false) => self.discard_making(request.token).map(|()| None),
            Err(failure) => {
                // The first failure is the one to tell.
                let _ = self.discard_making(request.token);
                Err(failure)
            }
        }
    }

    /// Renames a finished folder to where git looks; false when the name is taken.
    fn show(&self, building: &Path, admin: &Path) -> Result<bool> {
        for _ in 0..100 {
            match rename_to_new(building, admin) {
                Ok(()) => return Ok(true),
                Err(error)
                    if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty) =>
                {
                    return Ok(false);
                }
                // git removes an empty `worktrees` folder when the last worktree goes.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    make_visible_folder(&self.common_dir.join("worktrees"))?;
                }
                Err(error) => return Err(cannot("rename to", admin)(error)),
            }
        }
        Err(Failure::new(Code::GitFailed, format!("{} keeps vanishing", admin.display())))
    }

    /// Writes `.git` into the worktree's folder, which must not have one.
    pub fn write_link(&self, name: &str, path: &Path) -> Result<()> {
        let text = link_text(&self.link_target(name, path));
        write_new(&path.join(".git"), &text)
    }

    /// Answers whether the admin folder bears the token: it was made by that create.
    pub fn is_marked(&self, name: &str, token: &str) -> bool {
        !name.is_empty()
            && std::fs::read_to_string(self.admin_dir(name).join(TOKEN_FILE))
                .is_ok_and(|text| text.trim() == token)
    }

    /// Marks an admin folder that git made as that of the create with this token.
    pub(super) fn mark(&self, name: &str, token: &str) -> Result<()> {
        let file = self.admin_dir(name).join(TOKEN_FILE);
        write_new(&file, format!("{token}\n").as_bytes())
    }

    /// Removes the token from the admin folder, once the create is done.
    pub fn unmark(&self, name: &str) -> Result<()> {
        let file = self.admin_dir(name).join(TOKEN_FILE);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cannot("remove", &file)(error)),
            _ => Ok(()),
        }
    }

    /// Answers whether the create that made the admin folder got as far as a whole worktree: HEAD, the links both
    /// ways, and the index, which is written last.
    pub fn is_whole(&self, name: &str, path: &Path) -> bool {
        let admin = self.admin_dir(name);
        !name.is_empty()
            && is_head_written(&admin)
            && ["gitdir", "commondir", "index"]
                .iter()
                .all(|file| std::fs::metadata(admin.join(file)).is_ok_and(|file| file.len() > 0))
            && names_back(path, &admin)
    }

    /// Moves the admin folder out of git's sight, to `to`, which must not exist, once no lock of git's lies in it.
    pub fn take_admin(&self, name: &str, to: &Path) -> Result<()> {
        self.await_admin_locks(name)?;
        self.take_unfinished_admin(name, to)
    }

    /// As [`take_admin`](Self::take_admin), for a worktree that was never finished: a lock in it is that of the create
    /// that died, whose children have ended when its lock file can be taken.
    pub fn take_unfinished_admin(&self, name: &str, to: &Path) -> Result<()> {
        let admin = self.admin_dir(name);
        if let Some(parent) = to.parent() {
            make_folder(parent)?;
        }
        rename_to_new(&admin, to).map_err(cannot("move", &admin))?;
        remove_locks(to);
        // git removes the folder too when the last worktree goes; not empty is the usual answer.
        let _ = std::fs::remove_dir(self.common_dir.join("worktrees"));
        Ok(())
    }

    /// Moves an admin folder back from `from` and points it and the worktree at `path` to each other; returns its
    /// name, another one when the old one was taken meanwhile.
    pub fn put_back_admin(&self, from: &Path, name: &str, path: &Path) -> Result<String> {
        remove_locks(from);
        if is_copy(from, &self.admin_dir(name)) {
            // It was copied away, and the original was not removed any more.
            remove_folder(from)?;
            return Ok(name.to_owned());
        }
        // Whatever else stands there by now keeps its own `.git`.
        let is_its_folder = read_link_file(&path.join(".git"))
            .is_some_and(|target| target.file_name().is_some_and(|named| named == name));
        loop {
            let name = self.choose_name(name)?;
            make_visible_folder(&self.common_dir.join("worktrees"))?;
            // What git is to read is made true before git can see it.
            self.write_gitdir(from, &name, path)?;
            if self.show(from, &self.admin_dir(&name))? {
                if is_its_folder && !names_back(path, &self.admin_dir(&name)) {
                    let text = link_text(&self.link_target(&name, path));
                    super::admin_files::write_over(&path.join(".git"), &text)?;
                }
                return Ok(name);
            }
        }
    }

    /// Answers whether a worktree's folder stands at `path` that names the admin folder `name`, which need not be there.
    #[must_use]
    pub fn is_folder_of(&self, path: &Path, name: &str) -> bool {
        read_link_file(&path.join(".git")).is_some_and(|target| {
            target.file_name().is_some_and(|named| named == name)
                && target.parent().map(canonical) == Some(self.common_dir.join("worktrees"))
        })
    }

    /// Removes what a create that died before the rename left.
    pub fn discard_making(&self, token: &str) -> Result<()> {
        remove_folder(&self.wt_dir().join(format!("making-{token}")))
    }

    /// Removes an admin folder that bears the token, out of git's sight in one step; another's is left alone.
    pub fn discard_admin(&self, name: &str, token: &str) -> Result<()> {
        if !self.is_marked(name, token) {
            return Ok(());
        }
        let aside = self.require_wt_dir()?.join(format!("making-{token}"));
        remove_folder(&aside)?;
        self.take_unfinished_admin(name, &aside)?;
        remove_folder(&aside)
    }

    fn build(&self, building: &Path, request: &AdminRequest) -> Result<()> {
        std::fs::create_dir(building).map_err(cannot("make", building))?;
        let head = match request.head {
            Head::Branch(name) | Head::Unborn(name) => format!("ref: refs/heads/{name}\n"),
            Head::Detached(commit) => format!("{commit}\n"),
            Head::Unreadable(text) => {
                return Err(Failure::new(Code::Internal, format!("no worktree can be made at `{text}`")));
            }
        };
        write_new(&building.join("HEAD"), head.as_bytes())?;
        write_new(&building.join("commondir"), b"../..\n")?;
        write_new(&building.join("ORIG_HEAD"), format!("{}\n", request.commit).as_bytes())?;
        write_new(&building.join(TOKEN_FILE), format!("{}\n", request.token).as_bytes())?;
        self.write_gitdir(building, request.name, request.path)?;
        if let Some(reason) = request.lock {
            write_new(&building.join("locked"), format!("{reason}\n").as_bytes())?;
        }
        if let Some(log) = self.head_log(request.commit)? {
            let folder = building.join("logs");
            std::fs::create_dir(&folder).map_err(cannot("make", &folder))?;
            write_new(&folder.join("HEAD"), log.as_bytes())?;
        }
        Ok(())
    }

    /// Writes `gitdir`, absolute or relative, as git of this configuration would.
    pub(super) fn write_gitdir(&self, folder: &Path, name: &str, path: &Path) -> Result<()> {
        use std::os::unix::ffi::OsStrExt;

        let link = path.join(".git");
        let is_relative = self.has_relative_links();
        let target = if is_relative { relative_path(&self.admin_dir(name), &link) } else { link };
        let mut text = target.as_os_str().as_bytes().to_vec();
        text.push(b'\n');
        super::admin_files::write_over(&folder.join("gitdir"), &text)
    }

    pub(super) fn link_target(&self, name: &str, path: &Path) -> PathBuf {
        let admin = self.admin_dir(name);
        if self.has_relative_links() { relative_path(path, &admin) } else { admin }
    }
}

/// Makes a folder that git shares, with the mode the user's umask gives.
fn make_visible_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(cannot("make", folder))
}

fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cannot("remove", folder)(error)),
        _ => Ok(()),
    }
}

/// Makes a valid ref component of any text, as git's `sanitize_refname_component` does.
fn sanitised(wanted: &str) -> String {
    let mut name = String::new();
    for character in wanted.chars() {
        let is_bad = character.is_control() || " ~^:?*[\\/".contains(character);
        let is_double_dot = character == '.' && (name.is_empty() || name.ends_with('.'));
        let is_brace = character == '{' && name.ends_with('@');
        name.push(if is_bad || is_double_dot || is_brace { '-' } else { character });
    }
    if name.to_ascii_lowercase().ends_with(".lock") {
        name.replace_range(name.len() - 5..=name.len() - 5, "-");
    }
    if name.ends_with('.') {
        name.pop();
        name.push('-');
    }
    if name.is_empty() || name == "@" { "worktree".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::sanitised;

    #[test]
    fn a_name_is_a_valid_ref_component() {
        for (wanted, name) in [
            ("login", "login"),
            ("a b", "a-b"),
            (".x", "-x"),
            ("a..b", "a.-b"),
            ("x.lock", "x-lock"),
            ("", "worktree"),
        ] {
            assert_eq!(sanitised(wanted), name);
        }
    }
}
