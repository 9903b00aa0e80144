//! Loose objects that a crash left cut off or full of zeros: every command says which, or does without, and ends.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;

use crate::support::{Run, Sandbox, git, wait};

/// A repository whose main worktree cannot stand in for the objects, for its files are gone.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let text = (1..2000).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
    git::write(&sandbox.repo(), "inner/long.txt", &text);
    sandbox.commit(&sandbox.repo(), "second");
    fs::remove_dir_all(sandbox.repo().join("inner")).unwrap();
    sandbox
}

/// Runs `wt`, which must end.
#[track_caller]
fn ending(sandbox: &Sandbox, arguments: &[&str]) -> Run {
    let mut command = sandbox.command(&sandbox.repo(), arguments);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = wait::end_of(&mut child);
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
    Run::new(arguments, &std::process::Output { status, stdout, stderr })
}

/// One object's file.
struct Object {
    name: String,
    path: PathBuf,
    whole: Vec<u8>,
}

impl Object {
    fn find(sandbox: &Sandbox, spec: &str) -> Self {
        let name = sandbox.git(&sandbox.repo(), &["rev-parse", spec]);
        let path = sandbox.repo().join(".git/objects").join(&name[..2]).join(&name[2..]);
        let whole = fs::read(&path).unwrap();
        Self { name, path, whole }
    }

    fn write(&self, bytes: &[u8]) {
        fs::remove_file(&self.path).unwrap();
        fs::write(&self.path, bytes).unwrap();
    }

    /// Ways in which a crash leaves it.
    fn broken(&self) -> Vec<Vec<u8>> {
        let length = self.whole.len();
        let cuts = [0, 1, 2, 12, length / 2, length - 5, length - 4, length - 1];
        let mut broken: Vec<_> = cuts.iter().map(|cut| self.whole[..*cut].to_vec()).collect();
        broken.push(vec![0; length]);
        let mut half = self.whole.clone();
        half[length / 2..].fill(0);
        broken.push(half);
        broken.push([&*self.whole, b"more"].concat());
        broken
    }
}

fn create_names_it(spec: &str) {
    let sandbox = sandbox();
    let object = Object::find(&sandbox, spec);
    let branches = sandbox.git(&sandbox.repo(), &["for-each-ref", "--format=%(refname)"]);
    for broken in object.broken() {
        object.write(&broken);
        let run = ending(&sandbox, &["create", "x"]).exits(1);
        assert!(run.stderr.contains(&object.name), "{} bytes\n{}", broken.len(), run.shown());
        assert!(!sandbox.worktree("feature-x").exists());
        assert!(sandbox.living().is_empty());
        assert_eq!(sandbox.git(&sandbox.repo(), &["for-each-ref", "--format=%(refname)"]), branches);
    }
    object.write(&object.whole);
    sandbox.wt(&["create", "x"]).ok();
}

#[test]
fn create_names_a_blob_that_is_cut_off() {
    create_names_it("HEAD:inner/long.txt");
}

#[test]
fn create_names_a_tree_that_is_cut_off() {
    create_names_it("HEAD^{tree}");
    create_names_it("HEAD:inner");
}

#[test]
fn create_names_a_commit_that_is_cut_off() {
    create_names_it("HEAD");
}

#[test]
fn create_says_that_an_object_is_cut_off_and_what_to_ask() {
    let sandbox = sandbox();
    let object = Object::find(&sandbox, "HEAD:inner");
    object.write(&object.whole[..object.whole.len() - 5]);
    let run = ending(&sandbox, &["create", "x"]).exits(1);
    run.says(&[&object.name, "cut off", "git fsck"]);
}

#[test]
fn every_command_ends_whichever_object_is_damaged() {
    for spec in ["HEAD", "HEAD~1", "HEAD^{tree}", "HEAD:inner", "HEAD:inner/long.txt", "tagged"] {
        let sandbox = sandbox();
        sandbox.git(&sandbox.repo(), &["tag", "-a", "-m", "tagged", "tagged"]);
        sandbox.wt(&["create", "x"]).ok();
        git::write(&sandbox.worktree("feature-x"), "new.txt", "new\n");
        sandbox.commit(&sandbox.worktree("feature-x"), "third");
        let object = Object::find(&sandbox, spec);
        object.write(&object.whole[..object.whole.len() - 5]);
        for arguments in [
            &["list"][..],
            &["list", "--status"],
            &["doctor"],
            &["validate"],
            &["status"],
            &["create", "y", "--base", "HEAD~1"],
            &["create", "z", "--base", "tagged"],
            &["prune", "--merged", "--dry-run"],
            &["remove", "x", "--dry-run"],
            &["remove", "x"],
        ] {
            ending(&sandbox, arguments);
        }
    }
}

#[test]
fn list_ends_well_where_the_commit_of_a_worktree_is_cut_off() {
    let sandbox = sandbox();
    sandbox.wt(&["create", "x"]).ok();
    let object = Object::find(&sandbox, "HEAD");
    object.write(&object.whole[..object.whole.len() - 5]);
    ending(&sandbox, &["list"]).ok().answers(&["x"]);
}
