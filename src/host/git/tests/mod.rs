//! Real repositories made by the real git in temporary folders: what libgit2 does not do, one promise a test.

mod admin;
mod branches;
mod cached_tree;
mod changes;
mod kept;
mod kinds;
mod sandbox;
mod states;
