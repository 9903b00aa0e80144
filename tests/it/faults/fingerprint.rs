//! When two worlds are the same but for times, tokens and process numbers: what was judged once need not be judged again.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use crate::support::Sandbox;

/// Files that say what was done, not how things stand.
const SILENT: [&str; 8] =
    ["events.jsonl", "strace.log", "said", "input", "tools", "supervised", "supervisor", "registry.json.bak"];

/// Returns a number that is the same for worlds of which the judge would say the same.
pub fn fingerprint(sandbox: &Sandbox) -> u64 {
    let root = sandbox.path("");
    let mut lines = Vec::new();
    let mut waiting = vec![root.clone()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let Ok(kind) = entry.file_type() else { continue };
            if SILENT.iter().any(|silent| name == *silent) {
                continue;
            }
            let mut line =
                without_numbers(path.strip_prefix(&root).unwrap().as_os_str().as_encoded_bytes(), false);
            if kind.is_dir() {
                waiting.push(path);
            } else if kind.is_file() {
                let bytes = fs::read(&path).unwrap_or_default();
                line.push(b'=');
                line.extend(content(&path, &bytes));
            } else if kind.is_symlink() {
                line.extend(fs::read_link(&path).unwrap_or_default().as_os_str().as_encoded_bytes());
            }
            lines.push(line);
        }
    }
    lines.sort();
    let mut hasher = DefaultHasher::new();
    lines.hash(&mut hasher);
    hasher.finish()
}

fn content(path: &Path, bytes: &[u8]) -> Vec<u8> {
    let is_in = |name: &str| path.components().any(|part| part.as_os_str() == name);
    if path.ends_with("index") {
        return index(bytes).unwrap_or_else(|| bytes.to_vec());
    }
    if is_in("objects") {
        return bytes.to_vec();
    }
    without_numbers(bytes, is_in("state") || is_in("wt"))
}

/// Replaces what differs from run to run: long hexadecimal numbers, and in our own files every number that is no port.
fn without_numbers(bytes: &[u8], is_ours: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for run in bytes.chunk_by(|one, other| one.is_ascii_hexdigit() && other.is_ascii_hexdigit()) {
        let is_number = run[0].is_ascii_hexdigit()
            && (run.len() > 9 || is_ours && run.len() != 5 && run.iter().all(u8::is_ascii_digit));
        text.extend(if is_number { b"#" } else { run });
    }
    text
}

/// The entries of git's index without what the file system says of them (gitformat-index(5), version 2).
fn index(bytes: &[u8]) -> Option<Vec<u8>> {
    let count = u32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?);
    let (mut at, mut entries) = (12, Vec::new());
    for _ in 0..count {
        let entry = bytes.get(at..)?;
        let end = 62 + entry.get(62..)?.iter().position(|byte| *byte == 0)?;
        entries.extend_from_slice(&entry[24..28]);
        entries.extend_from_slice(&entry[40..end]);
        at += (end + 8) / 8 * 8;
    }
    Some(entries)
}
