//! `wt` runs the whole life of git worktrees: branch, folder, ports, `.env`, and back again.
//!
//! The host is read, the model decides, the ops act, the cli shows. Arrows only point down:
//! `cli` → `ops`, `ui`; `ops` → `model`, `host`; `host` → `model`; `model` → nothing.

pub mod cli;
pub mod context;
pub mod error;
pub mod host;
pub mod model;
pub mod ops;
pub mod ui;
