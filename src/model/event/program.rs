//! What is told of a command: its program alone, for arguments may hold secrets.

/// Returns the program of a command's text, without its arguments.
pub(super) fn program_of(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}
