//! Which ports a worktree gets: from the bottom of its ranges, skipping what is owned or excluded, failing fast on
//! what the registry calls free and the machine calls busy. Pure: the machine is asked through a closure.
