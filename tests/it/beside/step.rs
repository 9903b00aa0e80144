//! What may happen next. A worktree is named by its number.

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub enum Step {
    /// By `wt`, and what becomes of the command.
    Run(Act, Fate),
    /// Two commands at once.
    Both(Act, Act),
    /// By git: `worktree add`, `worktree move`, `branch -m`, `switch -c`.
    AddByGit(u32),
    MoveByGit(u32),
    RenameBranch(u32),
    SwitchBranch(u32),
    /// By hand.
    DeleteFolder(u32),
    MoveByHand(u32),
    Edit(u32),
    Stage(u32),
    Commit(u32),
    BreakEnv(u32),
    /// A stranger takes the worktree's port, or gives all back.
    Listen(u32),
    Unlisten,
    KillSupervisor(u32),
    /// The clock jumps ten years ahead, or back.
    Clock(bool),
    /// A command that changes nothing of what is there.
    Look(Look),
}

/// What `wt` is asked for.
#[derive(Clone, Debug)]
pub enum Act {
    Create { id: u32, ports: bool },
    Remove { id: u32, force: bool },
    Restore(u32),
    Rename { id: u32, to: u32 },
    Up(u32),
    Down(u32),
}

impl Act {
    /// The worktree that it is about.
    pub fn id(&self) -> u32 {
        match *self {
            Self::Create { id, .. }
            | Self::Remove { id, .. }
            | Self::Rename { id, .. }
            | Self::Restore(id)
            | Self::Up(id)
            | Self::Down(id) => id,
        }
    }
}

/// Whether a command ends by itself.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Lives,
    /// It is killed after as many milliseconds.
    Killed(u64),
}

#[derive(Clone, Copy, Debug)]
pub enum Look {
    List,
    Conflicts,
    Doctor,
    Validate,
    Fix,
    Prune,
    Sweep,
    PortsCleanup,
}

impl Look {
    pub const ALL: [Self; 8] = [
        Self::List,
        Self::Conflicts,
        Self::Doctor,
        Self::Validate,
        Self::Fix,
        Self::Prune,
        Self::Sweep,
        Self::PortsCleanup,
    ];

    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::List => &["list"],
            Self::Conflicts => &["ports", "conflicts"],
            Self::Doctor => &["doctor"],
            Self::Validate => &["validate"],
            Self::Fix => &["validate", "--fix"],
            Self::Prune => &["prune"],
            Self::Sweep => &["sweep"],
            Self::PortsCleanup => &["ports", "cleanup", "--yes"],
        }
    }
}
