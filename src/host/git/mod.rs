//! git: the repository through libgit2, the worktrees through their own files, and the git child where neither will do.
