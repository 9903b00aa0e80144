//! Checkouts out of packs: small and large files, whole and damaged ones.

use super::sandbox::{Sandbox, contents};
use crate::error::Code;

/// Bytes that cannot be compressed.
fn random(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// Changes one byte in the middle of the only pack.
#[expect(clippy::disallowed_methods, reason = "a file of a temporary folder")]
fn damage(sandbox: &Sandbox) {
    let folder = sandbox.common_dir().join("objects/pack");
    let mut paths = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let path = paths.find(|path| path.extension().is_some_and(|extension| extension == "pack")).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, bytes).unwrap();
}

#[test]
fn large_files_are_equal_whether_packed_or_loose() {
    let sandbox = Sandbox::new();
    sandbox.write("large", random(9_000_000));
    sandbox.write("small", "small");
    sandbox.write("empty", "");
    let commit = sandbox.commit();
    sandbox.checkout("loose", &commit, 2).unwrap();
    sandbox.git(&["repack", "-adq"]);
    sandbox.checkout("packed", &commit, 2).unwrap();
    for name in ["loose", "packed"] {
        assert!(contents(&sandbox.path(name)) == contents(&sandbox.main()), "{name}");
    }
}

#[test]
fn a_damaged_object_is_a_failure_that_names_it_and_its_path() {
    for size in [100_000, 9_000_000] {
        let sandbox = Sandbox::new();
        sandbox.write("folder/broken", random(size));
        let commit = sandbox.commit();
        let id = sandbox.git(&["rev-parse", "HEAD:folder/broken"]);
        sandbox.git(&["repack", "-adq"]);
        damage(&sandbox);
        let failure = sandbox.checkout("copy", &commit, 2).unwrap_err();
        assert_eq!(failure.code(), Code::GitFailed);
        let message = failure.message();
        assert!(message.contains(&id) && message.contains("`folder/broken`"), "{message}");
    }
}

#[test]
fn an_object_damaged_in_its_pack_is_taken_from_where_it_is_whole() {
    let sandbox = Sandbox::new();
    let content = random(100_000);
    sandbox.write("file", &content);
    let commit = sandbox.commit();
    sandbox.git(&["repack", "-adq"]);
    damage(&sandbox);
    // A second pack with the same object.
    let id = sandbox.git(&["rev-parse", "HEAD:file"]);
    let other = Sandbox::new();
    other.write("file", &content);
    other.commit();
    let pack = other.path("whole");
    other.git_fed(
        &other.main(),
        &["pack-objects", "-q", pack.to_str().unwrap()],
        format!("{id}\n").as_bytes(),
    );
    for made in other.path("").read_dir().unwrap().map(|entry| entry.unwrap()) {
        let name = made.file_name().into_string().unwrap();
        if let Some(rest) = name.strip_prefix("whole-") {
            let to = sandbox.common_dir().join("objects/pack").join(format!("pack-{rest}"));
            std::fs::copy(made.path(), to).unwrap();
        }
    }
    sandbox.checkout("copy", &commit, 2).unwrap();
    assert!(contents(&sandbox.path("copy")) == contents(&sandbox.main()));
}
