//! The picker's picture: what stands on the screen, and the screen itself.

mod frame;
mod preview;
mod stage;

pub use frame::{Picture, list_height};
pub use stage::Stage;
