//! Carrying ignored files of one worktree into another: which paths are meant, what is left out, where links may lead,
//! and what is remembered of the copies.

pub mod again;
pub mod drift;
pub mod left_out;
pub mod link;
pub mod record;
pub mod wish;
