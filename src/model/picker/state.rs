//! The picker as a state that keys change: what was typed, which rows fit, which one is meant, and what is being asked.

use std::path::{Path, PathBuf};

use super::choice::Choice;
use super::key::Key;
use super::matching::fitting;

/// What a key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing but another picture.
    Nothing,
    /// To leave without having chosen.
    Leave,
    /// To stand still until the shell goes on with us.
    Suspend,
    Go(Choice),
    /// To make a worktree called so; the next number where nothing was typed.
    Create(Option<String>),
    Open(Choice),
    /// To remove it, which was agreed to.
    Remove(Choice),
}

/// The line under the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Talk {
    /// The keys.
    #[default]
    Keys,
    /// A question about that worktree.
    MayRemove(PathBuf),
    /// What came of the last wish.
    Told(String),
}

/// The rows, and which of them is meant.
#[derive(Clone, Debug)]
pub struct Picker {
    choices: Vec<Choice>,
    typed: String,
    /// Positions of the choices that fit, the best first.
    fitting: Vec<usize>,
    /// The place in these.
    selected: usize,
    pub talk: Talk,
    /// How far Page Up and Page Down go.
    page: usize,
}

impl Picker {
    /// All rows, the one we stand in being meant, where there is one.
    #[must_use]
    pub fn new(choices: Vec<Choice>) -> Self {
        let selected = choices.iter().position(|choice| choice.is_current).unwrap_or(0);
        let fitting = (0..choices.len()).collect();
        Self { choices, typed: String::new(), fitting, selected, talk: Talk::default(), page: 10 }
    }

    /// Returns what was typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// Returns the positions of the choices that fit, the best first.
    #[must_use]
    pub fn fitting(&self) -> &[usize] {
        &self.fitting
    }

    /// Returns how many there are in all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.choices.len()
    }

    /// Returns the place of the one that is meant, among those that fit.
    #[must_use]
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Returns the one that is meant.
    #[must_use]
    pub fn chosen(&self) -> Option<&Choice> {
        self.choices.get(*self.fitting.get(self.selected)?)
    }

    /// Lets Page Up and Page Down go that far.
    pub fn set_page(&mut self, rows: usize) {
        self.page = rows.max(1);
    }

    /// Puts other rows in the place of these; the same worktree is meant as before, where it is still there.
    pub fn replace(&mut self, choices: Vec<Choice>) {
        let meant = self.chosen().map(|choice| choice.path.clone());
        let place = self.selected;
        self.choices = choices;
        self.narrow();
        let again = self.fitting.iter().position(|at| Some(&self.choices[*at].path) == meant.as_ref());
        self.selected = again.unwrap_or(place).min(self.fitting.len().saturating_sub(1));
    }

    /// Takes the row of `path` out.
    pub fn drop_row(&mut self, path: &Path) {
        let left = self.choices.iter().filter(|choice| choice.path != path).cloned().collect();
        self.replace(left);
    }

    /// Changes what a key changes, and returns what it asks for.
    pub fn press(&mut self, key: Key) -> Wish {
        if let Talk::MayRemove(path) = std::mem::take(&mut self.talk) {
            let chosen = self.chosen().filter(|choice| choice.path == path).cloned();
            return match (key, chosen) {
                (Key::Letter('y' | 'Y'), Some(choice)) => Wish::Remove(choice),
                (Key::Control('z'), _) => Wish::Suspend,
                _ => Wish::Nothing,
            };
        }
        match key {
            Key::Escape | Key::Control('c' | 'd' | 'g') => return Wish::Leave,
            Key::Control('z') => return Wish::Suspend,
            Key::Enter => return self.go(),
            Key::Control('n') => {
                let typed = self.typed.trim();
                return Wish::Create((!typed.is_empty()).then(|| typed.to_owned()));
            }
            Key::Control('o') => return self.open(),
            Key::Control('x') => self.ask_to_remove(),
            Key::Up | Key::Control('p' | 'k') => self.selected = self.selected.saturating_sub(1),
            Key::Down => self.go_down(1),
            Key::PageUp => self.selected = self.selected.saturating_sub(self.page),
            Key::PageDown => self.go_down(self.page),
            Key::First => self.selected = 0,
            Key::Last => self.go_down(self.fitting.len()),
            Key::Letter(letter) => {
                self.typed.push(letter);
                self.find();
            }
            Key::Backspace => {
                self.typed.pop();
                self.find();
            }
            Key::Control('u') => {
                self.typed.clear();
                self.find();
            }
            Key::Control('w') => {
                let kept = self.typed.trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.typed.truncate(kept);
                self.find();
            }
            Key::Control(_) => {}
        }
        Wish::Nothing
    }

    fn go_down(&mut self, rows: usize) {
        self.selected = (self.selected + rows).min(self.fitting.len().saturating_sub(1));
    }

    fn go(&mut self) -> Wish {
        match self.chosen() {
            Some(choice) if choice.is_missing => {
                self.talk = Talk::Told(format!("the folder of {} is gone", choice.name));
                Wish::Nothing
            }
            Some(choice) => Wish::Go(choice.clone()),
            None => Wish::Nothing,
        }
    }

    fn open(&mut self) -> Wish {
        match self.chosen() {
            Some(choice) if choice.url.is_some() => Wish::Open(choice.clone()),
            Some(choice) => {
                self.talk = Talk::Told(format!("{} has no URL", choice.name));
                Wish::Nothing
            }
            None => Wish::Nothing,
        }
    }

    fn ask_to_remove(&mut self) {
        let Some(choice) = self.chosen() else { return };
        self.talk = if choice.is_current {
            Talk::Told(format!("you stand in {}: go elsewhere first", choice.name))
        } else {
            Talk::MayRemove(choice.path.clone())
        };
    }

    fn find(&mut self) {
        self.narrow();
        self.selected = 0;
    }

    fn narrow(&mut self) {
        self.fitting = fitting(&self.typed, self.choices.iter().map(|choice| choice.text.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(name: &str) -> Choice {
        Choice {
            name: name.to_owned(),
            path: PathBuf::from("/w").join(name),
            text: name.to_owned(),
            url: (name == "login").then(|| "http://localhost:5000".to_owned()),
            is_current: name == "pay",
            is_missing: name == "main",
        }
    }

    fn picker() -> Picker {
        Picker::new(["main", "login", "logout", "pay"].map(choice).to_vec())
    }

    fn typed(picker: &mut Picker, text: &str) {
        text.chars().for_each(|letter| assert_eq!(picker.press(Key::Letter(letter)), Wish::Nothing));
    }

    #[test]
    fn typing_narrows_and_enter_goes_to_the_best() {
        let mut picker = picker();
        assert_eq!(picker.chosen(), Some(&choice("pay")), "where we stand");
        typed(&mut picker, "logo");
        assert_eq!(picker.press(Key::Enter), Wish::Go(choice("logout")));
        picker.press(Key::Backspace);
        assert_eq!(picker.fitting().len(), 2);
        picker.press(Key::Control('u'));
        assert_eq!((picker.press(Key::Enter), picker.fitting().len()), (Wish::Nothing, 4), "main is gone");
        typed(&mut picker, "zz");
        assert_eq!((picker.press(Key::Enter), picker.chosen()), (Wish::Nothing, None));
        picker.press(Key::Control('u'));
        assert_eq!(picker.fitting().len(), 4);
    }

    #[test]
    fn arrows_and_pages_stay_within_the_rows() {
        let mut picker = picker();
        picker.set_page(2);
        for (key, at) in [
            (Key::Down, 3),
            (Key::PageUp, 1),
            (Key::Up, 0),
            (Key::Up, 0),
            (Key::Last, 3),
            (Key::First, 0),
            (Key::PageDown, 2),
            (Key::PageDown, 3),
        ] {
            picker.press(key);
            assert_eq!(picker.selected(), at, "{key:?}");
        }
    }

    #[test]
    fn leaving_asks_for_nothing_else() {
        for key in [Key::Escape, Key::Control('c')] {
            assert_eq!(picker().press(key), Wish::Leave);
        }
        assert_eq!(picker().press(Key::Control('z')), Wish::Suspend);
    }

    #[test]
    fn a_removal_is_asked_about_once_and_never_of_where_we_stand() {
        let mut picker = picker();
        picker.press(Key::Control('x'));
        assert!(matches!(&picker.talk, Talk::Told(said) if said.contains("you stand in pay")));
        picker.press(Key::First);
        picker.press(Key::Down);
        picker.press(Key::Control('x'));
        assert_eq!(picker.talk, Talk::MayRemove("/w/login".into()));
        assert_eq!(picker.press(Key::Enter), Wish::Nothing, "no is the answer that Enter gives");
        assert_eq!(picker.talk, Talk::Keys);
        picker.press(Key::Control('x'));
        assert_eq!(picker.press(Key::Escape), Wish::Nothing);
        picker.press(Key::Control('x'));
        assert_eq!(picker.press(Key::Letter('y')), Wish::Remove(choice("login")));
        // Rows that came in between: another one is never meant by the same answer.
        picker.press(Key::Control('x'));
        picker.drop_row(Path::new("/w/login"));
        assert_eq!(picker.press(Key::Letter('y')), Wish::Nothing);
    }

    #[test]
    fn the_typed_text_names_what_is_made_and_a_url_is_needed_to_open_one() {
        let mut picker = picker();
        assert_eq!(picker.press(Key::Control('n')), Wish::Create(None));
        typed(&mut picker, "login");
        assert_eq!(picker.press(Key::Control('n')), Wish::Create(Some("login".into())));
        assert_eq!(picker.press(Key::Control('o')), Wish::Open(choice("login")));
        picker.press(Key::Control('u'));
        assert_eq!(picker.press(Key::Control('o')), Wish::Nothing);
        assert!(matches!(picker.talk, Talk::Told(_)));
    }

    #[test]
    fn other_rows_leave_the_same_one_meant() {
        let mut picker = picker();
        picker.replace(["a", "pay", "main"].map(choice).to_vec());
        assert_eq!(picker.chosen(), Some(&choice("pay")));
        picker.drop_row(Path::new("/w/pay"));
        assert_eq!(picker.chosen(), Some(&choice("main")));
    }
}
