//! Foreign bytes: whatever stands in a file or comes over a socket that somebody else may have written. No reader of them
//! panics, hangs or takes much memory.

mod documents;
mod git;
mod imports;
mod press;
mod talks;
mod texts;

pub use press::press;
