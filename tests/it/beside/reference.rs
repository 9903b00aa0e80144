//! The model: what there is by rights, without a file or a process.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use super::step::{Act, Fate, Look, Step};

/// Where a worktree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Here,
    /// Put away by `wt remove`.
    Removed,
    /// Its folder was deleted, or moved by hand.
    Deleted,
    Elsewhere,
    /// A command about it was killed: it may be here, put away, or not there at all.
    Unsure,
}

/// A worktree.
#[derive(Clone, Debug)]
pub struct Tree {
    pub id: u32,
    /// By what number it is called now.
    pub called: u32,
    pub place: Place,
    /// How its folder is called where git or somebody moved it.
    pub folder: Option<String>,
    /// Its branch, where that is not the one of its name.
    pub branch: Option<String>,
    /// Numbers of its files that are nowhere else.
    pub edits: Vec<u32>,
    pub by_wt: bool,
    pub has_ports: bool,
    /// Whether its block in the env file is as it was written.
    pub has_block: bool,
    pub is_up: bool,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub next: u32,
    pub trees: Vec<Tree>,
    pub is_ahead: bool,
}

impl World {
    pub fn tree(&self, id: u32) -> Option<&Tree> {
        self.trees.iter().find(|tree| tree.id == id)
    }

    fn tree_mut(&mut self, id: u32) -> &mut Tree {
        self.trees.iter_mut().find(|tree| tree.id == id).unwrap()
    }

    fn add(&mut self, id: u32, by_wt: bool, has_ports: bool) {
        let (folder, branch) =
            if by_wt { (None, None) } else { (Some(format!("by-git-{id}")), Some(format!("fix/g{id}"))) };
        self.trees.push(Tree {
            id,
            called: id,
            place: Place::Here,
            folder,
            branch,
            edits: Vec::new(),
            by_wt,
            has_ports,
            has_block: by_wt,
            is_up: false,
        });
    }

    /// Whether the act leads somewhere that is known.
    fn allows(&self, act: &Act) -> bool {
        let place = |id| self.tree(id).map(|tree| tree.place);
        let here = |id| self.tree(id).filter(|tree| tree.place == Place::Here);
        match *act {
            Act::Create { id, .. } => place(id).is_none(),
            Act::Remove { id, .. } => here(id).is_some(),
            Act::Restore(id) => place(id) == Some(Place::Removed),
            Act::Rename { id, to } => {
                place(to).is_none()
                    && here(id).is_some_and(|tree| {
                        tree.by_wt && !tree.is_up && tree.folder.is_none() && tree.branch.is_none()
                    })
            }
            Act::Up(id) => here(id).is_some_and(|tree| tree.by_wt && !tree.is_up),
            Act::Down(id) => here(id).is_some_and(|tree| tree.is_up),
        }
    }

    fn act(&mut self, act: &Act) {
        self.next = self.next.max(act.id() + 1);
        match *act {
            Act::Create { id, ports } => self.add(id, true, ports),
            Act::Remove { id, force } => {
                let tree = self.tree_mut(id);
                // What runs in it is a reason to refuse, as what is nowhere else is.
                if tree.edits.is_empty() && !tree.is_up || force {
                    (tree.place, tree.is_up) = (Place::Removed, false);
                }
            }
            Act::Restore(id) => self.tree_mut(id).place = Place::Here,
            Act::Rename { id, to } => {
                self.tree_mut(id).called = to;
                self.next = self.next.max(to + 1);
            }
            Act::Up(id) => self.tree_mut(id).is_up = true,
            Act::Down(id) => self.tree_mut(id).is_up = false,
        }
    }
}

/// The machine of states.
pub struct Reference;

impl Reference {
    fn acts(world: &World) -> BoxedStrategy<Act> {
        let next = world.next;
        let mut acts =
            vec![(6, any::<bool>().prop_map(move |ports| Act::Create { id: next, ports }).boxed())];
        for tree in &world.trees {
            let id = tree.id;
            acts.push((2, any::<bool>().prop_map(move |force| Act::Remove { id, force }).boxed()));
            let others = [
                Act::Restore(id),
                Act::Restore(id),
                Act::Rename { id, to: next },
                Act::Up(id),
                Act::Down(id),
            ];
            acts.extend(others.into_iter().map(|act| (1, Just(act).boxed())));
        }
        acts.retain(|(_, act)| {
            let mut runner = proptest::test_runner::TestRunner::deterministic();
            act.new_tree(&mut runner).is_ok_and(|tree| world.allows(&tree.current()))
        });
        proptest::strategy::Union::new_weighted(acts).boxed()
    }
}

impl ReferenceStateMachine for Reference {
    type State = World;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<World> {
        Just(World::default()).boxed()
    }

    fn transitions(world: &World) -> BoxedStrategy<Step> {
        let fate = prop_oneof![4 => Just(Fate::Lives), 1 => (0..400_u64).prop_map(Fate::Killed)];
        let run = (Self::acts(world), fate).prop_map(|(act, fate)| Step::Run(act, fate));
        let both = (Self::acts(world), Self::acts(world)).prop_map(|(one, mut other)| {
            if let Act::Create { id, .. } | Act::Rename { to: id, .. } = &mut other {
                // Two that make something make two things.
                *id += 1;
            }
            Step::Both(one, other)
        });
        let look = proptest::sample::select(Look::ALL.to_vec()).prop_map(Step::Look);
        let mut steps = vec![(12, run.boxed()), (4, both.boxed()), (3, look.boxed())];
        let single = [Step::AddByGit(world.next), Step::Unlisten, Step::Clock(!world.is_ahead)];
        steps.extend(single.into_iter().map(|step| (1, Just(step).boxed())));
        for tree in &world.trees {
            let id = tree.id;
            let of_it = [
                Step::MoveByGit(id),
                Step::RenameBranch(id),
                Step::SwitchBranch(id),
                Step::DeleteFolder(id),
                Step::MoveByHand(id),
                Step::Edit(id),
                Step::Stage(id),
                Step::Commit(id),
                Step::BreakEnv(id),
                Step::Listen(id),
                Step::KillSupervisor(id),
            ];
            steps.extend(
                of_it
                    .into_iter()
                    .filter(|step| Self::preconditions(world, step))
                    .map(|step| (1, Just(step).boxed())),
            );
        }
        proptest::strategy::Union::new_weighted(steps).boxed()
    }

    fn preconditions(world: &World, step: &Step) -> bool {
        let here = |id: u32| world.tree(id).filter(|tree| tree.place == Place::Here);
        match step {
            Step::Run(act, _) => world.allows(act),
            Step::Both(one, other) => {
                let made = |act: &Act| match *act {
                    Act::Create { id, .. } => Some(id),
                    Act::Rename { to, .. } => Some(to),
                    _ => None,
                };
                let is_apart = made(one).is_none() || made(one) != made(other);
                one.id() != other.id() && is_apart && world.allows(one) && world.allows(other)
            }
            Step::AddByGit(id) => world.tree(*id).is_none(),
            Step::MoveByGit(id) | Step::MoveByHand(id) | Step::RenameBranch(id) | Step::SwitchBranch(id) => {
                here(*id).is_some_and(|tree| !tree.is_up)
            }
            Step::DeleteFolder(id) | Step::Edit(id) | Step::Stage(id) | Step::Commit(id) => {
                here(*id).is_some()
            }
            Step::BreakEnv(id) => here(*id).is_some_and(|tree| tree.has_block),
            Step::Listen(id) => here(*id).is_some_and(|tree| tree.has_ports && tree.by_wt),
            Step::KillSupervisor(id) => here(*id).is_some_and(|tree| tree.is_up),
            Step::Unlisten | Step::Look(_) => true,
            Step::Clock(is_ahead) => *is_ahead != world.is_ahead,
        }
    }

    fn apply(mut world: World, step: &Step) -> World {
        match step {
            Step::Run(act, Fate::Lives) => world.act(act),
            Step::Run(act, Fate::Killed(_)) => {
                let former = world.tree(act.id()).cloned();
                world.act(act);
                let tree = world.tree_mut(act.id());
                tree.edits = former.map(|tree| tree.edits).unwrap_or_default();
                tree.place = Place::Unsure;
            }
            Step::Both(one, other) => {
                world.act(one);
                world.act(other);
            }
            Step::AddByGit(id) => {
                world.add(*id, false, false);
                world.next = world.next.max(id + 1);
            }
            Step::MoveByGit(id) => {
                let folder = format!("moved-{}", world.next);
                world.tree_mut(*id).folder = Some(folder);
            }
            Step::MoveByHand(id) => {
                world.tree_mut(*id).folder = Some(format!("elsewhere-{id}"));
                world.tree_mut(*id).place = Place::Elsewhere;
            }
            Step::RenameBranch(id) | Step::SwitchBranch(id) => {
                let branch = format!("topic/b{}", world.next);
                world.tree_mut(*id).branch = Some(branch);
            }
            Step::DeleteFolder(id) => {
                let tree = world.tree_mut(*id);
                tree.edits.clear();
                (tree.place, tree.is_up) = (Place::Deleted, false);
            }
            Step::Edit(id) | Step::Stage(id) => {
                let number = world.next;
                world.tree_mut(*id).edits.push(number);
            }
            Step::BreakEnv(id) => world.tree_mut(*id).has_block = false,
            Step::Clock(is_ahead) => world.is_ahead = *is_ahead,
            Step::Commit(_) | Step::Listen(_) | Step::Unlisten | Step::KillSupervisor(_) | Step::Look(_) => {}
        }
        // Each step that makes something has a number of its own.
        world.next += 1;
        world
    }
}
