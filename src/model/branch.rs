//! What a worktree's HEAD points at.
