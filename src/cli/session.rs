//! What a command is run with: the voice, the flags for all, and the way to the context.

use std::path::{Path, PathBuf};

use super::global::GlobalArguments;
use super::surroundings::{Surroundings, Viewpoint};
use crate::context::Context;
use crate::error::{Code, Result};
use crate::host::machine::Host;
use crate::host::store::StoreMemory;
use crate::model::called::Called;
use crate::model::policy::{self, Before};
use crate::model::registry::table::Registry;
use crate::ops::arrival::{self, Arrival};
use crate::ops::notify::start;
use crate::ops::{env, own_config, switch};
use crate::ui::output::Ui;

/// What a command is run with.
#[derive(Debug)]
pub struct Session<'a> {
    pub ui: &'a Ui,
    pub global: &'a GlobalArguments,
    pub host: &'a Host,
    /// Makes the command line as the parser has it.
    pub command_line: fn() -> clap::Command,
    /// The file in which the shell function waits for a folder, where it called us.
    pub directive: Option<PathBuf>,
    /// By which name the program was called.
    pub called: Called,
    /// Whether the command only looks, whatever it finds.
    pub looks: bool,
    /// What was read of the registry.
    pub registry: StoreMemory<Registry>,
}

impl Session<'_> {
    /// Returns the same for whoever talks or stands elsewhere: what was read of the registry counts for both.
    #[must_use]
    pub fn again<'b>(&'b self, ui: &'b Ui, global: &'b GlobalArguments) -> Session<'b> {
        Session { ui, global, directive: self.directive.clone(), registry: self.registry.clone(), ..*self }
    }

    /// Builds the context and heals what dead processes left.
    ///
    /// # Errors
    ///
    /// `config_invalid`; `not_found` for a `-C` folder that is not there.
    pub fn context(&self) -> Result<Context> {
        let context = self.context_as_it_is()?;
        self.arrive(&context, Arrival::Command);
        Ok(context)
    }

    /// Does what is due on that occasion, and says so.
    pub fn arrive(&self, context: &Context, arrival: Arrival) {
        let arrived = arrival::arrive(context, arrival);
        arrived.said.iter().for_each(|said| self.ui.say(said));
        arrived.warnings.iter().for_each(|warning| self.ui.warn(warning));
    }

    /// As [`Session::context`]; where the configuration is broken, with what is right of it: what runs must be seen and
    /// stopped all the same.
    ///
    /// # Errors
    ///
    /// `not_found` for a `-C` folder that is not there.
    pub fn context_whatever_is_configured(&self) -> Result<Context> {
        self.or_with_what_is_right(self.context())
    }

    /// As [`Session::context_as_it_is`]; where the configuration is broken, with what is right of it.
    ///
    /// # Errors
    ///
    /// `not_found` for a `-C` folder that is not there.
    pub fn context_as_it_is_whatever_is_configured(&self) -> Result<Context> {
        self.or_with_what_is_right(self.context_as_it_is())
    }

    /// As [`Session::context_with_records_true`]; where the configuration is broken, with what is right of it: whoever only
    /// looks, or takes back, goes on with the defaults.
    ///
    /// # Errors
    ///
    /// `not_found` for a `-C` folder that is not there.
    pub fn context_with_records_true_whatever_is_configured(&self) -> Result<Context> {
        self.or_with_what_is_right(self.context_with_records_true())
    }

    /// As [`Session::context_as_it_is`] with what is right of the configuration, for whoever asks before the command does, which
    /// says what is wrong.
    ///
    /// # Errors
    ///
    /// `not_found` for a `-C` folder that is not there; `not_allowed`.
    pub fn context_before_the_command(&self) -> Result<Context> {
        let (context, _) = self.surroundings()?.into_context_at_any_rate();
        self.hand_out(context)
    }

    fn or_with_what_is_right(&self, context: Result<Context>) -> Result<Context> {
        match context {
            // A file that was named and is not there is no configuration to have the right parts of.
            Err(failure)
                if failure.code() == Code::ConfigInvalid && !self.surroundings()?.lacks_named_file() =>
            {
                self.ui.warn(&format!(
                    "{}\nthe defaults count in its place; `wt validate` lists what is wrong",
                    failure.message()
                ));
                let (mut context, faults) = self.surroundings()?.into_context_at_any_rate();
                context.is_config_whole = faults.is_empty();
                self.hand_out(context)
            }
            other => other,
        }
    }

    /// As [`Session::context`], and releases the records of worktrees that went away behind our back.
    ///
    /// # Errors
    ///
    /// As [`Session::context`].
    pub fn context_with_records_true(&self) -> Result<Context> {
        let context = self.context_as_it_is()?;
        self.arrive(&context, Arrival::Listing);
        Ok(context)
    }

    /// Says, once for each text of it, that the `.wt.toml` of the worktree in `folder` has no effect where its branch changed it.
    pub fn hint_at_own_configuration(&self, context: &Context, folder: &Path) {
        if let Some(edited) = own_config::find_untold(context, folder) {
            // A stranger's is not advised.
            let tries = if edited.is_foreign { "" } else { "; `--config FILE` tries it out" };
            self.ui.hint(&format!(
                "{} differs from {}, which alone counts: what this branch changed takes effect once it is there{tries}",
                edited.file.display(),
                edited.counts.display()
            ));
        }
    }

    /// As [`Self::hint_at_own_configuration`], of the worktree that `-w` named, else of the one we stand in.
    pub fn hint_at_own_configuration_here(&self, context: &Context) {
        if context.worktree.is_some() {
            if let Ok(entry) = env::require_entry(context, None) {
                self.hint_at_own_configuration(context, &entry.path);
            }
            return;
        }
        let current = context.repository.as_ref().and_then(|repository| repository.current());
        if let Some(current) = current {
            self.hint_at_own_configuration(context, &current.path);
        }
    }

    /// Builds the context and changes nothing, as `--dry-run` promises.
    ///
    /// # Errors
    ///
    /// As [`Session::context`].
    pub fn context_as_it_is(&self) -> Result<Context> {
        self.hand_out(self.surroundings()?.into_context()?)
    }

    /// Gives a context what the session has, and refuses what changes things where nothing may be changed, before anything is
    /// read of what it is about.
    fn hand_out(&self, context: Context) -> Result<Context> {
        // One command reads it once, however many contexts it makes.
        let context = Context { registry: self.registry.clone(), ..context };
        if context.config.policy.is_read_only() && !self.looks {
            return Err(policy::read_only(&self.host.command));
        }
        // Health is recorded, and told of, by whoever looks.
        if !self.looks || self.host.command == "health" {
            start::begin(&context);
        }
        Ok(context)
    }

    /// Decides what is to be done before a holder of a port is ended: what the policy says, before anything is looked at.
    ///
    /// # Errors
    ///
    /// `not_allowed`.
    pub fn before_killing(&self, context: &Context) -> Result<Before> {
        let leave = context.config.policy.kill;
        policy::before(leave, "policy.kill", self.global.yes, self.ui.is_interactive())
    }

    /// Looks around, without reading the configuration.
    ///
    /// # Errors
    ///
    /// As [`Surroundings::of`].
    pub fn surroundings(&self) -> Result<Surroundings> {
        self.viewpoint().surroundings()
    }

    /// Returns where we look around from.
    #[must_use]
    pub fn viewpoint(&self) -> Viewpoint {
        Viewpoint { host: self.host.clone(), global: self.global.clone() }
    }

    /// As [`Session::change_folder`], to `folder` in the worktree at `root`, which this terminal is in from now on.
    ///
    /// # Errors
    ///
    /// As [`Session::change_folder`].
    pub fn go(&self, context: &Context, root: &Path, folder: &Path) -> Result<bool> {
        let changes = self.change_folder(folder)?;
        switch::remember(context, root);
        Ok(changes)
    }

    /// Has the shell change to `folder`, or says how to enable that. Answers whether it will.
    ///
    /// # Errors
    ///
    /// Fails when the shell function's file cannot be written.
    pub fn change_folder(&self, folder: &Path) -> Result<bool> {
        if self.directive.is_none() {
            self.ui.hint(
                "a program cannot change its shell's folder; put `eval \"$(wt shell-init bash)\"` into ~/.bashrc\n\
                 (`wt shell-init --help` for zsh and fish), and this command will",
            );
        }
        self.leave_folder(folder)
    }

    /// Has the shell change to `folder` where it waits for one. Answers whether it does.
    ///
    /// # Errors
    ///
    /// Fails when the shell function's file cannot be written.
    pub fn leave_folder(&self, folder: &Path) -> Result<bool> {
        match &self.directive {
            Some(file) => switch::leave_directive(file, folder).map(|()| true),
            None => Ok(false),
        }
    }
}
