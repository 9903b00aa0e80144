//! The beginning of what a service said, for a person to read.

/// How many letters of what a service says are shown.
const SHOWN: usize = 80;

/// The beginning of what a service said, on one line.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let shown: String = line.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if line.chars().count() > SHOWN { format!("{shown}…") } else { shown }
}
