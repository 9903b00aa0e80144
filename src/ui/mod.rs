//! The only writer of stdout and stderr: answers, talk, tables, prompts, progress. It knows no command.

pub mod age;
pub mod answer_schema;
pub mod escape;
pub mod link;
pub mod live;
pub mod output;
pub mod paint;
pub mod picker;
pub mod progress;
pub mod prompt;
pub mod screen;
pub mod table;
pub mod whole;
