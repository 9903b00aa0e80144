//! `wt` runs the whole life of git worktrees: branch, folder, ports, `.env`, and back again. The host is read, the model
//! decides, the ops act, the cli shows; arrows only point down (`docs/architecture.md`). All modules are private: what the
//! program, the tests and the benches need is behind the door, and the compiler says of everything else whether anybody
//! uses it.

#![allow(rustdoc::private_intra_doc_links, reason = "its readers build it with `--document-private-items`")]

mod cli;
mod context;
mod error;
#[cfg(test)]
mod foreign_bytes;
mod host;
mod model;
mod ops;
mod ui;
mod web;

pub mod door;
