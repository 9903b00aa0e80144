//! The ledger: the only way a port changes hands. It chooses under the registry's lock and records, has the env files
//! follow the record, and takes the change back where they cannot.

mod change;
mod draw;
mod enter;
mod give;
mod leave;
mod pin;
mod reclaim;
mod release;
mod relocate;
mod reseat;
mod search;
mod seat;
mod seating;

pub use change::{RecordChange, follow_or_take_back, require_active};
pub use draw::{Asking, RefusedPorts, draw};
pub use enter::{enter, enter_told};
pub use give::{Gift, GivenPorts, give};
pub use leave::{drop_one, drop_vanished, put_away};
pub use reclaim::reclaim;
pub use release::{GivenUp, GivingUp, Remembrance, give_up};
pub use relocate::{LeavingPort, Moved, relocate};
pub use reseat::is_called_elsewhere;
pub use search::with_room;
pub use seat::{Seated, seat};
pub use seating::Seating;
