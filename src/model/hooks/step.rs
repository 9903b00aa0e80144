//! What installing or removing one hook's file comes to, from what lies there: every state that a killed command can
//! leave leads on to the end, and nothing of the user's is ever without a name.

use super::text::{Authorship, GitHook};

/// What lies at a hook's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundHook {
    Nothing,
    /// A plain file.
    File {
        author: Authorship,
        executable: bool,
    },
    /// A symbolic link, wherever it leads.
    Link,
    /// A folder, a pipe, a socket: git could not run it either.
    Strange,
}

impl FoundHook {
    /// Answers whether it is a file that we wrote, to the byte.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::File { author: Authorship::Current | Authorship::Former, .. })
    }

    fn is_whole(&self) -> bool {
        matches!(self, Self::File { author: Authorship::Current, executable: true })
    }
}

/// One change on disk; each is a single step of the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookStep {
    /// Writes our file where nothing lies.
    Write,
    /// Puts our file, as it is today, in the place of ours.
    Renew,
    /// Exchanges what lies there for ours, and keeps it under the chained name.
    Chain,
    /// Removes a copy of our own file under the chained name, which a killed install left.
    DropCopy,
    /// Puts the chained hook back in the place of ours, or of nothing.
    Restore,
    /// Removes our file, where nothing is chained.
    Remove,
    /// Puts ours in the place of what is chained too, to the byte: a tool wrote its hook anew (lefthook does).
    Supersede,
    /// Removes the chained hook where the same, to the byte, has its place again.
    DropTwin,
}

/// Why a hook is left alone; each needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookRefusal {
    /// Our file was changed by somebody.
    Edited,
    /// One hook is chained already, and another has taken our place since.
    Two,
    /// What lies there is no file.
    Strange,
}

/// Returns the steps that make the hook installed. `twins`: both are the same to the byte, in content and mode.
///
/// # Errors
///
/// The refusal, where a person must decide.
pub fn to_install(
    target: &FoundHook,
    chained: &FoundHook,
    twins: bool,
) -> Result<Vec<HookStep>, HookRefusal> {
    let copy = chained.is_ours();
    let mut steps = Vec::new();
    match target {
        FoundHook::File { author: Authorship::Edited, .. } => return Err(HookRefusal::Edited),
        FoundHook::Strange => return Err(HookRefusal::Strange),
        FoundHook::Nothing => {
            if copy {
                steps.push(HookStep::DropCopy);
            }
            steps.push(HookStep::Write);
        }
        ours if ours.is_ours() => {
            if copy {
                steps.push(HookStep::DropCopy);
            }
            if !ours.is_whole() {
                steps.push(HookStep::Renew);
            }
        }
        _ if twins => steps.push(HookStep::Supersede),
        _ => {
            if copy {
                steps.push(HookStep::DropCopy);
            } else if *chained != FoundHook::Nothing {
                return Err(HookRefusal::Two);
            }
            steps.push(HookStep::Chain);
        }
    }
    Ok(steps)
}

/// Returns the steps that make it as if the hook had never been installed.
///
/// # Errors
///
/// The refusal, where a person must decide.
pub fn to_uninstall(
    target: &FoundHook,
    chained: &FoundHook,
    twins: bool,
) -> Result<Vec<HookStep>, HookRefusal> {
    let copy = chained.is_ours();
    let is_something = *chained != FoundHook::Nothing;
    let mut steps = Vec::new();
    match target {
        FoundHook::File { author: Authorship::Edited, .. } => return Err(HookRefusal::Edited),
        _ if copy => {
            steps.push(HookStep::DropCopy);
            if target.is_ours() {
                steps.push(HookStep::Remove);
            }
        }
        FoundHook::Nothing if is_something => steps.push(HookStep::Restore),
        ours if ours.is_ours() => steps.push(if is_something { HookStep::Restore } else { HookStep::Remove }),
        FoundHook::Nothing => {}
        _ if twins => steps.push(HookStep::DropTwin),
        _ if is_something => return Err(HookRefusal::Two),
        _ => {}
    }
    Ok(steps)
}

/// Returns the refusal in words: what is wrong with the hook `hook` in `folder`, and what to do.
#[must_use]
pub fn refusal_words(refusal: HookRefusal, hook: GitHook, folder: &str) -> (String, String) {
    let (name, chained) = (hook.name(), hook.chained_name());
    match refusal {
        HookRefusal::Edited => (
            format!("{folder}/{name} began as the hook of wt and was changed by somebody: it is left alone"),
            format!(
                "look at it, and move it away if it is not needed: mv {folder}/{name} {folder}/{name}.mine"
            ),
        ),
        HookRefusal::Two => (
            format!("{folder} has two hooks that are not ours: {name}, and {chained}, which was kept before"),
            format!("put what is needed of both into one, then: rm {folder}/{chained}"),
        ),
        HookRefusal::Strange => (
            format!("{folder}/{name} is no file that git could run: it is left alone"),
            format!("move it away: mv {folder}/{name} {folder}/{name}.old"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: FoundHook = FoundHook::File { author: Authorship::Current, executable: true };
    const FORMER: FoundHook = FoundHook::File { author: Authorship::Former, executable: true };
    const DULL: FoundHook = FoundHook::File { author: Authorship::Current, executable: false };
    const EDITED: FoundHook = FoundHook::File { author: Authorship::Edited, executable: true };
    const THEIRS: FoundHook = FoundHook::File { author: Authorship::Foreign, executable: false };

    fn all() -> Vec<FoundHook> {
        vec![FoundHook::Nothing, OURS, FORMER, DULL, EDITED, THEIRS, FoundHook::Link, FoundHook::Strange]
    }

    /// What a step makes of the two names.
    fn apply(step: HookStep, target: &mut FoundHook, chained: &mut FoundHook) {
        match step {
            HookStep::Write => {
                assert_eq!(*target, FoundHook::Nothing);
                *target = OURS;
            }
            HookStep::Renew => {
                assert!(target.is_ours());
                *target = OURS;
            }
            HookStep::Chain => {
                assert_eq!(*chained, FoundHook::Nothing);
                *chained = std::mem::replace(target, OURS);
            }
            HookStep::DropCopy => {
                assert!(chained.is_ours());
                *chained = FoundHook::Nothing;
            }
            HookStep::Restore => {
                assert!(target.is_ours() || *target == FoundHook::Nothing);
                *target = std::mem::replace(chained, FoundHook::Nothing);
            }
            HookStep::Remove => {
                assert!(target.is_ours());
                *target = FoundHook::Nothing;
            }
            HookStep::Supersede => {
                assert_eq!(target, chained);
                *target = OURS;
            }
            HookStep::DropTwin => {
                assert_eq!(target, chained);
                *chained = FoundHook::Nothing;
            }
        }
    }

    fn install(target: &FoundHook, chained: &FoundHook) -> Result<Vec<HookStep>, HookRefusal> {
        to_install(target, chained, target == chained)
    }

    fn uninstall(target: &FoundHook, chained: &FoundHook) -> Result<Vec<HookStep>, HookRefusal> {
        to_uninstall(target, chained, target == chained)
    }

    fn run(steps: &[HookStep], target: &FoundHook, chained: &FoundHook) -> (FoundHook, FoundHook) {
        let (mut target, mut chained) = (target.clone(), chained.clone());
        for step in steps {
            apply(*step, &mut target, &mut chained);
        }
        (target, chained)
    }

    #[test]
    fn an_install_ends_with_ours_in_front_and_the_users_behind_and_twice_is_once() {
        for target in all() {
            for chained in all() {
                let Ok(steps) = install(&target, &chained) else { continue };
                let (front, behind) = run(&steps, &target, &chained);
                assert_eq!(front, OURS, "{target:?} {chained:?}");
                assert!(!behind.is_ours());
                assert_eq!(install(&front, &behind), Ok(Vec::new()), "{target:?} {chained:?}");
            }
        }
    }

    #[test]
    fn nothing_of_the_users_is_ever_lost_after_any_step() {
        let theirs = |found: &FoundHook| *found != FoundHook::Nothing && !found.is_ours();
        for target in all() {
            for chained in all() {
                for plan in [install(&target, &chained), uninstall(&target, &chained)] {
                    for done in 0..=plan.as_ref().map_or(0, Vec::len) {
                        let Ok(steps) = &plan else { continue };
                        let (front, behind) = run(&steps[..done], &target, &chained);
                        for found in [&target, &chained].into_iter().filter(|found| theirs(found)) {
                            assert!(front == *found || behind == *found, "{target:?} {chained:?} {steps:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_uninstall_takes_ours_away_and_puts_theirs_back_and_twice_is_once() {
        for target in all() {
            for chained in all() {
                // A chained hook that began as ours comes back as what it is, and then needs a person.
                let Ok(steps) = uninstall(&target, &chained) else { continue };
                let (front, behind) = run(&steps, &target, &chained);
                if front == EDITED {
                    continue;
                }
                assert!(!front.is_ours() && behind == FoundHook::Nothing, "{target:?} {chained:?}");
                assert_eq!(uninstall(&front, &behind), Ok(Vec::new()));
            }
        }
    }

    #[test]
    fn a_changed_shim_and_a_second_foreign_hook_need_a_person() {
        for chained in all() {
            assert_eq!(install(&EDITED, &chained), Err(HookRefusal::Edited));
            assert_eq!(uninstall(&EDITED, &chained), Err(HookRefusal::Edited));
        }
        assert_eq!(install(&THEIRS, &FoundHook::Link), Err(HookRefusal::Two));
        assert_eq!(uninstall(&FoundHook::Link, &THEIRS), Err(HookRefusal::Two));
        assert_eq!(install(&FoundHook::Strange, &FoundHook::Nothing), Err(HookRefusal::Strange));
        assert_eq!(to_install(&THEIRS, &THEIRS, false), Err(HookRefusal::Two));
        assert_eq!(to_install(&THEIRS, &THEIRS, true), Ok(vec![HookStep::Supersede]));
        assert_eq!(to_uninstall(&THEIRS, &THEIRS, false), Err(HookRefusal::Two));
        assert_eq!(to_uninstall(&THEIRS, &THEIRS, true), Ok(vec![HookStep::DropTwin]));
    }

    #[test]
    fn a_refusal_names_the_hook_and_the_command_that_leads_on() {
        for (refusal, why, next) in [
            (
                HookRefusal::Edited,
                "/h/pre-push began as the hook of wt and was changed by somebody: it is left alone",
                "look at it, and move it away if it is not needed: mv /h/pre-push /h/pre-push.mine",
            ),
            (
                HookRefusal::Two,
                "/h has two hooks that are not ours: pre-push, and pre-push.wt-chained, which was kept before",
                "put what is needed of both into one, then: rm /h/pre-push.wt-chained",
            ),
            (
                HookRefusal::Strange,
                "/h/pre-push is no file that git could run: it is left alone",
                "move it away: mv /h/pre-push /h/pre-push.old",
            ),
        ] {
            assert_eq!(refusal_words(refusal, GitHook::PrePush, "/h"), (why.to_owned(), next.to_owned()));
        }
    }
}
