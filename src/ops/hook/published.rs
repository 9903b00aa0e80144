//! Searches the files that a push would publish for our env block: every file that is new to the remote, those called
//! `.env…`, and of the others as many as are cheap to read.

use std::time::{Duration, Instant};

use crate::error::{Code, Result};
use crate::host::git::{Git, GitOutput, Repository};
use crate::model::env_block::{self, FoundBlock};
use crate::model::env_files::may_hold_block;
use crate::model::hook_event::Pushed;

/// Larger files, in bytes, are no env files.
const LARGEST: usize = 256 * 1024;

/// How many files are read at once.
const BATCH: usize = 64;

/// How many files with other names are read: enough for a day's work, and cheap.
const OTHERS: usize = 1024;

/// The time kept for naming the commit, once a file was found.
const RESERVE: Duration = Duration::from_millis(300);

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishedSearch {
    Nothing,
    Found {
        /// In hexadecimal; `None` when there was no time to find it.
        commit: Option<String>,
        file: String,
    },
    /// The time was over before every `.env` file had been read.
    Unfinished,
}

/// A file in a commit that the remote does not have.
struct Blob {
    id: String,
    path: String,
}

/// Searches what `pushed` brings to `remote` that it does not have yet; `named` are the env files of the configuration.
///
/// # Errors
///
/// `git_failed`.
pub fn find(
    repository: &Repository,
    named: &[String],
    remote: &str,
    pushed: &[Pushed],
    deadline: Instant,
) -> Result<PublishedSearch> {
    if pushed.is_empty() {
        return Ok(PublishedSearch::Nothing);
    }
    let range = Range { repository, remote, pushed };
    let searched = deadline.checked_sub(RESERVE).unwrap_or(deadline);
    let Some(listed) = range.blobs(searched)? else { return Ok(PublishedSearch::Unfinished) };
    let (named, mut others): (Vec<Blob>, Vec<Blob>) =
        listed.into_iter().partition(|blob| may_hold_block(&blob.path, named));
    others.truncate(OTHERS);
    for (blobs, is_named) in [(named, true), (others, false)] {
        for batch in blobs.chunks(BATCH) {
            let Some(read) = read(repository, batch, searched)? else {
                return Ok(if is_named { PublishedSearch::Unfinished } else { PublishedSearch::Nothing });
            };
            let has_block = |bytes: &[u8]| match env_block::find(bytes) {
                FoundBlock::Whole(_) => true,
                FoundBlock::Broken => is_named,
                FoundBlock::None => false,
            };
            let found = batch.iter().zip(read).find(|(_, bytes)| bytes.as_deref().is_some_and(has_block));
            if let Some((blob, _)) = found {
                let commit = range.commit_of(&blob.id, deadline)?;
                return Ok(PublishedSearch::Found { commit, file: blob.path.clone() });
            }
        }
    }
    Ok(PublishedSearch::Nothing)
}

/// The commits that a push brings.
struct Range<'a> {
    repository: &'a Repository,
    remote: &'a str,
    pushed: &'a [Pushed],
}

impl Range<'_> {
    /// Lists the files; `None` when the time was over.
    fn blobs(&self, deadline: Instant) -> Result<Option<Vec<Blob>>> {
        let limit = format!("--filter=blob:limit={LARGEST}");
        let words = ["rev-list", "--objects", "--ignore-missing", "--missing=allow-any", &limit];
        let Some(listed) = self.ask(&words, deadline)? else { return Ok(None) };
        let lines = listed.stdout.split(|byte| *byte == b'\n');
        let blobs = lines.filter_map(|line| {
            let line = String::from_utf8_lossy(line);
            // Commits have no name, and the tree of a commit an empty one.
            let (id, path) = line.split_once(' ').filter(|(_, path)| !path.is_empty())?;
            (!is_prose(path)).then(|| Blob { id: id.to_owned(), path: path.to_owned() })
        });
        Ok(Some(blobs.collect()))
    }

    /// Returns the commit that brought the file, as far as that is found in time.
    fn commit_of(&self, blob: &str, deadline: Instant) -> Result<Option<String>> {
        let find = format!("--find-object={blob}");
        let words = ["log", "--full-history", "-m", "--root", "--format=%H", "--ignore-missing", "-s", &find];
        let found = self.ask(&words, deadline)?;
        // The last is the oldest; one that takes the file away again comes before it.
        let commit =
            found.and_then(|output| output.text().lines().rfind(|line| !line.is_empty()).map(str::to_owned));
        Ok(commit)
    }

    /// Asks git about the range; `None` when the time was over.
    fn ask(&self, words: &[&str], deadline: Instant) -> Result<Option<GitOutput>> {
        let lines = self.pushed.iter().flat_map(|pushed| {
            let known = pushed.remote.as_ref().map(|remote| format!("^{remote}"));
            std::iter::once(pushed.local.clone()).chain(known)
        });
        let input = lines.collect::<Vec<_>>().join("\n") + "\n";
        let mut git = self.repository.git().args(words);
        if is_plain_name(self.remote) {
            git = git.args(["--not", &format!("--remotes={}", self.remote), "--not"]);
        }
        in_time(git.args(["--stdin"]).input(input), deadline)
    }
}

/// Reads files, in their order; `None` for one that is not there, and for all when the time was over.
fn read(repository: &Repository, blobs: &[Blob], deadline: Instant) -> Result<Option<Vec<Option<Vec<u8>>>>> {
    let input = blobs.iter().map(|blob| &*blob.id).collect::<Vec<_>>().join("\n") + "\n";
    let git = repository.git().args(["cat-file", "--batch"]).input(input);
    let Some(output) = in_time(git, deadline)? else { return Ok(None) };
    let mut rest = output.stdout.as_slice();
    let read = blobs.iter().map(|_| next_file(&mut rest));
    Ok(Some(read.collect()))
}

/// Takes one answer of `git cat-file --batch`: a line with id, type and size, and the content; nothing but the line for
/// an object that is missing.
fn next_file(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = String::from_utf8_lossy(&rest[..end]).into_owned();
    *rest = &rest[end + 1..];
    let [_, kind, size] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
    let size: usize = size.parse().ok()?;
    let content = rest.get(..size)?.to_vec();
    *rest = rest.get(size + 1..).unwrap_or_default();
    (kind == "blob").then_some(content)
}

fn in_time(git: Git<'_>, deadline: Instant) -> Result<Option<GitOutput>> {
    let is_over = || Instant::now() >= deadline;
    match git.interrupted_by(&is_over).require() {
        Ok(output) => Ok(Some(output)),
        Err(failure) if failure.code() == Code::Interrupted && is_over() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Prose quotes env blocks to explain them.
fn is_prose(path: &str) -> bool {
    [".md", ".rst", ".adoc", ".html"].iter().any(|ending| path.ends_with(ending))
}

/// A URL or a pattern in the place of the name has no remote-tracking branches.
fn is_plain_name(remote: &str) -> bool {
    let is_plain = |letter: char| letter.is_alphanumeric() || "-_./".contains(letter);
    !remote.is_empty() && !remote.starts_with(['-', '/', '.']) && remote.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_cat_file_are_taken_apart() {
        let mut rest = &b"aa blob 3\nA\n1\nbb missing\ncc tree 2\n\0x\ndd blob 0\n\n"[..];
        assert_eq!(next_file(&mut rest).as_deref(), Some(&b"A\n1"[..]));
        assert_eq!(next_file(&mut rest), None);
        assert_eq!(next_file(&mut rest), None);
        assert_eq!(next_file(&mut rest).as_deref(), Some(&b""[..]));
        assert_eq!(next_file(&mut rest), None);
    }

    #[test]
    fn only_a_name_that_means_itself_is_asked_for() {
        assert!(is_plain_name("origin") && is_plain_name("team/fork-2"));
        for remote in ["", "*", "file:///r", "/srv/r.git", "../r", "-x", "git@host:r"] {
            assert!(!is_plain_name(remote), "{remote}");
        }
    }
}
