//! Services as other tools' files describe them, and the `.wt.toml` that says the same.

pub mod apps;
pub mod combine;
pub mod compose_file;
pub mod compose_ports;
pub mod environment;
pub mod fitting;
pub mod made;
pub mod override_file;
pub mod probe;
pub mod process_compose;
pub mod procfile;
pub mod proposal;
pub mod render;
pub mod shell;
#[cfg(test)]
mod tests;
pub mod text;
pub mod tools;
