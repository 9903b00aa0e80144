//! `wt` runs the whole life of git worktrees: branch, folder, ports, `.env`, and back again.
//!
//! The host is read, the model decides, the ops act, the cli shows. Arrows only point down:
//! `cli` → `ops`, `ui`; `ops` → `model`, `host`; `host` → `model`; `model` → nothing.
//! Nobody outside names a module: what the program, the tests and the benches need is behind the door, and of everything
//! else the compiler says whether anybody uses it.

mod cli;
mod context;
mod error;
mod host;
mod model;
mod ops;
mod ui;

pub mod door;
