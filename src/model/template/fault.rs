//! What is wrong with a template.

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault {
    pub message: String,
    pub hint: Option<String>,
}
