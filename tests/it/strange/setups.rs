//! Each set-up, and how it is made; `None` where this machine cannot.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use super::round::{Outcome, Setup};
use crate::state::Mount;
use crate::support::{Sandbox, git};

/// A set-up with its name.
pub struct Named {
    pub name: &'static str,
    pub make: fn() -> Option<Setup>,
}

const fn named(name: &'static str, make: fn() -> Option<Setup>) -> Named {
    Named { name, make }
}

/// All of them.
pub const ALL: [Named; 38] = [
    named("includeIf gitdir", || Some(including("gitdir:**/proj/", "[core]\n\tautocrlf = true\n"))),
    named("includeIf gitdir of worktrees", || {
        Some(including("gitdir:**/worktrees/**", "[core]\n\teol = crlf\n"))
    }),
    named("includeIf gitdir/i", || Some(including("gitdir/i:**/PROJ/", "[core]\n\tautocrlf = input\n"))),
    named("includeIf onbranch", || Some(including("onbranch:feature/**", "[core]\n\tautocrlf = true\n"))),
    named("includeIf hasconfig", || {
        let setup = including("hasconfig:remote.*.url:**", "[core]\n\tabbrev = 12\n");
        setup.sandbox.add_remote(&setup.folder, "origin");
        Some(setup)
    }),
    named("GIT_CONFIG_COUNT", || {
        Some(variables(&[
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "core.autocrlf"),
            ("GIT_CONFIG_VALUE_0", "true"),
        ]))
    }),
    named("GIT_CONFIG_PARAMETERS", || {
        Some(variables(&[("GIT_CONFIG_PARAMETERS", "'core.quotepath'='false'")]))
    }),
    named("GIT_CONFIG_GLOBAL leads nowhere", || Some(variables(&[("GIT_CONFIG_GLOBAL", "/nowhere/at/all")]))),
    named("GIT_DIR of another repository", || {
        let sandbox = Sandbox::new();
        sandbox.make_repository("other");
        // For `wt` alone: git would do as it says.
        let other = sandbox.path("other/.git");
        Some(Setup::of(sandbox).by(&format!("case $1 in *wt) export GIT_DIR='{}';; esac", other.display())))
    }),
    named("the git folder is a link", || {
        let sandbox = Sandbox::new();
        let (git, real) = (sandbox.repo().join(".git"), sandbox.path("real.git"));
        fs::rename(&git, &real).unwrap();
        symlink(&real, &git).unwrap();
        Some(Setup::of(sandbox))
    }),
    named("the git folder lies elsewhere", || {
        let sandbox = Sandbox::without_repository();
        let real = sandbox.path("real.git");
        let init = ["init", "-q", "-b", "main", "--separate-git-dir", real.to_str().unwrap()];
        sandbox.make_repository_with("proj", &init);
        Some(Setup::of(sandbox))
    }),
    named("a bare repository", || Some(bare("proj.git", false))),
    named("a bare repository below its worktrees", || Some(bare("all/.bare", true))),
    named("a repository with a submodule", || {
        let sandbox = with_submodule();
        Some(Setup::of(sandbox))
    }),
    named("inside a submodule", || {
        let sandbox = with_submodule();
        let folder = sandbox.repo().join("sub");
        Some(Setup { folder, ..Setup::of(sandbox) })
    }),
    named("worktrees inside the repository", || {
        let sandbox = Sandbox::new();
        sandbox.configure("[worktree]\npath = \".worktrees/{{ name }}\"\n");
        Some(Setup::of(sandbox))
    }),
    named("in a linked worktree", || {
        let sandbox = Sandbox::new();
        let folder = sandbox.path("by git");
        sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "other", folder.to_str().unwrap()]);
        Some(Setup { folder, ..Setup::of(sandbox) })
    }),
    named("a path with blanks, quotes and no UTF-8 in its neighbours", || {
        let sandbox = Sandbox::without_repository();
        let folder = sandbox.make_repository("it's a \"proj\" $HOME");
        Some(Setup { folder, ..Setup::of(sandbox) })
    }),
    named("in namespaces of a container", || {
        let mut setup = Setup::of(Sandbox::new());
        setup.through = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"].map(str::to_owned).to_vec();
        setup.command("true", &[]).status().ok()?.success().then_some(setup)
    }),
    named("a folder that folds case", || {
        let sandbox = Sandbox::without_repository();
        let (image, folder) = (sandbox.path("image"), sandbox.path("folded"));
        fs::create_dir_all(&folder).unwrap();
        fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        let is_done = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
        let made = is_done(Command::new("mkfs.ext4").args(["-q", "-O", "casefold"]).arg(&image));
        let mount = Mount::of(&image, folder.clone()).filter(|_| made)?;
        fs::create_dir(folder.join("here")).unwrap();
        if !is_done(Command::new("chattr").arg("+F").arg(folder.join("here"))) {
            return None;
        }
        let folder = sandbox.make_repository("folded/here/proj");
        Some(Setup { folder, mount: Some(mount), ..Setup::of(sandbox) })
    }),
    named("an overlay", || {
        let sandbox = Sandbox::new();
        let (root, layers) = (sandbox.path(""), sandbox.path("layers"));
        fs::create_dir(&layers).unwrap();
        let mount = Mount::tmpfs(layers.clone(), "size=64m")?;
        fs::create_dir(layers.join("upper")).unwrap();
        fs::create_dir(layers.join("work")).unwrap();
        let script = format!(
            "mount -t overlay -o lowerdir='{0}',upperdir='{1}/upper',workdir='{1}/work' o '{0}'",
            root.display(),
            layers.display()
        );
        let setup = Setup::of(sandbox).mounted(&script)?;
        Some(Setup { mount: Some(mount), ..setup })
    }),
    named("a home that is read-only", || {
        let sandbox = Sandbox::new();
        let home = sandbox.path("home");
        Setup::of(sandbox)
            .mounted(&format!("mount --bind '{0}' '{0}' && mount -o remount,bind,ro '{0}'", home.display()))
    }),
    named("a state folder that is read-only", || {
        let sandbox = Sandbox::new();
        let state = sandbox.path("state");
        fs::create_dir(&state).unwrap();
        let script = format!("mount --bind '{0}' '{0}' && mount -o remount,bind,ro '{0}'", state.display());
        let setup = Setup::of(sandbox).mounted(&script)?;
        Some(Setup { outcome: Outcome::Refused("permission"), ..setup })
    }),
    named("a state folder on another disk", || {
        let sandbox = Sandbox::new();
        let mount = Mount::tmpfs(sandbox.path("state"), "size=4m")?;
        Some(Setup { mount: Some(mount), ..Setup::of(sandbox) })
    }),
    named("a state folder on a full disk", || {
        let sandbox = Sandbox::new();
        let mount = Mount::tmpfs(sandbox.path("state"), "size=64k")?;
        let _ = fs::write(sandbox.path("state/filler"), vec![b'x'; 1 << 20]);
        Some(Setup { mount: Some(mount), outcome: Outcome::Refused("disk_full"), ..Setup::of(sandbox) })
    }),
    named("HOME is not set", || Some(Setup { unset: &["HOME"], ..Setup::of(Sandbox::new()) })),
    named("neither HOME nor a folder for the state", || {
        let unset = &["HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"];
        let outcome = Outcome::Refused("usage");
        Some(Setup { unset, outcome, ..Setup::of(Sandbox::new()) })
    }),
    named("TMPDIR leads nowhere", || Some(variables(&[("TMPDIR", "/nowhere/at/all")]))),
    named("TMPDIR is a file", || Some(variables(&[("TMPDIR", "/etc/passwd")]))),
    named("another program of our name is first", || {
        let mut sandbox = Sandbox::new();
        sandbox.wt(&["hooks", "install"]).ok();
        for name in ["wt", "git-wt"] {
            let path = sandbox.path("bin").join(name);
            git::write(&sandbox.path("bin"), name, "#!/bin/sh\necho something else; exit 3\n");
            fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap());
        sandbox.set("PATH", path);
        Some(Setup::of(sandbox))
    }),
    named("the git of the system", || by_git("/usr/bin")),
    named("an older git, of WT_TEST_OLD_GIT", || by_git(&std::env::var("WT_TEST_OLD_GIT").ok()?)),
    named("a newer git, of WT_TEST_NEW_GIT", || {
        by_git(&std::env::var("WT_TEST_NEW_GIT").unwrap_or_else(|_| "/opt/git-new/bin".to_owned()))
    }),
    named("a German locale", || {
        let mut sandbox = Sandbox::new();
        let folder = sandbox.path("locales");
        fs::create_dir(&folder).unwrap();
        let words = ["-i", "de_DE", "-f", "UTF-8"];
        Command::new("localedef").args(words).arg(folder.join("de_DE.UTF-8")).output().ok()?;
        // A git that was built by hand rarely speaks it.
        sandbox.set("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
        sandbox.set("LOCPATH", folder.as_os_str());
        sandbox.set("LC_ALL", "de_DE.UTF-8");
        sandbox.set("LANGUAGE", "de");
        let told = sandbox.try_git(&sandbox.path(""), &["rev-parse", "--git-dir"]);
        String::from_utf8_lossy(&told.stderr)
            .to_lowercase()
            .contains("kein git-repository")
            .then(|| Setup::of(sandbox))
    }),
    named("signals that are ignored", || {
        Some(Setup::of(Sandbox::new()).by("trap '' HUP INT TERM PIPE CHLD USR1"))
    }),
    named("umask 077 and 000", || {
        // What one makes the other one finds.
        let script = "case $* in *create*|*restore*) umask 077;; *) umask 000;; esac";
        Some(Setup::of(Sandbox::new()).by(script))
    }),
    named("two users, one of whom the repository belongs to", || {
        let sandbox = Sandbox::new();
        let root = sandbox.path("");
        let is_given = Command::new("chown").args(["-R", "54321:54321"]).arg(&root).status().ok()?.success();
        let mut setup = Setup::of(sandbox);
        setup.through =
            ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"].map(str::to_owned).to_vec();
        (is_given && setup.command(env!("CARGO_BIN_EXE_wt"), &["--version"]).status().ok()?.success())
            .then_some(setup)
    }),
    named("root in a user's repository", || {
        let sandbox = Sandbox::new();
        let is_given =
            Command::new("chown").args(["-R", "54321:54321"]).arg(sandbox.repo()).status().ok()?.success();
        let outcome = Outcome::Refused("permission");
        is_given.then(|| Setup { outcome, ..Setup::of(sandbox) })
    }),
];

/// A repository whose user's configuration includes a file on a condition.
fn including(condition: &str, text: &str) -> Setup {
    let sandbox = Sandbox::new();
    let (home, included) = (sandbox.path("home/.gitconfig"), sandbox.path("included"));
    let own = fs::read_to_string(&home).unwrap();
    fs::write(&home, format!("{own}[includeIf \"{condition}\"]\n\tpath = {}\n", included.display())).unwrap();
    fs::write(&included, text).unwrap();
    Setup::of(sandbox)
}

/// A repository that the git in a folder works in.
fn by_git(folder: &str) -> Option<Setup> {
    let mut sandbox = Sandbox::new();
    sandbox.set("PATH", format!("{folder}:{}", std::env::var("PATH").ok()?));
    Path::new(folder).join("git").is_file().then(|| Setup::of(sandbox))
}

fn variables(variables: &[(&str, &str)]) -> Setup {
    let mut sandbox = Sandbox::new();
    for (name, value) in variables {
        sandbox.set(name, value);
    }
    Setup::of(sandbox)
}

/// A bare clone; with a file beside it that leads there, where its worktrees are to be below one folder.
fn bare(at: &str, has_file: bool) -> Setup {
    let sandbox = Sandbox::new();
    let (repo, path) = (sandbox.repo(), sandbox.path(at));
    sandbox.git(&repo, &["clone", "-q", "--bare", ".", path.to_str().unwrap()]);
    let folder = if has_file { path.parent().unwrap().to_owned() } else { path };
    if has_file {
        git::write(&folder, ".git", "gitdir: ./.bare\n");
    }
    Setup { folder, ..Setup::of(sandbox) }
}

fn with_submodule() -> Sandbox {
    let sandbox = Sandbox::new();
    let other = sandbox.make_repository("other");
    sandbox.git(&sandbox.repo(), &["submodule", "--quiet", "add", other.to_str().unwrap(), "sub"]);
    sandbox.commit(&sandbox.repo(), "a submodule");
    sandbox
}
