//! What `wt hook` does when git calls it. git never suffers: everything here returns words to say, and only a push that
//! must not happen is refused.

pub mod limit;
pub mod passing;
mod post_checkout;
mod pre_push;
mod published;

pub use post_checkout::post_checkout;
pub use pre_push::{Push, pre_push};
