//! Builds the host and looks around: the folder we stand in, its repository, and where the configuration comes from.

use std::path::{Path, PathBuf};

use super::global::GlobalArguments;
use crate::context::Context;
use crate::error::{Code, Failure, Result};
use crate::host::git::Repository;
use crate::host::machine::Host;
use crate::model::config::problem::Problem;
use crate::model::config::settings::Config;
use crate::ops::config::{self, LayerSources};
use crate::ops::foreign;

/// Where to look around from; can be carried to another thread.
#[derive(Clone, Debug)]
pub struct Viewpoint {
    pub host: Host,
    pub global: GlobalArguments,
}

impl Viewpoint {
    /// Returns the folder we stand in, after `-C`; absolute.
    ///
    /// # Errors
    ///
    /// `not_found` for one that is not there.
    pub fn folder(&self) -> Result<PathBuf> {
        folder(&self.host, &self.global.directories)
    }

    /// Looks around; from here on Ctrl-C is a request, so that what was begun can be undone.
    ///
    /// # Errors
    ///
    /// As [`Surroundings::of`].
    pub fn surroundings(self) -> Result<Surroundings> {
        self.host.interrupt.install()?;
        Surroundings::of(self.host, &self.global)
    }

    /// Looks around, and takes what is right of the configuration and of the repository; says beside what is wrong.
    ///
    /// # Errors
    ///
    /// `not_found` for a folder that is not there.
    pub fn look_whatever_is_wrong(self) -> Result<(Context, Vec<Failure>)> {
        self.host.interrupt.install()?;
        let (surroundings, refusal) = Surroundings::look_at_any_rate(self.host, &self.global)?;
        let (mut context, faults) = surroundings.into_context_at_any_rate();
        context.is_config_whole = faults.is_empty();
        Ok((context, refusal.into_iter().chain(faults).collect()))
    }
}

/// What is around us, before any configuration was read.
pub struct Surroundings {
    pub host: Host,
    /// The folder we stand in, after `-C`; absolute.
    pub folder: PathBuf,
    /// `None` outside of a repository.
    pub repository: Option<Repository>,
    user_file: Option<PathBuf>,
    config_flag: Option<PathBuf>,
    repository_root: Option<PathBuf>,
    variables: Vec<(String, String)>,
}

impl Surroundings {
    /// Looks around.
    ///
    /// # Errors
    ///
    /// `not_found` for a `-C` folder that is not there; `permission` for a repository of somebody else.
    pub fn of(host: Host, flags: &GlobalArguments) -> Result<Self> {
        let (surroundings, refusal) = Self::look_at_any_rate(host, flags)?;
        refusal.map_or(Ok(surroundings), Err)
    }

    /// Looks around; a repository that is there and cannot be opened is left out, and said beside.
    ///
    /// # Errors
    ///
    /// `not_found` for a `-C` folder that is not there.
    pub fn look_at_any_rate(host: Host, flags: &GlobalArguments) -> Result<(Self, Option<Failure>)> {
        let folder = folder(&host, &flags.directories)?;
        let (repository, refusal) = match Repository::discover(&folder) {
            Ok(repository) => (Some(repository.heeding(&host.interrupt)), None),
            Err(failure) if failure.code() == Code::NotARepository => (None, None),
            Err(failure) => (None, Some(failure)),
        };
        let repository_root =
            repository.as_ref().and_then(|repository| configured_by(&host, repository, &folder));
        let user_file = host.config_file();
        let config_flag = flags.config.as_ref().map(|file| folder.join(file));
        let ours = host.environment.ours();
        let variables = ours.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok((Self { host, folder, repository, user_file, config_flag, repository_root, variables }, refusal))
    }

    /// Returns where the configuration comes from.
    #[must_use]
    pub fn sources(&self) -> LayerSources<'_> {
        LayerSources {
            user_file: self.user_file.as_deref(),
            repository_root: self.repository_root.as_deref(),
            config_flag: self.config_flag.as_deref(),
            variables: &self.variables,
            host: Some(&self.host),
        }
    }

    /// Answers whether `--config` names a file that is not there.
    #[must_use]
    pub fn lacks_named_file(&self) -> bool {
        config::lacks_named_file(&self.sources())
    }

    /// Returns the folder whose `.wt.toml` counts; `None` outside of a repository.
    #[must_use]
    pub fn configured_folder(&self) -> Option<&Path> {
        self.repository_root.as_deref()
    }

    /// Reads the configuration and returns what operations are handed.
    ///
    /// # Errors
    ///
    /// `config_invalid`, naming file, line and key.
    pub fn into_context(self) -> Result<Context> {
        let config = config::load(&self.sources())?;
        Ok(self.context(config))
    }
}

impl Surroundings {
    fn context(self, config: Config) -> Context {
        let config_file = self.config_flag;
        Context { config_file, ..Context::new(self.host, config, self.folder, self.repository) }
    }

    /// As [`into_context`](Self::into_context), with whatever is right of the configuration, and what is wrong with it.
    ///
    /// # Errors
    ///
    /// Fails only when a file of it cannot be read at all.
    pub fn into_lenient_context(self) -> Result<(Context, Vec<Problem>)> {
        let (config, problems) = config::load_leniently(&self.sources())?;
        let mut context = self.context(config);
        context.is_config_whole = problems.is_empty();
        Ok((context, problems))
    }
}

/// As git's `-C`, which may be given several times, also as nothing: from then on it is as if we had been started there.
fn folder(host: &Host, directories: &[PathBuf]) -> Result<PathBuf> {
    let named: PathBuf = directories.iter().filter(|named| !named.as_os_str().is_empty()).collect();
    let folder = match named.as_os_str().is_empty() {
        true => return host.current_folder(),
        false if named.is_absolute() => named,
        false => host.current_folder()?.join(named),
    };
    folder.canonicalize().ok().filter(|folder| folder.is_dir()).ok_or_else(|| {
        Failure::new(Code::NotFound, format!("there is no folder {}", folder.display()))
            .hint("`-C` takes a folder, as in git")
    })
}

/// The main worktree's `.wt.toml` counts; a bare repository has none, so there it is that of the worktree we stand in, unless
/// that is a stranger's.
fn configured_by(host: &Host, repository: &Repository, folder: &Path) -> Option<PathBuf> {
    if !repository.is_bare() {
        return Some(repository.root().to_path_buf());
    }
    let Some(current) = repository.current() else { return Some(folder.to_path_buf()) };
    (!foreign::is_foreign_here(host, repository)).then(|| current.path.clone())
}

impl Surroundings {
    /// As [`into_context`](Self::into_context) with what is right of the configuration, whatever is wrong with it, and that.
    #[must_use]
    pub fn into_context_at_any_rate(self) -> (Context, Vec<Failure>) {
        let (config, faults) = config::load_at_any_rate(&self.sources());
        (self.context(config), faults)
    }
}
