//! What running services needs of the machine: held ports, started processes and their kin, logs, the supervisor's socket.

pub mod endpoint;
pub mod hold;
pub mod kin;
pub mod launch;
pub mod line;
pub mod log_file;
pub mod log_reader;
pub mod reaper;
pub mod terminal;
