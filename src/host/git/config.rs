//! git's configuration as git has it in one worktree: system, user, repository, worktree, also where libgit2 cannot open
//! the repository. libgit2 reads it; git is asked where the answer depends on the place (`includeIf`), or on variables.

use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use git2::{Config, ConfigLevel};

use super::config_conditions::may_matter;
use super::config_sources::{self, ConfigSources};
use super::library_error::from_library;
use super::repository::{Repository, git_dir_word};
use crate::error::{Code, Failure, Result};

impl Repository {
    /// Reads the whole configuration that counts in the worktree whose own git folder is `git_dir`, in the main one
    /// without.
    pub(super) fn settings(&self, git_dir: Option<&Path>) -> Result<Rc<Config>> {
        let git_dir = git_dir.unwrap_or(&self.common_dir);
        if self.only_git_knows_settings()? {
            return self.settings_of_git(git_dir);
        }
        let shared = self.shared_settings()?;
        if !shared.get_bool("extensions.worktreeconfig").unwrap_or(false) {
            return Ok(shared);
        }
        let own = git_dir.join("config.worktree");
        if own.is_file() { self.read_settings(Some(&own)).map(Rc::new) } else { Ok(shared) }
    }

    /// Answers whether a condition (`includeIf`) or a variable may change what counts, so that git has to be asked, for
    /// each worktree anew. Conditions that bring in nothing of weight (`user.email`) are none.
    pub fn only_git_knows_settings(&self) -> Result<bool> {
        if let Some(known) = self.read_settings.only_git_knows.get() {
            return Ok(*known);
        }
        let only = config_sources::asks_for_git() || may_matter(&*self.shared_settings()?, &self.common_dir);
        Ok(*self.read_settings.only_git_knows.get_or_init(|| only))
    }

    fn shared_settings(&self) -> Result<Rc<Config>> {
        if let Some(shared) = self.read_settings.shared.get() {
            return Ok(Rc::clone(shared));
        }
        let read = Rc::new(self.read_settings(None)?);
        Ok(Rc::clone(self.read_settings.shared.get_or_init(|| read)))
    }

    fn read_settings(&self, own: Option<&Path>) -> Result<Config> {
        let failed = |error| from_library(error, "read git's configuration");
        let mut config = Config::new().map_err(failed)?;
        let ConfigSources { system, user_xdg, user } = ConfigSources::find();
        let local = Some(self.common_dir.join("config"));
        let files = [
            (system, ConfigLevel::System),
            (user_xdg, ConfigLevel::XDG),
            (user, ConfigLevel::Global),
            (local, ConfigLevel::Local),
            (own.map(Path::to_owned), ConfigLevel::Worktree),
        ];
        for (path, level) in files {
            if let Some(path) = path.filter(|path| path.is_file()) {
                config.add_file(&path, level, true).map_err(failed)?;
            }
        }
        config.snapshot().map_err(failed)
    }

    fn settings_of_git(&self, git_dir: &Path) -> Result<Rc<Config>> {
        if let Some(known) = self.read_settings.by_git.borrow().get(git_dir) {
            return Ok(Rc::clone(known));
        }
        let words = ["config", "--list", "--null", "--includes"];
        let output = self.git_in(&self.common_dir).args([git_dir_word(git_dir)]).args(words).require()?;
        let read = Rc::new(from_list(&output.stdout)?);
        self.read_settings.by_git.borrow_mut().insert(git_dir.to_owned(), Rc::clone(&read));
        Ok(read)
    }
}

/// Makes a configuration of `git config --list --null`. libgit2 reads files alone, so it is given one, for that moment.
fn from_list(list: &[u8]) -> Result<Config> {
    let written = |error| {
        Failure::from_io(error, Code::GitFailed, "git's answer about its configuration cannot be kept")
    };
    let mut file = tempfile::NamedTempFile::new().map_err(written)?;
    file.write_all(&as_file(list)).and_then(|()| file.flush()).map_err(written)?;
    let mut config = Config::open(file.path())
        .map_err(|error| from_library(error, "read git's answer about its configuration"))?;
    config.snapshot().map_err(|error| from_library(error, "read git's answer about its configuration"))
}

fn as_file(list: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for item in list.split(|byte| *byte == 0).filter(|item| !item.is_empty()) {
        let end = memchr::memchr(b'\n', item).unwrap_or(item.len());
        let (key, value) = (&item[..end], item.get(end + 1..));
        let (Some(first), Some(dot)) = (memchr::memchr(b'.', key), memchr::memrchr(b'.', key)) else {
            continue;
        };
        let (section, name) = (&key[..first], &key[dot + 1..]);
        // git has followed these.
        if section == b"include" || section == b"includeif" {
            continue;
        }
        text.push(b'[');
        text.extend_from_slice(section);
        if first < dot {
            text.extend_from_slice(b" \"");
            quote(&key[first + 1..dot], &mut text);
            text.push(b'"');
        }
        text.extend_from_slice(b"]\n");
        text.extend_from_slice(name);
        if let Some(value) = value {
            text.extend_from_slice(b" = \"");
            quote(value, &mut text);
            text.push(b'"');
        }
        text.push(b'\n');
    }
    text
}

fn quote(bytes: &[u8], text: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'\n' => text.extend_from_slice(b"\\n"),
            b'"' | b'\\' => text.extend_from_slice(&[b'\\', *byte]),
            byte => text.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_gits_answer_is_read_back() {
        let list = b"core.autocrlf\ntrue\0filter.a \"b\\.c.smudge\nsed \"s/a/#\\\\;/\"\n\ttwo \0core.bare\0\
                     remote.x.fetch\none\0remote.x.fetch\ntwo\0includeif.gitdir:/.path\n/nowhere\0";
        let config = from_list(list).unwrap();
        assert!(config.get_bool("core.autocrlf").unwrap() && config.get_bool("core.bare").unwrap());
        let filter = config.get_string("filter.a \"b\\.c.smudge").unwrap();
        assert_eq!(filter, "sed \"s/a/#\\\\;/\"\n\ttwo ");
        let mut fetched = Vec::new();
        let entries = config.entries(Some(r"^remote\.x\.fetch$")).unwrap();
        entries.for_each(|entry| fetched.push(entry.value().unwrap().to_owned())).unwrap();
        assert_eq!(fetched, ["one", "two"]);
    }
}
