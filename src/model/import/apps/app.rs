//! An app as its folder shows it: how it is started, where its port goes, and what it is to the others.

/// A program of the repository that listens on a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct App {
    /// Relative to the root, `""` for the root itself.
    pub folder: String,
    /// The service's name; where it is empty the folder names it.
    pub name: String,
    /// The file that says how it is started, and the key in it.
    pub from: (String, String),
    /// What it is called where a reason is given: `Vite`.
    pub framework: &'static str,
    pub run: String,
    /// Why it is run like this.
    pub reason: String,
    /// Variables that carry its port, where `PORT` is not read.
    pub env: Vec<String>,
    /// The check as it is written in TOML, and its reason.
    pub health: Option<(String, String)>,
    /// The port that it takes when nobody says another.
    pub usual_port: Option<u16>,
    pub role: Role,
    pub notes: Vec<String>,
}

/// What an app is to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It answers requests of others.
    #[default]
    Server,
    /// A browser runs it; variables that begin with the prefix reach it there.
    Page { prefix: &'static str },
}

/// Where a server finds its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortBy {
    /// Words behind the command.
    Words(&'static str),
    /// A variable.
    Variable(&'static str),
}
