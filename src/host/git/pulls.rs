//! Pull requests by git alone: fetched into a ref of ours that keeps them from gc, followed by a branch, and the remote that a
//! push to one needs.

use super::command::{Git, GitOutput};
use super::repository::{Repository, git_dir_word};
use crate::error::{Code, Failure, Result};
use crate::model::advised::wt;
use crate::model::pull::{BranchNames, Remote};

/// What a fetch brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedPull {
    /// The commit, in hexadecimal.
    pub head: String,
    /// The branches of the same remote that stood there at the same time, short.
    pub branches: Vec<String>,
}

/// What a branch is to follow, and where a push of it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullSettings {
    pub remote: String,
    pub merge: String,
    pub push_remote: Option<String>,
    /// A remote to be made for it.
    pub made: Option<MadeRemote>,
}

/// A remote that is for one branch alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MadeRemote {
    pub name: String,
    pub url: String,
    pub push_url: String,
    pub fetch: String,
    pub push: String,
}

impl Repository {
    /// Returns the remotes with their URLs, but for those that were made for one branch.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration cannot be read.
    pub fn remotes_with_urls(&self) -> Result<Vec<Remote>> {
        let settings = self.settings(None)?;
        let mut remotes = Vec::new();
        for name in self.upstreams()?.remotes().into_iter().filter(|name| !is_made(name)) {
            let Ok(written) = settings.get_string(&format!("remote.{name}.url")) else { continue };
            let output = self.outward().args(["remote", "get-url", "--", &name]).run()?;
            let mut urls = vec![written];
            urls.extend(Some(output.text()).filter(|_| output.is_success()));
            remotes.push(Remote { name, urls });
        }
        Ok(remotes)
    }

    /// A git child that asks remotes: a URL that is relative counts from the main worktree.
    pub(super) fn outward(&self) -> Git<'_> {
        let folder = if self.root.is_dir() { &self.root } else { &self.common_dir };
        self.git_in(folder).args([git_dir_word(&self.common_dir)])
    }

    /// Returns the URL of `remote` as it is written; `None` where there is none.
    #[must_use]
    pub fn find_remote_url(&self, remote: &str) -> Option<String> {
        self.settings(None).ok()?.get_string(&format!("remote.{remote}.url")).ok()
    }

    /// Returns the program that git starts for ssh, where its configuration names one.
    #[must_use]
    pub fn find_ssh_command(&self) -> Option<String> {
        self.settings(None).ok()?.get_string("core.sshCommand").ok()
    }

    /// Returns how the repository names its objects, where its settings say so.
    #[must_use]
    pub fn find_object_format(&self) -> Option<String> {
        self.settings(None).ok()?.get_string("extensions.objectFormat").ok()
    }

    /// Fetches `reference` of `remote` into `kept`, and the remote's branches along with it.
    ///
    /// # Errors
    ///
    /// `not_found` where the remote has no such ref, `git_failed` where it cannot be reached, `interrupted`.
    pub fn fetch_pull(
        &self,
        remote: &str,
        reference: &str,
        kept: &str,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<FetchedPull> {
        let own = format!("refs/remotes/{remote}/");
        let specs = self.upstreams()?.specs_of(remote).into_iter().filter(|spec| {
            spec.split_once(':').is_some_and(|(from, to)| {
                from.trim_start_matches('+').starts_with("refs/heads/") && to.starts_with(&own)
            })
        });
        let mut words = vec![remote.to_owned(), format!("+{reference}:{kept}")];
        words.extend(specs);
        let fetch = |more: &[&str]| {
            let usual = ["fetch", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
            self.outward().args(usual).args(more).args(["--"]).args(&words).interrupted_by(interrupted).run()
        };
        let mut output = fetch(&["--porcelain", "--verbose"])?;
        if output.status == 129 {
            // git before 2.41 does not say what it saw: then nothing is proven by it.
            output = fetch(&["--quiet"])?;
        }
        if !output.is_success() {
            return Err(self.unfetched(remote, reference, &output)?);
        }
        let Some(head) = self.find_reference(kept)? else {
            let message = format!("`{reference}` of `{remote}` is no commit");
            return Err(Failure::new(Code::NotFound, message));
        };
        let text = output.text();
        let stood = text.lines().filter_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let [.., new, name] = words[..] else { return None };
            name.strip_prefix(&own).filter(|name| new == head && *name != "HEAD").map(str::to_owned)
        });
        let branches = stood.collect();
        Ok(FetchedPull { head, branches })
    }

    /// Returns the commit of `reference` on `remote` and changes nothing.
    ///
    /// # Errors
    ///
    /// As [`fetch_pull`](Self::fetch_pull).
    pub fn ask_pull(&self, remote: &str, reference: &str, interrupted: &dyn Fn() -> bool) -> Result<String> {
        let words = ["ls-remote", "--", remote, reference];
        let output = self.outward().args(words).interrupted_by(interrupted).run()?;
        let text = output.text();
        match text.split_whitespace().next().filter(|_| output.is_success()) {
            Some(commit) => Ok(commit.to_owned()),
            None => Err(self.unfetched(remote, reference, &output)?),
        }
    }

    /// Says why there is nothing: the remote cannot be reached, has no such ref, or none of the kind.
    fn unfetched(&self, remote: &str, reference: &str, output: &GitOutput) -> Result<Failure> {
        let kind: String = reference.split_inclusive('/').take(2).collect();
        let listed = self.outward().args(["ls-remote", "--", remote, &format!("{kind}*")]).run()?;
        if !listed.is_success() {
            let message = format!("`{remote}` cannot be asked: {}", listed.complaint());
            return Ok(
                Failure::new(Code::GitFailed, message).hint(format!("try it yourself: git fetch {remote}"))
            );
        }
        let texts = listed.text();
        if texts.lines().any(|line| line.ends_with(&format!("\t{reference}"))) {
            let message = format!("`{reference}` of `{remote}` cannot be fetched: {}", output.complaint());
            return Ok(Failure::new(Code::GitFailed, message));
        }
        let has_others = !texts.is_empty();
        Ok(Failure::new(Code::NotFound, format!("`{remote}` has no `{reference}`")).hint(if has_others {
            "look at the number, or give the page's address".to_owned()
        } else {
            let create = wt("create --branch {}/NAME", &[&remote]);
            format!(
                "it serves no such refs at all: fetch the branch that the pull request comes from, then `{create}`"
            )
        }))
    }

    /// Drops a ref of ours that kept a pull request, where it still stands at `expected`.
    ///
    /// # Errors
    ///
    /// Fails when git's files cannot be changed.
    pub fn drop_pull(&self, kept: &str, expected: Option<&str>) -> Result<()> {
        if !kept.starts_with("refs/wt/pull/") {
            return Ok(());
        }
        self.delete_reference(kept, expected).map(drop)
    }

    /// Has the branch follow the pull request, and makes the remote that a push needs.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration cannot be written.
    pub fn follow_pull(&self, branch: &str, settings: &PullSettings) -> Result<()> {
        self.edit_config(&format!("have `{branch}` follow the pull request"), |file| {
            let mut config = git2::Config::open(file)?;
            if let Some(made) = &settings.made {
                let set = [
                    ("url", &made.url),
                    ("pushurl", &made.push_url),
                    ("fetch", &made.fetch),
                    ("push", &made.push),
                ];
                for (key, value) in set {
                    config.set_str(&format!("remote.{}.{key}", made.name), value)?;
                }
            }
            config.set_str(&format!("branch.{branch}.remote"), &settings.remote)?;
            config.set_str(&format!("branch.{branch}.merge"), &settings.merge)?;
            match &settings.push_remote {
                Some(remote) => config.set_str(&format!("branch.{branch}.pushRemote"), remote),
                None => Ok(()),
            }
        })
    }

    /// Takes the remote away that was made for a pull request: it still fetches into `kept`, so it is ours.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration cannot be written.
    pub fn forget_made_remote(&self, name: &str, kept: &str) -> Result<()> {
        let key = format!("remote.{name}.fetch");
        let Some(config) = super::config_conditions::file(&self.common_dir.join("config")) else {
            return Ok(());
        };
        let is_ours = config.get_string(&key).is_ok_and(|spec| spec.ends_with(&format!(":{kept}")));
        if !is_made(name) || !is_ours {
            return Ok(());
        }
        self.edit_config(&format!("take the remote `{name}` away"), |file| {
            let words = ["config".as_ref(), "--file".as_ref(), file.as_os_str(), "--remove-section".as_ref()];
            let removed = self.git().args(words).args([format!("remote.{name}")]).run();
            match removed {
                Ok(output) if output.is_success() => Ok(()),
                _ => Err(git2::Error::from_str("git cannot remove the section")),
            }
        })
    }

    /// Returns the first name like `wanted` that no remote bears.
    ///
    /// # Errors
    ///
    /// Fails when git's configuration cannot be read.
    pub fn choose_remote_name(&self, wanted: &str) -> Result<String> {
        let remotes = self.upstreams()?;
        let numbered = (2..1000).map(|number| format!("{wanted}-{number}"));
        let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
        names.find(|name| !remotes.is_remote(name)).ok_or_else(|| {
            Failure::new(Code::GitFailed, format!("there are a thousand remotes like `{wanted}`"))
        })
    }

    /// Returns the remote that a plain push goes to, where one is set.
    #[must_use]
    pub fn push_default(&self) -> Option<String> {
        self.settings(None).ok()?.get_string("remote.pushDefault").ok()
    }

    /// Returns the names that a new branch may clash with; `configured` is the default branch that our configuration names.
    ///
    /// # Errors
    ///
    /// Fails when the refs or git's configuration cannot be read.
    pub fn taken_names(&self, configured: Option<&str>) -> Result<BranchNames> {
        let clues = self.default_branch_clues(configured)?;
        let mut defaults: Vec<String> = ["main", "master"].map(str::to_owned).to_vec();
        defaults.extend(clues.configured);
        defaults.extend(clues.remotes.iter().filter_map(|remote| remote.head.clone()));
        let remotes = self.upstreams()?.remotes();
        let mut of_remotes = Vec::new();
        for remote in &remotes {
            let prefix = format!("refs/remotes/{remote}/");
            let found = self.references(&prefix)?;
            of_remotes
                .extend(found.iter().filter_map(|(name, _)| name.strip_prefix(&prefix)).map(str::to_owned));
        }
        let local = self.branches()?.into_iter().map(|(name, _)| name).collect();
        Ok(BranchNames { local, of_remotes, defaults, remotes })
    }

    /// Moves the worktree's branch forward to `commit`, and nothing else; no hook that lies inside of it runs, and no file that
    /// git ignores there is overwritten.
    ///
    /// # Errors
    ///
    /// `git_failed` with git's words.
    pub fn fast_forward(
        &self,
        worktree: &std::path::Path,
        commit: &str,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<()> {
        let hooks = format!("core.hooksPath={}", self.common_dir.join("hooks").display());
        let words = [
            "-c",
            &hooks,
            "-c",
            "submodule.recurse=false",
            "merge",
            "--ff-only",
            "--no-overwrite-ignore",
            "--quiet",
            commit,
        ];
        self.git_in(worktree).args(words).interrupted_by(interrupted).require().map(drop)
    }

    /// Answers whether `commit` has `ancestor` among its own.
    ///
    /// # Errors
    ///
    /// `git_failed` for what is no commit.
    pub fn is_ancestor(&self, ancestor: &str, commit: &str) -> Result<bool> {
        let output = self.git().args(["merge-base", "--is-ancestor", ancestor, commit]).run()?;
        match output.status {
            0 => Ok(true),
            1 => Ok(false),
            _ => Err(Failure::new(
                Code::GitFailed,
                format!("commits cannot be compared: {}", output.complaint()),
            )),
        }
    }
}

/// What remotes are called that are made for one branch.
const MADE: [&str; 2] = ["wt-pr-", "wt-mr-"];

pub(super) fn is_made(name: &str) -> bool {
    MADE.iter().any(|prefix| name.starts_with(prefix))
}
