//! Copies of ignored files: found, made aside, put in place by renames, remembered and proven.

mod copy;
pub mod drift;
pub mod here;
pub mod leftover;
pub mod links;
pub mod place;
pub mod proof;
pub mod record_file;
pub mod renew;
pub mod search;
mod spot;
pub mod stage;
