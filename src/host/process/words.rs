//! What a process was started with: its program file and its words, from `/proc`. Elsewhere neither is seen.

use std::fs;
use std::path::PathBuf;

/// Returns the words of its command line (`proc_pid_cmdline(5)`); empty where they cannot be seen or were wiped.
#[must_use]
pub fn words(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let text = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    if text.is_empty() {
        return Vec::new();
    }
    text.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Returns its program file (`proc_pid_exe(5)`); `None` where it cannot be seen.
#[must_use]
pub fn program(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn our_own_words_and_program_are_seen_and_those_of_nobody_are_none() {
        let us = std::process::id();
        assert!(!words(us).is_empty() && program(us).is_some_and(|program| program.is_absolute()));
        assert!(words(999_999_999).is_empty() && program(999_999_999).is_none());
    }
}
