//! The flags that every command takes.

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{ArgAction, Args, ValueEnum};

use crate::ui::paint::ColorWish;

/// What every command understands, before and after its word.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Everywhere")]
pub struct GlobalArguments {
    /// Act as if started in DIR; several count one from the other, as in git
    #[arg(short = 'C', value_name = "DIR", global = true, action = ArgAction::Append,
          value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub directories: Vec<PathBuf>,
    /// Answer with one JSON object on stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// No talk on stderr but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more, and show the causes of an error
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to colour
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = false
    )]
    pub color: Color,
    /// Ask nothing and go on; never gives up work, as --force does
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Ask nothing: a missing answer is an error or the safe default
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Read FILE instead of the repository's .wt.toml
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// The values of `--color`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl From<Color> for ColorWish {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}
