//! A repository in the lower layer of an overlay, as one that came with a container's image: its folders cannot be renamed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::{Run, Sandbox, git, skip};

/// The sandbox as the lower layer, in a mount namespace of its own that lives as long as this.
struct Image<'a> {
    sandbox: &'a Sandbox,
    holder: Child,
}

impl<'a> Image<'a> {
    /// `None` where nothing can be mounted.
    fn of(sandbox: &'a Sandbox) -> Option<Self> {
        fs::create_dir(sandbox.path("layers")).unwrap();
        let script = "mount -t tmpfs tmpfs \"$0/layers\" && mkdir \"$0/layers/upper\" \"$0/layers/work\" && \
                      mount -t overlay -o \"lowerdir=$0,upperdir=$0/layers/upper,workdir=$0/layers/work\" o \"$0\" && \
                      echo ready && exec cat";
        let mut command = sandbox.program("unshare", &sandbox.repo());
        command.args(["--mount", "sh", "-c", script]).arg(sandbox.path(""));
        let mut holder =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let image = Self { sandbox, holder };
        (line == "ready\n" && image.program("true").status().is_ok_and(|status| status.success()))
            .then_some(image)
    }

    /// Any program, in the repository as it is seen there.
    fn program(&self, program: &str) -> Command {
        let mut command = self.sandbox.program("nsenter", Path::new("/"));
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id()));
        command
            .args(["sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh"])
            .arg(self.sandbox.repo())
            .arg(program);
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Run {
        Run::new(arguments, &self.program(program).args(arguments).output().unwrap())
    }

    fn wt(&self, arguments: &[&str]) -> Run {
        self.run(env!("CARGO_BIN_EXE_wt"), arguments)
    }

    fn worktrees(&self) -> String {
        self.run("git", &["worktree", "list", "--porcelain"]).ok().stdout
    }

    fn is_there(&self, path: &Path) -> bool {
        self.run("test", &["-e", path.to_str().unwrap()]).status == 0
    }

    /// The only folder in the trash.
    fn trash(&self) -> PathBuf {
        let place = self.sandbox.path("proj.worktrees/.wt-trash");
        let listed = self.run("ls", &[place.to_str().unwrap()]).ok().stdout;
        place.join(listed.lines().next().unwrap())
    }

    /// Does what the hint of a refusal says first.
    fn follow(&self, refusal: &Run) {
        let command = refusal.stderr.split('`').nth(1).unwrap();
        assert!(command.starts_with("cp -a "), "{}", refusal.shown());
        self.run("sh", &["-c", command]).ok();
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn refused(run: Run) -> Run {
    run.exits(1).says(&["lower layer of an overlay", "nothing was changed"])
}

#[test]
fn a_worktree_that_came_with_the_image_is_not_removed_and_goes_and_comes_back_once_it_is_made_anew() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one", "--ports"]).ok();
    let folder = sandbox.worktree("feature-one");
    let Some(image) = Image::of(&sandbox) else { return skip("nothing can be mounted here") };
    let before = image.worktrees();
    let registry = image.run("cat", &[sandbox.state().join("registry.json").to_str().unwrap()]).ok().stdout;
    let refusal = refused(image.wt(&["remove", "one"]));
    assert_eq!(image.worktrees(), before);
    let now = image.run("cat", &[sandbox.state().join("registry.json").to_str().unwrap()]).ok().stdout;
    assert_eq!(registry, now);
    assert!(!image.is_there(&sandbox.path("proj.worktrees/.wt-trash")), "{}", refusal.shown());
    image.follow(&refusal);
    let staged = folder.join("staged");
    image
        .run(
            "sh",
            &["-c", "echo staged > \"$0/staged\" && git -C \"$0\" add staged", folder.to_str().unwrap()],
        )
        .ok();
    image.wt(&["remove", "--force", "one"]).ok();
    assert!(!image.is_there(&folder) && !image.is_there(&sandbox.repo().join(".git/worktrees/feature-one")));
    assert!(!image.worktrees().contains("feature-one"));
    image.wt(&["restore", "one"]).ok();
    assert!(image.is_there(&staged));
    let status = image.run("git", &["-C", folder.to_str().unwrap(), "status", "--porcelain"]).ok();
    assert_eq!(status.stdout, "A  staged\n");
    assert_eq!(image.worktrees(), before);
}

#[test]
fn what_the_image_had_removed_is_not_restored_before_it_is_made_anew() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    git::write(&sandbox.worktree("feature-one"), "precious", "only here");
    sandbox.wt(&["remove", "--force", "one"]).ok();
    let Some(image) = Image::of(&sandbox) else { return skip("nothing can be mounted here") };
    let refusal = refused(image.wt(&["restore", "one"]));
    assert!(image.is_there(&image.trash().join("precious")));
    image.follow(&refusal);
    image.wt(&["restore", "one"]).ok();
    assert!(image.is_there(&sandbox.worktree("feature-one").join("precious")));
    assert!(image.worktrees().contains("feature-one"));
}

#[test]
fn a_record_that_came_with_the_image_is_pruned_and_comes_back() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    let Some(image) = Image::of(&sandbox) else { return skip("nothing can be mounted here") };
    image.run("rm", &["-r", sandbox.worktree("feature-one").to_str().unwrap()]).ok();
    image.wt(&["prune", "feature-one"]).ok();
    assert!(!image.worktrees().contains("feature-one"));
    image.wt(&["restore", "one"]).ok();
    assert!(image.worktrees().contains("feature-one"));
    let folder = sandbox.worktree("feature-one");
    assert_eq!(image.run("git", &["-C", folder.to_str().unwrap(), "status", "--porcelain"]).ok().stdout, "");
}

#[test]
fn what_the_image_had_removed_is_deleted_when_its_time_is_over() {
    let sandbox = Sandbox::new();
    sandbox.wt(&["create", "one"]).ok();
    sandbox.wt(&["remove", "one"]).ok();
    let mut registry = sandbox.registry();
    registry["worktrees"][0]["trash"]["until"] = "2020-01-01T00:00:00Z".into();
    git::write(&sandbox.state(), "registry.json", &registry.to_string());
    let Some(image) = Image::of(&sandbox) else { return skip("nothing can be mounted here") };
    let folder = image.trash();
    image.wt(&["sweep"]).ok().says(&["1 deleted for good"]);
    assert!(!image.is_there(&folder) && !image.is_there(folder.parent().unwrap()));
}
