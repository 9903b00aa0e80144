//! Processes: which one we are, whether one is still alive, and which ones stand in a folder.

pub mod ask;
pub mod bound;
pub mod child;
pub mod descriptors;
pub mod identity;
pub mod open_files;
pub mod piped;
pub mod probe;
pub mod relay;
pub mod signals;
pub mod spawn;
pub mod stop;
pub mod table;
pub mod users;
pub mod uses;
pub mod words;
