//! Something that will bite, as `wt doctor` tells it.

/// What stood in the way of looking around: said in a row of its own.
#[derive(Clone, Debug, Default)]
pub struct DoctorTrouble {
    /// What is wrong with the configuration, each with its hint.
    pub configuration: Vec<(String, Option<String>)>,
    /// Why the repository cannot be opened, with a hint.
    pub repository: Option<(String, Option<String>)>,
}
