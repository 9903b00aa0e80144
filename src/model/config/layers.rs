//! What the configuration is made of, from the weakest layer to the strongest: built-in, files, variables, flags.

/// One file as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The file's path as shown to people.
    pub path: String,
    pub text: String,
}

/// A value given by a command-line flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagValue {
    /// The dotted key: `ports.conflict.policy`.
    pub key: String,
    /// The value as a variable would spell it: `retry`.
    pub value: String,
    /// The flag as typed: `--on-conflict retry`.
    pub flag: String,
}
