//! Which worktree a process belongs to, decided from facts about processes and the registry.
