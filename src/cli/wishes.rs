//! From the text of flags to types: what several commands take.

use std::str::FromStr;

use clap::ValueEnum;

use crate::error::{Code, Failure, Result};
use crate::model::config::settings::ConflictPolicy;
use crate::model::identifier::Identifier;
use crate::model::purpose::Purpose;
use crate::model::service::ServiceName;
use crate::model::suggestion;
use crate::ops::create::WantedPorts;

/// The values of `--on-conflict`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum OnConflict {
    /// Stop before anything is created
    Fail,
    /// Take the next port
    Retry,
}

impl From<OnConflict> for ConflictPolicy {
    fn from(wish: OnConflict) -> Self {
        match wish {
            OnConflict::Fail => Self::Fail,
            OnConflict::Retry => Self::Retry,
        }
    }
}

/// Returns the identifier that `text` is.
///
/// # Errors
///
/// `name_invalid`, with the nearest identifier as a hint.
pub fn identifier(text: &str) -> Result<Identifier> {
    text.parse().map_err(|message: String| {
        let failure = Failure::new(Code::NameInvalid, message);
        match Identifier::from_text(&in_ascii(text)) {
            Some(near) => failure.hint(format!("`{near}` would do")),
            None => failure.hint("choose a short name such as `login` or `GH-42`"),
        }
    })
}

/// Writes the letters of European languages as they are written where there are no others: a suggestion must be readable.
fn in_ascii(text: &str) -> String {
    const LETTERS: [(&str, &str); 23] = [
        ("ä", "ae"),
        ("ö", "oe"),
        ("ü", "ue"),
        ("ß", "ss"),
        ("æ", "ae"),
        ("œ", "oe"),
        ("ø", "o"),
        ("å", "a"),
        ("áàâãąā", "a"),
        ("çćč", "c"),
        ("ďđ", "d"),
        ("éèêëęě", "e"),
        ("ğ", "g"),
        ("íìîïı", "i"),
        ("ł", "l"),
        ("ñńň", "n"),
        ("óòôõő", "o"),
        ("ř", "r"),
        ("śšş", "s"),
        ("ť", "t"),
        ("úùûůű", "u"),
        ("ýÿ", "y"),
        ("žźż", "z"),
    ];
    let mut written = String::new();
    for letter in text.chars() {
        let small: String = letter.to_lowercase().collect();
        let like = LETTERS.iter().find(|(letters, _)| small.chars().count() == 1 && letters.contains(&small));
        match like {
            Some((_, like)) if letter.is_uppercase() => {
                let mut letters = like.chars();
                written.extend(letters.next().map(|first| first.to_ascii_uppercase()));
                written.extend(letters);
            }
            Some((_, like)) => written.push_str(like),
            None => written.push(letter),
        }
    }
    written
}

/// Returns the purpose and the identifier that `text` names both, `feature/login`; `None` where its first part is none of
/// the purposes `known`, or not `said`, the one that was named beside it.
#[must_use]
pub fn both<'a>(
    text: &str,
    said: Option<&str>,
    mut known: impl Iterator<Item = &'a Purpose>,
) -> Option<(Purpose, Identifier)> {
    let (first, rest) = text.split_once('/')?;
    if said.is_some_and(|said| said != first) {
        return None;
    }
    Some((known.find(|purpose| purpose.as_str() == first)?.clone(), rest.parse().ok()?))
}

/// Returns the purpose that `text` is; `known` are those of the configuration.
///
/// # Errors
///
/// `usage` for what cannot be a purpose, with the near one.
pub fn purpose<'a>(text: &str, known: impl Iterator<Item = &'a Purpose>) -> Result<Purpose> {
    let known: Vec<&str> = known.map(Purpose::as_str).collect();
    text.parse().map_err(|message: String| {
        let near = suggestion::nearest(text, known.iter().copied());
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        Failure::new(Code::Usage, message).hint(format!("{near}the purposes are {}", known.join(", ")))
    })
}

/// Returns the wish behind `--ports[=…]` and `--port-count`; `none` says how whoever asks for zero gets none.
///
/// # Errors
///
/// `usage` for both at once, for zero and for what is no service name.
pub fn ports(ports: Option<&str>, count: Option<u16>, none: &str) -> Result<WantedPorts> {
    match (ports, count) {
        (None, None) => Ok(WantedPorts::None),
        (Some(""), None) => Ok(WantedPorts::Purpose),
        (None | Some(""), Some(count)) => Ok(WantedPorts::Count(require_some(usize::from(count), none)?)),
        (Some(_), Some(_)) => {
            Err(Failure::new(Code::Usage, "`--ports` with a value and `--port-count` both say which ports")
                .hint("leave one of them out"))
        }
        (Some(text), None) => listed(text, none),
    }
}

fn listed(text: &str, none: &str) -> Result<WantedPorts> {
    if text.bytes().all(|digit| digit.is_ascii_digit()) {
        let count = text.parse::<u16>().map_err(|_| {
            Failure::new(Code::Usage, format!("{text} ports are more than a machine has"))
                .hint("`--ports=3` asks for three; which numbers they get is wt's choice")
        })?;
        return Ok(WantedPorts::Count(require_some(usize::from(count), none)?));
    }
    let services = text.split(',').map(|name| ServiceName::from_str(name.trim()));
    let services = services.collect::<Result<Vec<_>, _>>().map_err(|message| {
        Failure::new(Code::Usage, message)
            .hint("`--ports=web,api` names services, `--ports=3` a number of ports")
    })?;
    Ok(WantedPorts::Services(services))
}

fn require_some(count: usize, none: &str) -> Result<usize> {
    if count > 0 {
        return Ok(count);
    }
    Err(Failure::new(Code::Usage, "zero ports were asked for").hint(none))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(ports: Option<&str>, count: Option<u16>) -> Result<WantedPorts> {
        super::ports(ports, count, "")
    }

    #[test]
    fn ports_are_a_wish_a_number_or_names() {
        assert_eq!(ports(None, None).unwrap(), WantedPorts::None);
        assert_eq!(ports(Some(""), None).unwrap(), WantedPorts::Purpose);
        assert_eq!(ports(Some("3"), None).unwrap(), WantedPorts::Count(3));
        assert_eq!(ports(Some(""), Some(2)).unwrap(), WantedPorts::Count(2));
        let named = WantedPorts::Services(vec!["web".parse().unwrap(), "api".parse().unwrap()]);
        assert_eq!(ports(Some("web,api"), None).unwrap(), named);
    }

    #[test]
    fn ports_that_contradict_themselves_are_asked_wrongly() {
        for (list, count) in [(Some("3"), Some(3)), (Some("0"), None), (Some("Web"), None), (None, Some(0))] {
            assert_eq!(ports(list, count).unwrap_err().code(), Code::Usage, "{list:?} {count:?}");
        }
        assert_eq!(ports(Some("99999"), None).unwrap_err().code(), Code::Usage);
    }

    #[test]
    fn a_name_that_cannot_be_is_answered_with_one_that_can() {
        let failure = identifier("Ärger mit/login").unwrap_err();
        assert_eq!(failure.code(), Code::NameInvalid);
        assert!(failure.next_step().unwrap().contains("login"));
        for (text, near) in [("über straße", "ueber-strasse"), ("Änderung", "Aenderung"), ("a b", "a-b")] {
            assert_eq!(
                identifier(text).unwrap_err().next_step(),
                Some(format!("`{near}` would do").as_str())
            );
        }
        for text in ["../x", "-x", "a/b", "a\nb", "", &"x".repeat(300)] {
            assert_eq!(identifier(text).unwrap_err().code(), Code::NameInvalid, "{text:?}");
        }
    }
}
