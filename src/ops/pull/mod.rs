//! Pull requests as worktrees: fetched with git alone, told more by the forge's own program where that is there, made or moved
//! forward.

mod fetched;
mod forge;
mod open;
mod preview;
mod update;

pub use open::open;
pub use preview::{PullPreview, preview};
