//! What a claim costs over each of its holders: `cargo bench --bench claims [-- ROUNDS]`. A create without claims, one over each
//! holder, a bare push of a new commit to one ref and a bare `ls-remote` take turns in one run, over a bare repository beside the clone
//! and an etcd of one member in memory; each claim is compared with the create of its own round. Ratio and limit stand behind each.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]
#![expect(clippy::disallowed_methods, reason = "git and wt are children here, and files are made for them")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use ground::Ground;
use members::Members;

#[path = "support/ground.rs"]
mod ground;
#[path = "support/members.rs"]
mod members;

const WT: &str = env!("CARGO_BIN_EXE_wt");

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse::<usize>().ok()).unwrap_or(31);
    let grounds = Holder::ALL.map(|_| Ground::new(20));
    for ground in &grounds {
        let remote = ground.root.path().join("shop.git").display().to_string();
        ground.git(&["clone", "-q", "--bare", ".", &remote]);
        ground.git(&["remote", "add", "origin", &remote]);
        fs::create_dir(claims_of(ground)).unwrap();
        fs::set_permissions(claims_of(ground), fs::Permissions::from_mode(0o1777)).unwrap();
    }
    let members = Members::start(grounds[Holder::Secured as usize].root.path());
    let mut bench = Bench { grounds, members, rows: BTreeMap::new() };
    // What is made once: the state folder, the annex of the remote. The first create that logs in counts for itself.
    let first = bench.create("first", Holder::Secured, &[]);
    for holder in &Holder::ALL[..4] {
        bench.create("warm", *holder, &[]);
    }
    for round in 0..rounds {
        bench.round(round);
    }
    bench.show(rounds, first);
}

/// Who keeps the claims of a create.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Nobody,
    Folder,
    Git,
    Plain,
    Secured,
}

impl Holder {
    const ALL: [Self; 5] = [Self::Nobody, Self::Folder, Self::Git, Self::Plain, Self::Secured];
}

/// The folder that the users of a ground's machine share.
fn claims_of(ground: &Ground) -> PathBuf {
    ground.root.path().join("claims")
}

struct Bench {
    /// One for each holder: what another one has of a repository's worktrees would be claimed anew.
    grounds: [Ground; 5],
    members: Option<Members>,
    /// What was measured, in milliseconds, by its name.
    rows: BTreeMap<&'static str, Vec<f64>>,
}

impl Bench {
    fn round(&mut self, round: usize) {
        let name = |kind: &str| format!("{kind}-{round}");
        let bare = self.create(&name("bare"), Holder::Nobody, &[]).unwrap_or_default();
        let ports = self.create(&name("ports"), Holder::Nobody, &["--ports"]).unwrap_or_default();
        let folder = self.create(&name("folder"), Holder::Folder, &["--ports"]);
        let git = self.create(&name("git"), Holder::Git, &[]);
        let number = self.create("", Holder::Git, &[]);
        let counted = self.create("", Holder::Nobody, &[]);
        let (plain, secured) = (
            self.create(&name("plain"), Holder::Plain, &[]),
            self.create(&name("tls"), Holder::Secured, &[]),
        );
        // A commit that nobody has yet, as a claim is one.
        let ground = &self.grounds[Holder::Git as usize];
        let made = ground.git(&["commit-tree", "HEAD^{tree}", "-m", &name("push")]);
        let spec = format!("{}:refs/other/{round}", String::from_utf8_lossy(&made.stdout).trim());
        let push = self.timed(Holder::Git, Command::new("git").args(["push", "-q", "origin", &spec]));
        let listed = self.timed(
            Holder::Git,
            Command::new("git").args(["ls-remote", "-q", "origin", "refs/wt/claims/branch/*"]),
        );
        self.note("create", Some(bare));
        self.note("folder", folder.map(|folder| folder - ports));
        self.note("git", git.map(|git| git - bare));
        // What counting costs without claims as well is no cost of theirs; a claim of the branch is in both.
        let more = number.zip(counted).map(|(number, counted)| number - counted);
        self.note("number", more.zip(git).map(|(more, git)| more - (git - bare)));
        self.note("etcd", plain.map(|plain| plain - bare));
        self.note("tls", secured.map(|secured| secured - bare));
        self.note("push", Some(push));
        self.note("ls-remote", Some(listed));
    }

    fn note(&mut self, name: &'static str, took: Option<f64>) {
        self.rows.entry(name).or_default().extend(took);
    }

    /// Creates a worktree with those claims, and returns how many milliseconds that took; `None` where there is no such holder.
    fn create(&self, name: &str, holder: Holder, more: &[&str]) -> Option<f64> {
        let mut command = Command::new(WT);
        command.arg("create").args(more).arg("--no-hooks");
        if !name.is_empty() {
            command.arg(name);
        }
        let claims = match holder {
            Holder::Nobody | Holder::Folder => "off",
            Holder::Git => "git",
            Holder::Plain | Holder::Secured => "etcd",
        };
        let ground = &self.grounds[holder as usize];
        let folder = if holder == Holder::Folder { claims_of(ground) } else { "off".into() };
        command
            .env("WT_TEAM_CLAIMS", claims)
            .env("WT_TEAM_TIMEOUT", "20s")
            .env("WT_TEAM_SHARED_HOST", folder);
        if claims == "etcd" {
            let (members, root) = (self.members.as_ref()?, ground.root.path());
            let is_plain = holder == Holder::Plain;
            let url = if is_plain { &members.plain } else { &members.secured };
            command.env("WT_TEAM_ETCD_TEAM", "shop").env("WT_TEAM_ETCD_ENDPOINTS", url);
            if !is_plain {
                command.env("WT_TEAM_ETCD_USER", "root").env("WT_TEAM_ETCD_CA", root.join("ca.pem"));
                command.env("WT_TEAM_ETCD_PASSWORD_FILE", root.join("password"));
            }
        }
        Some(self.timed(holder, &mut command))
    }

    /// Runs it in the ground of that holder, and returns how many milliseconds it took.
    fn timed(&self, holder: Holder, command: &mut Command) -> f64 {
        let began = Instant::now();
        let output = self.grounds[holder as usize].run(command);
        let took = began.elapsed().as_secs_f64() * 1000.0;
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        took
    }

    fn median(&self, name: &str) -> Option<f64> {
        let mut all = self.rows.get(name)?.clone();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    }

    fn show(&self, rounds: usize, first: Option<f64>) {
        let at = |name: &str| self.median(name).unwrap_or_default();
        let (bare, push, listed) = (at("create"), at("push"), at("ls-remote"));
        println!("medians of {rounds} rounds, in milliseconds");
        println!("a create without claims         {bare:>7.1}");
        println!("a bare push of one commit       {push:>7.1}");
        println!("a bare ls-remote                {listed:>7.1}");
        let line = |what: &str, took: Option<f64>, limit: String| match took {
            Some(took) => println!("{what:<31} {took:>7.1}   {limit}"),
            None => println!("{what:<31} SKIPPED   etcd (Debian's package etcd-server) is needed"),
        };
        line("a claim in the folder, more", self.median("folder"), "at most 1".to_owned());
        let (git, number) = (at("git"), at("number"));
        line("a claim over git, more", Some(git), format!("{:.2} of a push; at most 1.50", git / push));
        let share = number / listed;
        line(
            "a number over git, more still",
            Some(number),
            format!("{share:.2} of an ls-remote; at most 1.00"),
        );
        line("a claim in etcd, more", self.median("etcd"), "at most 12".to_owned());
        line("with TLS and a password, more", self.median("tls"), "at most 20".to_owned());
        let first = first.map(|first| first - bare);
        line("the first that logs in, more", first, "at most 300".to_owned());
    }
}
