//! What git would change in a file's content on its way to disk: line endings and `$Id$`, by attributes and settings.
//! Drivers and encodings are not known here: where they are in use, git does the work.

mod assign;
mod attributes;
mod change;
mod endings;
mod ident;
mod pattern;
#[cfg(test)]
mod tests;

pub use assign::{Conversions, Outside, Settings};
pub use attributes::has_odd_pattern;
pub use change::Conversion;
pub use endings::Endings;
pub use ident::Ident;
