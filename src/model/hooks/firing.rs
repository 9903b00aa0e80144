//! Whether a hook will reach `wt` in one worktree, from what was seen of git, its configuration and the hook's file.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::partner::Partner;
use super::step::FoundHook;
use super::text::{Authorship, GitHook};

/// Where hooks of ours live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    File,
    Config,
}

/// The oldest git that reads hooks from its configuration, as major and minor.
pub const FIRST_WITH_CONFIG: (u32, u32) = (2, 54);

/// Returns where hooks belong with a git of this version.
#[must_use]
pub fn how_for(version: (u32, u32)) -> How {
    if version >= FIRST_WITH_CONFIG { How::Config } else { How::File }
}

/// Reads what `git --version` says: `git version 2.47.3 (Apple Git-1)`.
#[must_use]
pub fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("git version ")?.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// What was seen of one hook in one worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookFacts {
    pub hook: GitHook,
    /// Where hooks belong with the git that is here.
    pub belongs: How,
    /// What lies where git looks in this worktree.
    pub file: FoundHook,
    /// Whether what lies there runs `wt hook` on its own, and through whom.
    pub called_by: Option<Partner>,
    /// What `core.hooksPath` says, where it leads elsewhere than to the repository's own hooks.
    pub diverted: Option<String>,
    /// The command that git's configuration has for our hook in this worktree; `None` without one.
    pub command: Option<String>,
    /// Whether the configuration switches it off.
    pub disabled: bool,
    /// Whether our file lies in the repository's own hooks folder, wherever git looks.
    pub installed_file: bool,
    /// The program that the hook finds on PATH.
    pub program: Reached,
}

/// The program that a hook finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// There is none.
    Nothing,
    Ours(PathBuf),
    /// A program of our name that is another one, or does not answer in time.
    Stranger(PathBuf),
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firing {
    pub fires: bool,
    pub how: Option<How>,
    pub state: FiringState,
}

/// Why it fires or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FiringState {
    Ready,
    /// It fires by a line that somebody wrote into a hook of another tool.
    CalledBy(Partner),
    /// It fires from the file and from the configuration: twice.
    Twice,
    /// It fires with a text of an earlier version.
    Outdated,
    /// It is nowhere.
    Missing,
    /// It is in the configuration, which this git does not read for hooks.
    GitTooOld,
    /// The file is there, and git passes over it.
    NotExecutable,
    /// `core.hooksPath` has git look elsewhere; its value.
    Shadowed(String),
    /// Another hook stands in its place.
    Replaced,
    /// Our file was changed; it fires where it still calls `wt`.
    Edited,
    /// The configuration switches it off.
    Disabled,
    /// git finds the hook, and the hook finds no `wt`.
    NotOnPath,
    /// git finds the hook, and the hook finds another program; whether its text is of an earlier version, which asks for
    /// no proof and lets that program stop pushes.
    Stranger {
        program: PathBuf,
        is_former: bool,
    },
}

impl FiringState {
    /// Returns the reason in words; `None` where there is nothing to say.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let text = match self {
            Self::Ready => return None,
            Self::CalledBy(Partner::Unknown) => "called by the hook that is there".to_owned(),
            Self::CalledBy(partner) => format!("called by {}", partner.name()),
            Self::Twice => "installed twice, as a file and in git's configuration".to_owned(),
            Self::Outdated => "the text is of an earlier wt".to_owned(),
            Self::Missing => "not installed".to_owned(),
            Self::GitTooOld => {
                "it is in git's configuration, which this git does not read for hooks".to_owned()
            }
            Self::NotExecutable => "the file is not executable, so git passes over it".to_owned(),
            Self::Shadowed(path) => format!("shadowed: core.hooksPath is {path}"),
            Self::Replaced => "not installed: another hook is there".to_owned(),
            Self::Edited => "the hook was changed by somebody".to_owned(),
            Self::Disabled => "switched off in git's configuration".to_owned(),
            Self::NotOnPath => "no `wt` on PATH".to_owned(),
            Self::Stranger { program, is_former: false } => {
                format!("{} comes first on PATH and is another program", program.display())
            }
            Self::Stranger { program, is_former: true } => format!(
                "{} comes first on PATH and is another program, and the text is of an earlier wt, which lets it stop git",
                program.display()
            ),
        };
        Some(text)
    }
}

/// Judges one hook in one worktree.
#[must_use]
pub fn judge(sight: &HookFacts) -> Firing {
    let Some(how) = how_found(sight) else {
        return Firing { fires: false, how: None, state: absence(sight) };
    };
    let is_former = match how {
        How::Config => sight.command.as_deref() != Some(&*sight.hook.command()),
        How::File => matches!(sight.file, FoundHook::File { author: Authorship::Former, .. }),
    };
    let in_file = how == How::Config && is_running(&sight.file);
    if let Reached::Stranger(program) = &sight.program {
        let state = FiringState::Stranger { program: program.clone(), is_former };
        return Firing { fires: false, how: Some(how), state };
    }
    let state = match &sight.called_by {
        _ if sight.program == Reached::Nothing => FiringState::NotOnPath,
        _ if in_file => FiringState::Twice,
        Some(_) if how == How::Config => FiringState::Twice,
        Some(_) if is_edited(&sight.file) => FiringState::Edited,
        Some(partner) => FiringState::CalledBy(*partner),
        None if is_former => FiringState::Outdated,
        None => FiringState::Ready,
    };
    Firing { fires: sight.program != Reached::Nothing, how: Some(how), state }
}

fn how_found(sight: &HookFacts) -> Option<How> {
    if sight.belongs == How::Config && sight.command.is_some() && !sight.disabled {
        return Some(How::Config);
    }
    (is_running(&sight.file) || sight.called_by.is_some()).then_some(How::File)
}

fn is_running(file: &FoundHook) -> bool {
    file.is_ours() && matches!(file, FoundHook::File { executable: true, .. })
}

fn is_edited(file: &FoundHook) -> bool {
    matches!(file, FoundHook::File { author: Authorship::Edited, .. })
}

fn absence(sight: &HookFacts) -> FiringState {
    match &sight.file {
        _ if sight.command.is_some() && sight.belongs == How::Config => FiringState::Disabled,
        file if file.is_ours() => FiringState::NotExecutable,
        file if is_edited(file) => FiringState::Edited,
        _ if sight.installed_file => match &sight.diverted {
            Some(path) => FiringState::Shadowed(path.clone()),
            None => FiringState::Replaced,
        },
        _ if sight.command.is_some() => FiringState::GitTooOld,
        file => match (&sight.diverted, sight.belongs) {
            (Some(path), How::File) => FiringState::Shadowed(path.clone()),
            _ if *file == FoundHook::Nothing || sight.belongs == How::Config => FiringState::Missing,
            _ => FiringState::Replaced,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: FoundHook = FoundHook::File { author: Authorship::Current, executable: true };
    const THEIRS: FoundHook = FoundHook::File { author: Authorship::Foreign, executable: true };

    fn sight() -> HookFacts {
        HookFacts {
            hook: GitHook::PrePush,
            belongs: How::File,
            file: FoundHook::Nothing,
            called_by: None,
            diverted: None,
            command: None,
            disabled: false,
            installed_file: false,
            program: Reached::Ours("/bin/wt".into()),
        }
    }

    fn state(sight: &HookFacts) -> (bool, FiringState) {
        let firing = judge(sight);
        (firing.fires, firing.state)
    }

    #[test]
    fn gits_version_is_read_and_decides_where_hooks_belong() {
        assert_eq!(parse_version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(parse_version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(parse_version("git version 2.54.GIT"), Some((2, 54)));
        assert_eq!(parse_version("hub version 2"), None);
        assert_eq!(how_for((2, 53)), How::File);
        assert_eq!(how_for((2, 54)), How::Config);
        assert_eq!(how_for((3, 0)), How::Config);
    }

    #[test]
    fn a_file_fires_where_git_looks_and_may_run_it() {
        assert_eq!(state(&sight()), (false, FiringState::Missing));
        let ours = HookFacts { file: OURS, installed_file: true, ..sight() };
        assert_eq!(state(&ours), (true, FiringState::Ready));
        let program = Reached::Nothing;
        assert_eq!(state(&HookFacts { program, ..ours.clone() }), (false, FiringState::NotOnPath));
        let stranger = HookFacts { program: Reached::Stranger("/x/wt".into()), ..ours.clone() };
        let expected = FiringState::Stranger { program: "/x/wt".into(), is_former: false };
        assert_eq!(state(&stranger), (false, expected));
        let file = FoundHook::File { author: Authorship::Former, executable: true };
        let expected = FiringState::Stranger { program: "/x/wt".into(), is_former: true };
        assert_eq!(state(&HookFacts { file, ..stranger }), (false, expected));
        let dull = FoundHook::File { author: Authorship::Current, executable: false };
        assert_eq!(state(&HookFacts { file: dull, ..ours.clone() }), (false, FiringState::NotExecutable));
        let former = FoundHook::File { author: Authorship::Former, executable: true };
        assert_eq!(state(&HookFacts { file: former, ..ours.clone() }), (true, FiringState::Outdated));
        let edited = FoundHook::File { author: Authorship::Edited, executable: true };
        assert_eq!(state(&HookFacts { file: edited, ..ours }), (false, FiringState::Edited));
        assert_eq!(state(&HookFacts { file: THEIRS, ..sight() }), (false, FiringState::Replaced));
    }

    #[test]
    fn a_hooks_path_that_leads_elsewhere_shadows_files_but_not_the_configuration() {
        let diverted = HookFacts { diverted: Some(".husky/_".to_owned()), installed_file: true, ..sight() };
        assert_eq!(state(&diverted), (false, FiringState::Shadowed(".husky/_".to_owned())));
        assert_eq!(state(&HookFacts { installed_file: false, ..diverted.clone() }).1, state(&diverted).1);
        let called = HookFacts { called_by: Some(Partner::Husky), file: THEIRS, ..diverted.clone() };
        assert_eq!(state(&called), (true, FiringState::CalledBy(Partner::Husky)));
        let command = Some(GitHook::PrePush.command());
        let config = HookFacts { belongs: How::Config, command, ..diverted };
        assert_eq!(state(&config), (true, FiringState::Ready));
        assert_eq!(judge(&config).how, Some(How::Config));
    }

    #[test]
    fn the_configuration_fires_only_with_a_git_that_reads_it() {
        let config = HookFacts { command: Some(GitHook::PrePush.command()), ..sight() };
        assert_eq!(state(&config), (false, FiringState::GitTooOld));
        let new = HookFacts { belongs: How::Config, ..config };
        assert_eq!(state(&HookFacts { disabled: true, ..new.clone() }), (false, FiringState::Disabled));
        assert_eq!(
            state(&HookFacts { command: Some("wt".to_owned()), ..new.clone() }),
            (true, FiringState::Outdated)
        );
        assert_eq!(state(&HookFacts { file: OURS, ..new.clone() }), (true, FiringState::Twice));
        assert_eq!(
            state(&HookFacts { command: None, file: THEIRS, ..new.clone() }),
            (false, FiringState::Missing)
        );
        let before_upgrade = HookFacts { command: None, file: OURS, installed_file: true, ..new };
        assert_eq!((judge(&before_upgrade).fires, judge(&before_upgrade).how), (true, Some(How::File)));
    }

    #[test]
    fn each_state_but_the_good_one_has_its_reason() {
        let stranger = |is_former| FiringState::Stranger { program: "/x/wt".into(), is_former };
        assert_eq!(FiringState::Ready.reason(), None);
        for (state, said) in [
            (FiringState::CalledBy(Partner::Unknown), "called by the hook that is there"),
            (FiringState::CalledBy(Partner::Lefthook), "called by lefthook"),
            (FiringState::Twice, "installed twice, as a file and in git's configuration"),
            (FiringState::Outdated, "the text is of an earlier wt"),
            (FiringState::Missing, "not installed"),
            (FiringState::GitTooOld, "it is in git's configuration, which this git does not read for hooks"),
            (FiringState::NotExecutable, "the file is not executable, so git passes over it"),
            (FiringState::Shadowed(".husky/_".to_owned()), "shadowed: core.hooksPath is .husky/_"),
            (FiringState::Replaced, "not installed: another hook is there"),
            (FiringState::Edited, "the hook was changed by somebody"),
            (FiringState::Disabled, "switched off in git's configuration"),
            (FiringState::NotOnPath, "no `wt` on PATH"),
            (stranger(false), "/x/wt comes first on PATH and is another program"),
            (
                stranger(true),
                "/x/wt comes first on PATH and is another program, and the text is of an earlier wt, which lets it stop git",
            ),
        ] {
            assert_eq!(state.reason().as_deref(), Some(said));
        }
    }

    #[test]
    fn a_hook_that_both_places_call_fires_twice_and_one_that_is_called_stays_called() {
        let command = Some(GitHook::PrePush.command());
        let config = HookFacts { belongs: How::Config, command, ..sight() };
        let both = HookFacts { called_by: Some(Partner::Husky), ..config.clone() };
        assert_eq!(state(&both), (true, FiringState::Twice));
        let dull = FoundHook::File { author: Authorship::Current, executable: false };
        assert_eq!(
            state(&HookFacts { file: dull, ..config.clone() }),
            (true, FiringState::Ready),
            "git passes over it"
        );
        let edited = FoundHook::File { author: Authorship::Edited, executable: true };
        let called = HookFacts { called_by: Some(Partner::Unknown), file: edited, ..sight() };
        assert_eq!(state(&called), (true, FiringState::Edited));
        let stranger = HookFacts { program: Reached::Stranger("/x/wt".into()), ..config };
        let former = HookFacts { command: Some("wt".to_owned()), ..stranger.clone() };
        let is_former =
            |sight: &HookFacts| matches!(state(sight).1, FiringState::Stranger { is_former: true, .. });
        assert!(is_former(&former) && !is_former(&stranger));
        let replaced = HookFacts { file: THEIRS, installed_file: true, ..sight() };
        assert_eq!(state(&replaced), (false, FiringState::Replaced));
        let belongs = HookFacts { belongs: How::Config, diverted: Some("x".to_owned()), ..sight() };
        assert_eq!(state(&belongs), (false, FiringState::Missing));
    }
}
