//! The main job: branch, folder, ports, env block and record in one transaction, or nothing at all.

mod apply;
mod changes;
mod claim;
mod draft;
mod executed;
mod finish;
mod make;
mod place;
mod plan;
mod planned;
mod preview;
mod refusal;
mod remote;
mod request;
mod reuse;
mod start;
mod surroundings;
mod wishes;

pub use apply::{Report, apply};
pub use draft::{NameDraft, draft};
pub use executed::{CommandStatus, Executed};
pub use finish::finish;
pub use plan::{names, plan, require_purpose};
pub use planned::{BranchPlan, Plan};
pub use preview::preview;
pub use refusal::name_taken;
pub use refusal::{WayOut, holder, passing, refused_after, refused_selection};
pub use request::{HeadWish, PulledBranch, Request, WantedPorts};
pub use reuse::{CreateOutcome, Reusable, Reused, create_or_reuse, find as find_reusable};
pub use surroundings::attend;
pub use wishes::wishes;
