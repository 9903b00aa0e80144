//! Names in place of ports: a request for a name below `localhost` goes on to the service of the worktree that it names,
//! once it is proven that this service answers.

mod head;
mod pass;
mod pool;
mod refusal;
mod tunnel;
mod upstream;

pub use pass::{Visitor, forward};
pub use pool::Pool;
