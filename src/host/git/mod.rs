//! git: the repository through libgit2, the worktrees through their own files, and the git child where neither will do.

mod admin;
mod admin_files;
mod attributes;
mod branch_edit;
mod branch_use;
mod branches;
mod command;
mod config;
mod discovery;
mod hook_files;
mod hook_partner;
mod hook_settings;
mod hooks;
mod identity;
mod keep;
mod leftover;
mod linked;
mod marks;
mod operation;
mod remotes;
mod repository;
mod stale_locks;
mod stashes;
mod status;
mod support;
#[cfg(test)]
mod tests;
mod tracked;
mod tree;
mod way_of_git;
mod whereabouts;
mod worktrees;

pub use admin::AdminRequest;
pub use branches::is_valid_branch_name;
pub use command::{Git, Output};
pub use hook_files::{HookPlace, folder_facts as hooks_folder_facts, found as found_hook, runnable_text};
pub use hook_partner::{find_caller, find_partner};
pub use hook_settings::{HookSettings, git_version};
pub use linked::Linked;
pub use repository::{Current, Repository};
pub use status::Changes;
pub use support::Way;
pub use way_of_git::GitAdd;
pub use whereabouts::Whereabouts;
pub use worktrees::Worktree;
