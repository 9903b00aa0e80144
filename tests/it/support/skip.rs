//! Tests that cannot be made on this machine say so; they are not silently green.

/// Says on the terminal that a test could not be made here, and why.
pub fn skip(reason: &str) {
    eprintln!("SKIPPED: {reason}");
}
