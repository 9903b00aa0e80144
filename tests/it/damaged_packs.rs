//! A pack's index that points beyond its pack: git names it, and so does every command, which ends by no signal.

use std::fs;
use std::path::PathBuf;

use crate::support::{Sandbox, git};

/// A repository with all its objects in one pack, and a worktree.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    git::write(&sandbox.repo(), "inner/file", "one\n");
    sandbox.commit(&sandbox.repo(), "second");
    sandbox.wt(&["create", "login", "--no-env"]).ok();
    sandbox.git(&sandbox.repo(), &["repack", "-adq"]);
    sandbox
}

fn pack_file(sandbox: &Sandbox, extension: &str) -> PathBuf {
    let entries = fs::read_dir(sandbox.repo().join(".git/objects/pack")).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths.find(|path| path.to_string_lossy().ends_with(extension)).unwrap()
}

/// Has the entry of an object in an index lead far beyond the pack: `names` is where the names begin, `width` how long an
/// entry of the table of offsets is, `offsets` where it begins, each counted with the number of objects.
fn lead_astray(path: &PathBuf, object: &str, layout: impl Fn(usize) -> (usize, usize, usize)) {
    let mut bytes = fs::read(path).unwrap();
    let id: Vec<u8> =
        (0..20).map(|at| u8::from_str_radix(&object[at * 2..at * 2 + 2], 16).unwrap()).collect();
    let at = bytes.windows(20).position(|window| window == id).unwrap();
    let fan_out = if bytes.starts_with(b"MIDX") {
        bytes
            .windows(1024)
            .position(|fan| {
                let numbers: Vec<u32> =
                    fan.as_chunks().0.iter().map(|number| u32::from_be_bytes(*number)).collect();
                numbers.is_sorted() && numbers[255] > 0 && numbers[255] < 1000 && numbers[0] < 1000
            })
            .unwrap()
    } else {
        8
    };
    let count = u32::from_be_bytes(bytes[fan_out + 1020..][..4].try_into().unwrap()) as usize;
    let (names, width, offsets) = layout(count);
    let (names, offsets) = (fan_out + 1024 + names, fan_out + 1024 + offsets);
    let place = offsets + (at - names) / 20 * width + width - 4;
    bytes[place..place + 4].copy_from_slice(&0x7000_0000_u32.to_be_bytes());
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

fn assert_no_signal(sandbox: &Sandbox, whose: &str) {
    let folder = sandbox.worktree("feature-login");
    for words in [
        &["list", "--status"][..],
        &["list", "--all"],
        &["create", "x", "--no-env"],
        &["prune", "--merged", "--dry-run"],
        &["remove", "feature-login"],
        &["validate"],
        &["doctor"],
        &["path", "feature-login"],
    ] {
        let run = sandbox.wt(words);
        let status = run.status;
        assert!(matches!(status, 0..=2), "{whose}: {}", run.shown());
        if words[0] == "create" {
            assert!(status == 1 && run.stderr.contains("error: "), "{whose}: {}", run.shown());
            assert!(!sandbox.worktree("feature-x").exists(), "{whose}");
        }
        if words[0] == "remove" {
            assert_eq!(status, 1, "{whose}: {}", run.shown());
        }
    }
    assert!(folder.join("inner/file").exists());
}

#[test]
fn an_index_that_points_beyond_its_pack_crashes_no_command() {
    for spec in ["HEAD", "HEAD^{tree}"] {
        let sandbox = sandbox();
        let object = sandbox.git(&sandbox.repo(), &["rev-parse", spec]);
        lead_astray(&pack_file(&sandbox, ".idx"), &object, |count| (0, 4, count * 24));
        assert_no_signal(&sandbox, spec);
        let told = sandbox.wt(&["doctor"]);
        assert!(told.stdout.contains(".idx"), "the damaged file is named: {}", told.shown());
    }
}

#[test]
fn an_index_over_several_packs_that_points_beyond_one_crashes_no_command() {
    let sandbox = sandbox();
    sandbox.git(&sandbox.repo(), &["multi-pack-index", "write"]);
    let object = sandbox.git(&sandbox.repo(), &["rev-parse", "HEAD"]);
    lead_astray(&pack_file(&sandbox, "multi-pack-index"), &object, |count| (0, 8, count * 20));
    assert_no_signal(&sandbox, "multi-pack-index");
}

#[test]
fn a_whole_pack_and_a_whole_index_over_several_leave_the_work_to_us() {
    let sandbox = sandbox();
    sandbox.git(&sandbox.repo(), &["multi-pack-index", "write"]);
    let told = sandbox.json(&["create", "y", "--no-env"]);
    assert_eq!(told["way"]["by"], "engine", "{told}");
}

/// Ends the file with the checksum of what is before it, as git does.
fn seal(sandbox: &Sandbox, bytes: &mut Vec<u8>) {
    bytes.truncate(bytes.len().saturating_sub(20));
    git::write(&sandbox.path(""), "unsealed", "");
    fs::write(sandbox.path("unsealed"), &*bytes).unwrap();
    let output = sandbox.program("sha1sum", &sandbox.path("")).arg("unsealed").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    bytes.extend((0..20).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap()));
}

#[test]
fn a_damaged_commit_graph_crashes_no_command() {
    let sandbox = sandbox();
    sandbox.git(&sandbox.repo(), &["commit", "-q", "--allow-empty", "-m", "third"]);
    sandbox.git(&sandbox.repo(), &["commit-graph", "write", "--reachable"]);
    let path = sandbox.repo().join(".git/objects/info/commit-graph");
    let whole = fs::read(&path).unwrap();
    assert!(whole.starts_with(b"CGPH"));
    let data = whole.windows(4).position(|window| window == b"CDAT").unwrap();
    let data = usize::try_from(u64::from_be_bytes(whole[data + 4..][..8].try_into().unwrap())).unwrap();
    let mut damages: Vec<(String, Vec<u8>)> = Vec::new();
    for length in [0, 7, 8, 40, whole.len() / 2, whole.len() - 1] {
        damages.push((format!("cut to {length}"), whole[..length].to_vec()));
    }
    // How many chunks there are, where they begin, how many commits, and which are whose parents.
    for place in
        [5, 6, 7, 12, 16, 20, 24, 28, 32, 36, 40, 48, 100, data + 20, data + 24, data + 56, data + 60]
    {
        for value in [0xff, 0x7f] {
            let mut bytes = whole.clone();
            let end = (place + 4).min(bytes.len());
            bytes[place..end].fill(value);
            seal(&sandbox, &mut bytes);
            damages.push((format!("{value:x} at {place}"), bytes));
        }
    }
    for (what, bytes) in damages {
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        for words in [
            &["list", "--status"][..],
            &["prune", "--merged", "--dry-run"],
            &["create", "x", "--no-env", "--dry-run"],
        ] {
            let run = sandbox.wt(words);
            assert!(matches!(run.status, 0..=2), "{what}: {}", run.shown());
        }
    }
    let run = sandbox.wt(&["remove", "login"]);
    assert!(matches!(run.status, 0..=2), "{}", run.shown());
}
