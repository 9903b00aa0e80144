//! What installing or removing one hook's file comes to, from what lies there: every state that a killed command can
//! leave leads on to the end, and nothing of the user's is ever without a name.

use super::text::{Authorship, Hook};

/// What lies at a hook's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
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

impl Found {
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
pub enum Step {
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
pub enum Refusal {
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
pub fn to_install(target: &Found, chained: &Found, twins: bool) -> Result<Vec<Step>, Refusal> {
    let copy = chained.is_ours();
    let mut steps = Vec::new();
    match target {
        Found::File { author: Authorship::Edited, .. } => return Err(Refusal::Edited),
        Found::Strange => return Err(Refusal::Strange),
        Found::Nothing => {
            if copy {
                steps.push(Step::DropCopy);
            }
            steps.push(Step::Write);
        }
        ours if ours.is_ours() => {
            if copy {
                steps.push(Step::DropCopy);
            }
            if !ours.is_whole() {
                steps.push(Step::Renew);
            }
        }
        _ if twins => steps.push(Step::Supersede),
        _ => {
            if copy {
                steps.push(Step::DropCopy);
            } else if *chained != Found::Nothing {
                return Err(Refusal::Two);
            }
            steps.push(Step::Chain);
        }
    }
    Ok(steps)
}

/// Returns the steps that make it as if the hook had never been installed.
///
/// # Errors
///
/// The refusal, where a person must decide.
pub fn to_uninstall(target: &Found, chained: &Found, twins: bool) -> Result<Vec<Step>, Refusal> {
    let copy = chained.is_ours();
    let is_something = *chained != Found::Nothing;
    let mut steps = Vec::new();
    match target {
        Found::File { author: Authorship::Edited, .. } => return Err(Refusal::Edited),
        _ if copy => {
            steps.push(Step::DropCopy);
            if target.is_ours() {
                steps.push(Step::Remove);
            }
        }
        Found::Nothing if is_something => steps.push(Step::Restore),
        ours if ours.is_ours() => steps.push(if is_something { Step::Restore } else { Step::Remove }),
        Found::Nothing => {}
        _ if twins => steps.push(Step::DropTwin),
        _ if is_something => return Err(Refusal::Two),
        _ => {}
    }
    Ok(steps)
}

/// Returns the refusal in words: what is wrong with the hook `hook` in `folder`, and what to do.
#[must_use]
pub fn refusal_words(refusal: Refusal, hook: Hook, folder: &str) -> (String, String) {
    let (name, chained) = (hook.name(), hook.chained_name());
    match refusal {
        Refusal::Edited => (
            format!("{folder}/{name} began as the hook of wt and was changed by somebody: it is left alone"),
            format!(
                "look at it, and move it away if it is not needed: mv {folder}/{name} {folder}/{name}.mine"
            ),
        ),
        Refusal::Two => (
            format!("{folder} has two hooks that are not ours: {name}, and {chained}, which was kept before"),
            format!("put what is needed of both into one, then: rm {folder}/{chained}"),
        ),
        Refusal::Strange => (
            format!("{folder}/{name} is no file that git could run: it is left alone"),
            format!("move it away: mv {folder}/{name} {folder}/{name}.old"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Found = Found::File { author: Authorship::Current, executable: true };
    const FORMER: Found = Found::File { author: Authorship::Former, executable: true };
    const DULL: Found = Found::File { author: Authorship::Current, executable: false };
    const EDITED: Found = Found::File { author: Authorship::Edited, executable: true };
    const THEIRS: Found = Found::File { author: Authorship::Foreign, executable: false };

    fn all() -> Vec<Found> {
        vec![Found::Nothing, OURS, FORMER, DULL, EDITED, THEIRS, Found::Link, Found::Strange]
    }

    /// What a step makes of the two names.
    fn apply(step: Step, target: &mut Found, chained: &mut Found) {
        match step {
            Step::Write => {
                assert_eq!(*target, Found::Nothing);
                *target = OURS;
            }
            Step::Renew => {
                assert!(target.is_ours());
                *target = OURS;
            }
            Step::Chain => {
                assert_eq!(*chained, Found::Nothing);
                *chained = std::mem::replace(target, OURS);
            }
            Step::DropCopy => {
                assert!(chained.is_ours());
                *chained = Found::Nothing;
            }
            Step::Restore => {
                assert!(target.is_ours() || *target == Found::Nothing);
                *target = std::mem::replace(chained, Found::Nothing);
            }
            Step::Remove => {
                assert!(target.is_ours());
                *target = Found::Nothing;
            }
            Step::Supersede => {
                assert_eq!(target, chained);
                *target = OURS;
            }
            Step::DropTwin => {
                assert_eq!(target, chained);
                *chained = Found::Nothing;
            }
        }
    }

    fn install(target: &Found, chained: &Found) -> Result<Vec<Step>, Refusal> {
        to_install(target, chained, target == chained)
    }

    fn uninstall(target: &Found, chained: &Found) -> Result<Vec<Step>, Refusal> {
        to_uninstall(target, chained, target == chained)
    }

    fn run(steps: &[Step], target: &Found, chained: &Found) -> (Found, Found) {
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
        let theirs = |found: &Found| *found != Found::Nothing && !found.is_ours();
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
                assert!(!front.is_ours() && behind == Found::Nothing, "{target:?} {chained:?}");
                assert_eq!(uninstall(&front, &behind), Ok(Vec::new()));
            }
        }
    }

    #[test]
    fn a_changed_shim_and_a_second_foreign_hook_need_a_person() {
        for chained in all() {
            assert_eq!(install(&EDITED, &chained), Err(Refusal::Edited));
            assert_eq!(uninstall(&EDITED, &chained), Err(Refusal::Edited));
        }
        assert_eq!(install(&THEIRS, &Found::Link), Err(Refusal::Two));
        assert_eq!(uninstall(&Found::Link, &THEIRS), Err(Refusal::Two));
        assert_eq!(install(&Found::Strange, &Found::Nothing), Err(Refusal::Strange));
        assert_eq!(to_install(&THEIRS, &THEIRS, false), Err(Refusal::Two));
        assert_eq!(to_install(&THEIRS, &THEIRS, true), Ok(vec![Step::Supersede]));
        assert_eq!(to_uninstall(&THEIRS, &THEIRS, false), Err(Refusal::Two));
        assert_eq!(to_uninstall(&THEIRS, &THEIRS, true), Ok(vec![Step::DropTwin]));
    }
}
