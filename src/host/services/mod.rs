//! What running services needs of the machine: held ports, started processes and their kin, logs, the supervisor's socket.

pub mod compose;
pub mod endpoint;
pub mod hold;
pub mod kin;
pub mod launch;
pub mod line;
pub mod log_file;
pub mod log_reader;
pub mod open_folder;
pub mod own_file;
pub mod reaper;
pub mod record_file;
pub mod roll_call;
pub mod signals;
pub mod start;
pub mod terminal;
pub mod waiting;
