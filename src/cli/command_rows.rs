//! What a row of the table of commands may say, and what is made of all rows: the enum that clap parses, and the answers to
//! what is asked about a command.

/// Reads the rows into the enum that clap parses, and into what is asked about a command. A row says of a command
/// - `named`, if it has commands of its own: the word of the one that was typed, as `--json` has it;
/// - `worktree`, if its `-w` may mean a worktree of any repository: the name behind it. What takes ports away keeps to its own;
/// - `looks`: whether it changes nothing, whatever it finds, so that a read-only policy lets it;
/// - `run`: the way to it;
/// - `examples`: two of it, and of each of its commands, as help shows them.
macro_rules! commands {
    ($($heading:literal { $(
        $(#[$attribute:meta])*
        $variant:ident($module:ident) $word:literal {
            $(named: $named:expr,)?
            $(worktree: $worktree:expr,)?
            looks: $looks:expr,
            run: $run:expr,
            examples: { $($of:literal: $one:literal, $other:literal;)* }
        }
    )+ })+) => {
        /// The commands.
        #[derive(Debug, clap::Subcommand)]
        pub enum Command {
            $($($(#[$attribute])* $variant($module::Arguments),)+)+
        }

        /// The commands in groups, in the order in which a person meets them; those without a heading are hidden.
        pub const GROUPS: &[(&str, &[&str])] = &[$(($heading, &[$($word),+])),+];

        /// The words of a command, and its examples.
        pub const EXAMPLES: &[(&str, [&str; 2])] = &[$($($(($of, [$one, $other]),)*)+)+];

        impl Command {
            /// Returns the word that names the command in `--json`.
            #[must_use]
            pub fn word(&self) -> &'static str {
                match self {
                    $($(Self::$variant(arguments) => {
                        let word: fn(&$module::Arguments) -> &'static str = or!([$($named)?] |_| $word);
                        word(arguments)
                    })+)+
                }
            }

            /// Returns the name behind `-w`, where the command may concern a worktree of any repository.
            pub fn worktree(&mut self) -> Option<&mut String> {
                match self {
                    $($(Self::$variant(arguments) => {
                        let find: fn(&mut $module::Arguments) -> Option<&mut String> =
                            or!([$($worktree)?] |_| None);
                        find(arguments)
                    })+)+
                }
            }

            /// Answers whether the command changes nothing, whatever it finds.
            #[must_use]
            pub fn only_looks(&self) -> bool {
                match self {
                    $($(Self::$variant(arguments) => {
                        let looks: fn(&$module::Arguments) -> bool = $looks;
                        looks(arguments)
                    })+)+
                }
            }

            /// Runs the command.
            ///
            /// # Errors
            ///
            /// The failures of the command.
            pub fn run(self, session: &$crate::cli::session::Session<'_>) -> $crate::error::Result<u8> {
                match self {
                    $($(Self::$variant(arguments) => {
                        let run: fn($module::Arguments, &$crate::cli::session::Session<'_>) -> $crate::error::Result<u8> = $run;
                        run(arguments, session)
                    })+)+
                }
            }
        }
    };
}

/// What a row says, else what most of them would.
macro_rules! or {
    ([$said:expr] $usual:expr) => {
        $said
    };
    ([] $usual:expr) => {
        $usual
    };
}

pub(super) use {commands, or};
