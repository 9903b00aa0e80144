//! What the configuration is made of, from the weakest layer to the strongest: built-in, files, variables.

/// One file as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The file's path as shown to people.
    pub path: String,
    pub text: String,
    pub source: Source,
}

/// Whose words a file's are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The user's own: all of it counts.
    User,
    /// A repository's, or whoever's file was named: how far it counts says [`super::standing`]. `approved` are the keys
    /// whose very text its user agreed to.
    Others { approved: Vec<(String, String)> },
}

impl Source {
    /// Returns the source of a file that nothing was agreed to about.
    #[must_use]
    pub fn others() -> Self {
        Self::Others { approved: Vec::new() }
    }
}
