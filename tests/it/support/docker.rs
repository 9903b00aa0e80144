//! A `docker` on the PATH, written by hand: the tests' machine runs no engine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::Sandbox;

/// The stand-in, as a program of one sandbox.
pub struct Docker {
    folder: PathBuf,
}

impl Docker {
    /// Puts it first on the PATH of every later command.
    pub fn install(sandbox: &mut Sandbox) -> Self {
        let folder = sandbox.path("docker");
        fs::create_dir_all(folder.join("bin")).unwrap();
        let program = folder.join("bin/docker");
        fs::write(&program, include_str!("docker.sh")).unwrap();
        fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let usual = std::env::var("PATH").unwrap();
        sandbox.set("PATH", format!("{}:{usual}", folder.join("bin").display()));
        sandbox.set("WT_TEST_DOCKER", folder.clone());
        Self { folder }
    }

    /// Every call, as `PROJECT|FOLDER|WORDS`.
    pub fn calls(&self) -> String {
        fs::read_to_string(self.folder.join("calls")).unwrap_or_default()
    }

    /// From now on its `plugin` or its `engine` is missing.
    pub fn trouble(&self, what: &str) {
        fs::write(self.folder.join("trouble"), what).unwrap();
    }

    /// What the container of `service` in `project` is: `running`, `exited 3`; empty where there is none.
    pub fn container(&self, project: &str, service: &str) -> String {
        let path = self.folder.join(format!("{project}-{service}"));
        fs::read_to_string(path).unwrap_or_default().trim().to_owned()
    }

    /// From now on a container of `project` publishes `port`.
    pub fn publish(&self, project: &str, port: u16) {
        fs::write(self.folder.join(format!("{project}-{port}-published")), "").unwrap();
    }

    /// Makes the container something else.
    pub fn set_container(&self, project: &str, service: &str, state: &str) {
        let path = self.folder.join(format!("{project}-{service}"));
        let new = self.folder.join("new");
        fs::write(&new, format!("{state}\n")).unwrap();
        fs::rename(new, path).unwrap();
    }
}
