//! Being told of what went wrong: what is worth it, how it is folded, what is said, and to whom.

pub mod body;
pub mod change;
pub mod ledger;
pub mod notice;
pub mod quiet;
pub mod retry;
pub mod sending;
pub mod settings;
pub mod webhook;
