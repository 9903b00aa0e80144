//! Which worktree a person means by a name, an identifier, a branch, a path or a prefix.
