//! The picker as a state that keys change: what was typed, which rows fit, which one is meant, and what is being asked.

use std::path::{Path, PathBuf};

use super::choice::PickerRow;
use super::key::PressedKey;
use super::matching::fitting;

/// What a key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickerWish {
    /// Nothing but another picture.
    Nothing,
    /// To leave without having chosen.
    Leave,
    /// To stand still until the shell goes on with us.
    Suspend,
    Go(PickerRow),
    /// To make a worktree called so; the next number where nothing was typed.
    Create(Option<String>),
    Open(PickerRow),
    /// To remove it, which was agreed to.
    Remove(PickerRow),
}

/// The line under the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PickerLine {
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
    choices: Vec<PickerRow>,
    typed: String,
    /// Positions of the choices that fit, the best first.
    fitting: Vec<usize>,
    /// The place in these.
    selected: usize,
    pub talk: PickerLine,
    /// How far Page Up and Page Down go.
    page: usize,
}

impl Picker {
    /// All rows, the one we stand in being meant, where there is one.
    #[must_use]
    pub fn new(choices: Vec<PickerRow>) -> Self {
        let selected = choices.iter().position(|choice| choice.is_current).unwrap_or(0);
        let fitting = (0..choices.len()).collect();
        Self { choices, typed: String::new(), fitting, selected, talk: PickerLine::default(), page: 10 }
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
    pub fn chosen(&self) -> Option<&PickerRow> {
        self.choices.get(*self.fitting.get(self.selected)?)
    }

    /// Lets Page Up and Page Down go that far.
    pub fn set_page(&mut self, rows: usize) {
        self.page = rows.max(1);
    }

    /// Puts other rows in the place of these; the same worktree is meant as before, where it is still there.
    pub fn replace(&mut self, choices: Vec<PickerRow>) {
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
    pub fn press(&mut self, key: PressedKey) -> PickerWish {
        if let PickerLine::MayRemove(path) = std::mem::take(&mut self.talk) {
            let chosen = self.chosen().filter(|choice| choice.path == path).cloned();
            return match (key, chosen) {
                (PressedKey::Letter('y' | 'Y'), Some(choice)) => PickerWish::Remove(choice),
                (PressedKey::Control('z'), _) => PickerWish::Suspend,
                _ => PickerWish::Nothing,
            };
        }
        match key {
            PressedKey::Escape | PressedKey::Control('c' | 'd' | 'g') => return PickerWish::Leave,
            PressedKey::Control('z') => return PickerWish::Suspend,
            PressedKey::Enter => return self.go(),
            PressedKey::Control('n') => {
                let typed = self.typed.trim();
                return PickerWish::Create((!typed.is_empty()).then(|| typed.to_owned()));
            }
            PressedKey::Control('o') => return self.open(),
            PressedKey::Control('x') => self.ask_to_remove(),
            PressedKey::Up | PressedKey::Control('p' | 'k') => {
                self.selected = self.selected.saturating_sub(1);
            }
            PressedKey::Down => self.go_down(1),
            PressedKey::PageUp => self.selected = self.selected.saturating_sub(self.page),
            PressedKey::PageDown => self.go_down(self.page),
            PressedKey::First => self.selected = 0,
            PressedKey::Last => self.go_down(self.fitting.len()),
            PressedKey::Letter(letter) => {
                self.typed.push(letter);
                self.find();
            }
            PressedKey::Backspace => {
                self.typed.pop();
                self.find();
            }
            PressedKey::Control('u') => {
                self.typed.clear();
                self.find();
            }
            PressedKey::Control('w') => {
                let kept = self.typed.trim_end().rfind(' ').map_or(0, |at| at + 1);
                self.typed.truncate(kept);
                self.find();
            }
            PressedKey::Control(_) => {}
        }
        PickerWish::Nothing
    }

    fn go_down(&mut self, rows: usize) {
        self.selected = (self.selected + rows).min(self.fitting.len().saturating_sub(1));
    }

    fn go(&mut self) -> PickerWish {
        match self.chosen() {
            Some(choice) if choice.is_missing => {
                self.talk = PickerLine::Told(format!("the folder of {} is gone", choice.name));
                PickerWish::Nothing
            }
            Some(choice) => PickerWish::Go(choice.clone()),
            None => PickerWish::Nothing,
        }
    }

    fn open(&mut self) -> PickerWish {
        match self.chosen() {
            Some(choice) if choice.url.is_some() => PickerWish::Open(choice.clone()),
            Some(choice) => {
                self.talk = PickerLine::Told(format!("{} has no URL", choice.name));
                PickerWish::Nothing
            }
            None => PickerWish::Nothing,
        }
    }

    fn ask_to_remove(&mut self) {
        let Some(choice) = self.chosen() else { return };
        self.talk = if choice.is_current {
            PickerLine::Told(format!("you stand in {}: go elsewhere first", choice.name))
        } else {
            PickerLine::MayRemove(choice.path.clone())
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

    fn choice(name: &str) -> PickerRow {
        PickerRow {
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
        text.chars()
            .for_each(|letter| assert_eq!(picker.press(PressedKey::Letter(letter)), PickerWish::Nothing));
    }

    #[test]
    fn typing_narrows_and_enter_goes_to_the_best() {
        let mut picker = picker();
        assert_eq!(picker.chosen(), Some(&choice("pay")), "where we stand");
        typed(&mut picker, "logo");
        assert_eq!(picker.press(PressedKey::Enter), PickerWish::Go(choice("logout")));
        picker.press(PressedKey::Backspace);
        assert_eq!(picker.fitting().len(), 2);
        picker.press(PressedKey::Control('u'));
        assert_eq!(
            (picker.press(PressedKey::Enter), picker.fitting().len()),
            (PickerWish::Nothing, 4),
            "main is gone"
        );
        typed(&mut picker, "zz");
        assert_eq!((picker.press(PressedKey::Enter), picker.chosen()), (PickerWish::Nothing, None));
        picker.press(PressedKey::Control('u'));
        assert_eq!(picker.fitting().len(), 4);
    }

    #[test]
    fn arrows_and_pages_stay_within_the_rows() {
        let mut picker = picker();
        picker.set_page(2);
        for (key, at) in [
            (PressedKey::Down, 3),
            (PressedKey::PageUp, 1),
            (PressedKey::Up, 0),
            (PressedKey::Up, 0),
            (PressedKey::Last, 3),
            (PressedKey::First, 0),
            (PressedKey::PageDown, 2),
            (PressedKey::PageDown, 3),
        ] {
            picker.press(key);
            assert_eq!(picker.selected(), at, "{key:?}");
        }
    }

    #[test]
    fn leaving_asks_for_nothing_else() {
        for key in [PressedKey::Escape, PressedKey::Control('c')] {
            assert_eq!(picker().press(key), PickerWish::Leave);
        }
        assert_eq!(picker().press(PressedKey::Control('z')), PickerWish::Suspend);
    }

    #[test]
    fn a_removal_is_asked_about_once_and_never_of_where_we_stand() {
        let mut picker = picker();
        picker.press(PressedKey::Control('x'));
        assert!(matches!(&picker.talk, PickerLine::Told(said) if said.contains("you stand in pay")));
        picker.press(PressedKey::First);
        picker.press(PressedKey::Down);
        picker.press(PressedKey::Control('x'));
        assert_eq!(picker.talk, PickerLine::MayRemove("/w/login".into()));
        assert_eq!(picker.press(PressedKey::Enter), PickerWish::Nothing, "no is the answer that Enter gives");
        assert_eq!(picker.talk, PickerLine::Keys);
        picker.press(PressedKey::Control('x'));
        assert_eq!(picker.press(PressedKey::Escape), PickerWish::Nothing);
        picker.press(PressedKey::Control('x'));
        assert_eq!(picker.press(PressedKey::Control('z')), PickerWish::Suspend);
        assert_eq!(picker.talk, PickerLine::Keys, "whoever comes back is asked anew");
        picker.press(PressedKey::Control('x'));
        assert_eq!(picker.press(PressedKey::Letter('y')), PickerWish::Remove(choice("login")));
        // Rows that came in between: another one is never meant by the same answer.
        picker.press(PressedKey::Control('x'));
        picker.drop_row(Path::new("/w/login"));
        assert_eq!(picker.press(PressedKey::Letter('y')), PickerWish::Nothing);
    }

    #[test]
    fn the_typed_text_names_what_is_made_and_a_url_is_needed_to_open_one() {
        let mut picker = picker();
        assert_eq!(picker.press(PressedKey::Control('n')), PickerWish::Create(None));
        assert_eq!((picker.typed(), picker.count()), ("", 4));
        typed(&mut picker, "login");
        assert_eq!((picker.typed(), picker.count()), ("login", 4));
        assert_eq!(picker.press(PressedKey::Control('n')), PickerWish::Create(Some("login".into())));
        assert_eq!(picker.press(PressedKey::Control('o')), PickerWish::Open(choice("login")));
        picker.press(PressedKey::Control('u'));
        assert_eq!(picker.press(PressedKey::Control('o')), PickerWish::Nothing);
        assert!(matches!(picker.talk, PickerLine::Told(_)));
    }

    #[test]
    fn other_rows_leave_the_same_one_meant() {
        let mut picker = picker();
        picker.replace(["a", "pay", "main"].map(choice).to_vec());
        assert_eq!(picker.chosen(), Some(&choice("pay")));
        picker.drop_row(Path::new("/w/pay"));
        assert_eq!(picker.chosen(), Some(&choice("main")));
    }

    #[test]
    fn a_word_or_all_that_was_typed_is_taken_back() {
        for (text, key, left) in [
            ("one two", PressedKey::Control('w'), "one "),
            ("one two ", PressedKey::Control('w'), "one "),
            ("one", PressedKey::Control('w'), ""),
            ("one two", PressedKey::Backspace, "one tw"),
            ("one two", PressedKey::Control('u'), ""),
            ("one two", PressedKey::Control('q'), "one two"),
        ] {
            let mut picker = picker();
            typed(&mut picker, text);
            assert_eq!((picker.press(key), picker.typed()), (PickerWish::Nothing, left), "{text} {key:?}");
        }
    }
}
