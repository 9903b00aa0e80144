//! Taking away what is done with: records of worktrees that vanished, and with a wish for it worktrees whose branch is
//! merged. Everything goes the way of a removal, so that it can be restored.

mod apply;
mod candidate;
mod merged;
mod named;
mod plan;
mod records;
mod report;

pub use apply::apply;
pub use candidate::{Plan, PlannedPrune, PruneCandidate};
pub use merged::Judge as MergeJudge;
pub use plan::plan;
pub use records::put_record_away;
pub use report::{KeptWorktree, PruneKind, Pruned, Report, Request};
