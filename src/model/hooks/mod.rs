//! git's hooks that call `wt`: their texts, and what installing, removing and judging them comes to. Pure.

pub mod config_lines;
pub mod firing;
pub mod folder;
pub mod partner;
pub mod step;
pub mod text;
