//! The states from which commands are run.

use std::fs;
use std::path::Path;

use crate::support::Sandbox;
use crate::support::git::write;

pub fn with_bystander() -> Sandbox {
    with_configuration(None)
}

/// A repository with this `.wt.toml`, trusted, and a worktree that is no command's business.
fn with_configuration(config: Option<&str>) -> Sandbox {
    bystander_in(Sandbox::without_repository(), config)
}

fn bystander_in(sandbox: Sandbox, config: Option<&str>) -> Sandbox {
    let repo = sandbox.make_repository_with("proj", &["init", "-q", "-b", "main", "--template="]);
    write(&repo, ".gitignore", "/cache/\n/.secret\nnode_modules\n.claude/\n");
    write(&repo, ".worktreeinclude", "/cache/\n/.secret\n");
    if let Some(config) = config {
        write(&repo, ".wt.toml", config);
    }
    sandbox.commit(&repo, "lists");
    write(&repo, ".secret", "secret\n");
    write(&repo, "cache/one", "1");
    sandbox.wt(&["create", "bystander", "--ports", "--no-setup"]).ok();
    own_line(&sandbox, "feature-bystander");
    make_precious(&sandbox, &sandbox.worktree("feature-bystander"));
    write(&repo, "of-main.txt", "main's\n");
    if config.is_some() {
        sandbox.wt(&["trust", "--yes"]).ok();
    }
    sandbox
}

/// Puts a line of the user's into the env file.
fn own_line(sandbox: &Sandbox, name: &str) {
    let folder = sandbox.worktree(name);
    let env = fs::read_to_string(folder.join(".env")).unwrap();
    write(&folder, ".env", &format!("MINE=1\n{env}"));
}

/// Writes what must survive: something new, something staged, something edited.
fn make_precious(sandbox: &Sandbox, folder: &Path) {
    write(folder, "precious.txt", "precious\n");
    write(folder, "staged.txt", "staged\n");
    sandbox.git(folder, &["add", "staged.txt"]);
    write(folder, "src/main.txt", "edited\n");
}

/// So many files that two threads write them.
pub fn with_many_files() -> Sandbox {
    let sandbox = with_bystander();
    let repo = sandbox.repo();
    for number in 0..50 {
        write(&repo, &format!("many/{number}/file"), &format!("{number}\n"));
    }
    sandbox.git(&repo, &["add", "many"]);
    sandbox.git(&repo, &["commit", "-qm", "many", "--", "many"]);
    sandbox.git(&repo, &["config", "checkout.workers", "2"]);
    sandbox
}

pub fn with_login() -> Sandbox {
    login_in(with_bystander())
}

pub fn login_in(sandbox: Sandbox) -> Sandbox {
    sandbox.wt(&["create", "login", "--ports", "--no-setup"]).ok();
    own_line(&sandbox, "feature-login");
    make_precious(&sandbox, &sandbox.worktree("feature-login"));
    sandbox
}

pub fn with_removed() -> Sandbox {
    let sandbox = with_login();
    sandbox.wt(&["remove", "login", "--force"]).ok();
    sandbox
}

/// What was removed can be restored no longer.
pub fn with_spent_trash() -> Sandbox {
    let sandbox = with_removed();
    crate::teardown::let_time_pass(&sandbox);
    sandbox
}

/// Made by git, so that we know nothing of it.
pub fn with_unrecorded() -> Sandbox {
    let sandbox = with_bystander();
    let folder = sandbox.worktree("feature-login");
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "feature/login", folder.to_str().unwrap()]);
    make_precious(&sandbox, &folder);
    sandbox
}

/// Its folder was deleted behind everybody's back.
pub fn with_vanished() -> Sandbox {
    let sandbox = with_login();
    fs::remove_dir_all(sandbox.worktree("feature-login")).unwrap();
    sandbox
}

/// Its work is in the default branch.
pub fn with_merged() -> Sandbox {
    let sandbox = with_bystander();
    sandbox.wt(&["create", "login", "--ports"]).ok();
    let folder = sandbox.worktree("feature-login");
    write(&folder, "work.txt", "work\n");
    sandbox.commit(&folder, "work");
    sandbox.git(&sandbox.repo(), &["merge", "-q", "--no-ff", "-m", "merged", "feature/login"]);
    sandbox
}

/// Its env block is not as it should be, and a port is on record that no file names.
pub fn with_broken_env() -> Sandbox {
    let sandbox = with_login();
    let path = sandbox.worktree("feature-login").join(".env");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text.replace("WT_NAME=", "WT_NAME=x")).unwrap();
    sandbox
}

/// Much is wrong: an env block, a vanished worktree, one of git's alone.
pub fn with_disorder() -> Sandbox {
    let sandbox = with_broken_env();
    sandbox.wt(&["create", "gone", "--ports"]).ok();
    fs::remove_dir_all(sandbox.worktree("feature-gone")).unwrap();
    sandbox
}

/// Somebody else listens on its port, as long as the tests run.
pub fn with_stranger() -> Sandbox {
    let sandbox = with_login();
    let living = sandbox.living();
    let entry = living.iter().find(|entry| entry["name"] == "feature-login").unwrap();
    let port = u16::try_from(entry["allocations"][0]["port"].as_u64().unwrap()).unwrap();
    Box::leak(Box::new(std::net::TcpListener::bind(("127.0.0.1", port)).unwrap()));
    sandbox
}

/// The source of a carried file has changed since.
pub fn with_newer_sources() -> Sandbox {
    let sandbox = with_login();
    write(&sandbox.repo(), ".secret", "another\n");
    write(&sandbox.repo(), "cache/two", "2");
    sandbox
}

pub fn with_caches() -> Sandbox {
    let sandbox = with_login();
    let folder = sandbox.worktree("feature-login");
    write(&folder, "node_modules/a/index.js", "x");
    write(&folder, "node_modules/b/index.js", "x");
    // A cache is nobody's work: it is no user's file here.
    sandbox
}

pub fn with_setup() -> Sandbox {
    login_in(with_configuration(Some(
        "[worktree]\nsetup = [\"sh -c 'echo a > ../one'\", \"sh -c 'echo b > ../two'\"]\n",
    )))
}

/// Nobody has allowed yet what the configuration wants to run.
pub fn with_untrusted() -> Sandbox {
    let sandbox = with_setup();
    sandbox.wt(&["trust", "--revoke"]).ok();
    sandbox
}

/// Two services, which do nothing but run.
pub fn with_services() -> Sandbox {
    login_in(with_configuration(Some(
        "[service.api]\nrun = \"sleep 1000\"\nlistens = false\n\n[service.mail]\nrun = \"sleep 1000\"\nlistens = false\n\
         depends_on = [\"api\"]\n",
    )))
}

/// Branches are claimed on a remote.
pub fn with_claims() -> Sandbox {
    claiming(with_bystander())
}

fn claiming(sandbox: Sandbox) -> Sandbox {
    let repo = sandbox.repo();
    sandbox.add_remote(&repo, "origin");
    sandbox.configure("[team]\nclaims = \"git\"\ntimeout = \"20s\"\n");
    // What was there before takes its claim.
    sandbox.wt(&["validate", "--fix"]).ok();
    sandbox
}

/// A worktree where an agent's program makes its own.
pub fn with_agents() -> Sandbox {
    let sandbox = with_bystander();
    let folder = sandbox.repo().join(".claude/worktrees/calm-fox");
    let name = folder.to_str().unwrap();
    sandbox.git(&sandbox.repo(), &["worktree", "add", "-q", "-b", "worktree-calm-fox", name]);
    sandbox
}

/// Two repositories' worth of settings that hooks are put into.
pub fn with_foreign_hook() -> Sandbox {
    let sandbox = with_bystander();
    let hook = sandbox.repo().join(".git/hooks/post-checkout");
    write(hook.parent().unwrap(), "post-checkout", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    sandbox
}

pub fn with_hooks() -> Sandbox {
    let sandbox = with_foreign_hook();
    sandbox.wt(&["hooks", "install"]).ok();
    sandbox
}

/// A branch that somebody worked on.
pub fn with_branch() -> Sandbox {
    let sandbox = with_bystander();
    let repo = sandbox.repo();
    let tree = sandbox.git(&repo, &["rev-parse", "HEAD^{tree}"]);
    let work = sandbox.git(&repo, &["commit-tree", "-m", "work", "-p", "HEAD", &tree]);
    sandbox.git(&repo, &["branch", "feature/login", &work]);
    sandbox
}

/// A setup, and something behind it that nobody waits for.
pub fn with_slow_setup() -> Sandbox {
    with_configuration(Some("[worktree]\nsetup = [\"touch ../one\"]\nbackground = [\"touch ../two\"]\n"))
}

/// Nothing would be lost with it.
pub fn with_clean() -> Sandbox {
    let sandbox = with_bystander();
    sandbox.wt(&["create", "login", "--ports", "--no-setup"]).ok();
    sandbox
}

pub fn with_two() -> Sandbox {
    let sandbox = with_login();
    sandbox.wt(&["create", "other", "--ports"]).ok();
    sandbox
}

/// Its folder was deleted, and its record is put away.
pub fn with_pruned() -> Sandbox {
    let sandbox = with_vanished();
    sandbox.wt(&["prune"]).ok();
    sandbox
}

/// What was removed can be restored no longer, and is still to be torn down.
pub fn with_due_teardown() -> Sandbox {
    let sandbox = with_configuration(Some(
        "[worktree]\nsetup = [\"true\"]\nteardown = [\"sh -c 'echo {{ name }} >> ../torn'\"]\n",
    ));
    sandbox.wt(&["create", "login", "--ports"]).ok();
    sandbox.wt(&["remove", "login", "--force"]).ok();
    crate::teardown::let_time_pass(&sandbox);
    sandbox
}

pub fn with_exclusion() -> Sandbox {
    let sandbox = with_login();
    sandbox.wt(&["ports", "exclude", &sandbox.port(5).to_string(), "--reason", "printer"]).ok();
    sandbox
}

/// Has a server that no `wt up` started listen on a port, with a folder of the worktrees' as its own.
pub fn serve_port(sandbox: &Sandbox, folder: &str, port: u16) {
    let mut folder = sandbox.worktree(folder);
    if folder.ends_with(".wt-trash") {
        let entries = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
        folder = entries.into_iter().find(|path| path.is_dir()).unwrap();
    }
    let script = format!(
        "import socket, time\ns = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
         s.bind(('127.0.0.1', {}))\ns.listen(5)\ntime.sleep(1000)\n",
        sandbox.port(port)
    );
    let mut server = sandbox.program("python3", &folder).args(["-c", &script]).spawn().unwrap();
    crate::support::wait::until("it listens", || {
        std::net::TcpStream::connect(("127.0.0.1", sandbox.port(port))).is_ok()
    });
    std::thread::spawn(move || server.wait());
}

pub fn up(sandbox: &Sandbox) {
    sandbox.wt(&["up", "-w", "feature-login"]).ok();
}

/// Services, and the words with which their supervisor was started once.
pub fn with_former_supervisor() -> Sandbox {
    let sandbox = with_services();
    up(&sandbox);
    let pid = sandbox.json(&["status", "-w", "feature-login"])["supervisor"].as_u64().unwrap();
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    sandbox.wt(&["down", "-w", "feature-login"]).ok();
    fs::write(sandbox.path("supervisor"), words).unwrap();
    sandbox
}

/// Whether people said that a port is not to be given.
pub fn is_excluded(sandbox: &Sandbox) -> bool {
    sandbox.registry()["exclusions"].as_array().is_some_and(|all| !all.is_empty())
}

/// How many claims on branches the remote has.
pub fn claims(sandbox: &Sandbox) -> usize {
    let remote = sandbox.path("remotes/origin.git");
    sandbox.git(&remote, &["for-each-ref", "--format=%(refname)", "refs/wt/claims"]).lines().count()
}

pub fn with_claim() -> Sandbox {
    let sandbox = with_claims();
    sandbox.wt(&["team", "claim", "feature/login"]).ok();
    sandbox
}

pub fn with_claimed_login() -> Sandbox {
    login_in(with_claims())
}

/// The users of this machine keep their ports apart; only root can have that.
pub fn with_shared_host() -> Sandbox {
    let sandbox = Sandbox::without_repository();
    let folder = sandbox.path("claims");
    sandbox.wt_in(&sandbox.path(""), &["team", "init", "--shared-host", folder.to_str().unwrap()]).ok();
    sandbox.configure(&format!("[team]\nshared_host = \"{}\"\n", folder.display()));
    bystander_in(sandbox, None)
}

/// An agent's session is known.
pub fn with_session() -> Sandbox {
    let sandbox = with_agents();
    let folder = sandbox.repo().join(".claude/worktrees/calm-fox");
    sandbox.wt_in(&folder, &["agent", "enter"]).ok();
    sandbox
}

/// Beside settings of the user's.
pub fn with_installed_agent() -> Sandbox {
    let sandbox = with_login();
    write(&sandbox.path("home"), ".claude/settings.json", "{\n  \"mine\": true\n}\n");
    sandbox.wt(&["agent", "install", "claude", "--user"]).ok();
    sandbox
}

/// Another tool's file says what is run.
pub fn with_procfile() -> Sandbox {
    let sandbox = with_login();
    write(&sandbox.repo(), "Procfile", "web: python3 -m http.server $PORT\n");
    sandbox
}

pub fn with_notices() -> Sandbox {
    let sandbox = with_login();
    let told = sandbox.path("home/told");
    sandbox.configure(&format!("[notify]\ncommand = \"touch {}\"\n", told.display()));
    sandbox
}
