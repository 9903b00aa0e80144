//! A start-up message of protocol 3.0 (PostgreSQL's documentation, 54.2 and 54.7) and what its answer means. Like
//! `pg_isready`, a server that asks for a password, or knows no such user, takes connections.

use super::conversation::{ConversationTrouble, MOST, ServiceConversation};
use super::excerpt::excerpt;

/// Classes of errors (appendix A of the documentation) that say who may come in, not that nobody may.
const ABOUT_US: [&str; 3] = ["28", "3D", "42"];

/// Asks; an inner error says what was wrong with the answer.
pub fn ask(
    conversation: &mut ServiceConversation<'_>,
    user: &str,
    database: &str,
) -> Result<Result<(), String>, ConversationTrouble> {
    conversation.say(&start_up(user, database))?;
    loop {
        if let Some(answer) = read(&conversation.heard) {
            if answer.is_ok() {
                // Terminate: the server need not find out by itself.
                let _ = conversation.say(&[b'X', 0, 0, 0, 4]);
            }
            return Ok(answer);
        }
        conversation.hear()?;
    }
}

fn start_up(user: &str, database: &str) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend_from_slice(&196_608_u32.to_be_bytes());
    for word in ["user", user, "database", database, "application_name", "wt health"] {
        body.extend_from_slice(word.as_bytes());
        body.push(0);
    }
    body.push(0);
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut message = length.to_be_bytes().to_vec();
    message.extend(body);
    message
}

/// Returns what the first message means; `None` while it is not whole.
fn read(heard: &[u8]) -> Option<Result<(), String>> {
    let kind = *heard.first()?;
    if !b"REvN".contains(&kind) {
        return Some(Err(format!(
            "did not answer as PostgreSQL does: {}",
            excerpt(&String::from_utf8_lossy(heard))
        )));
    }
    let length = usize::try_from(u32::from_be_bytes(heard.get(1..5)?.try_into().ok()?)).unwrap_or(MOST);
    if !(4..MOST).contains(&length) {
        return Some(Err("did not answer as PostgreSQL does: a message of nonsense length".to_owned()));
    }
    match kind {
        b'E' => Some(error(heard.get(5..=length)?)),
        // An authentication request of whatever kind, or a talk about the version: it takes us for a client.
        _ => Some(Ok(())),
    }
}

/// Fields of a letter and a text each: `C` is the code, `M` the message.
fn error(fields: &[u8]) -> Result<(), String> {
    let texts: Vec<_> = fields.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let field = |letter: char| texts.iter().find_map(|text| text.strip_prefix(letter)).unwrap_or_default();
    let (code, message) = (field('C'), field('M'));
    if ABOUT_US.iter().any(|class| code.starts_with(class)) {
        return Ok(());
    }
    match code {
        "57P03" => Err(format!("not ready: {}", excerpt(message))),
        _ => Err(format!("takes no connection: {} ({})", excerpt(message), excerpt(code))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_message(code: &str, message: &str) -> Vec<u8> {
        let body = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
        let mut bytes = vec![b'E'];
        bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        bytes.extend(body.as_bytes());
        bytes
    }

    #[test]
    fn the_start_up_message_is_as_the_protocol_has_it() {
        let message = start_up("me", "shop");
        assert_eq!(message[..8], [0, 0, 0, u8::try_from(message.len()).unwrap(), 0, 3, 0, 0]);
        assert!(message[8..].starts_with(b"user\0me\0database\0shop\0") && message.ends_with(b"\0\0"));
    }

    #[test]
    fn whoever_asks_for_a_password_or_refuses_this_user_takes_connections() {
        for (code, message) in [
            ("28P01", "password authentication failed"),
            ("28000", "no pg_hba.conf entry"),
            ("3D000", "database \"x\" does not exist"),
        ] {
            assert_eq!(read(&error_message(code, message)), Some(Ok(())), "{code}");
        }
        let password = [b'R', 0, 0, 0, 8, 0, 0, 0, 3];
        assert_eq!(read(&password), Some(Ok(())));
    }

    #[test]
    fn a_server_that_starts_up_or_is_full_does_not() {
        let starting = read(&error_message("57P03", "the database system is starting up")).unwrap();
        assert_eq!(starting.unwrap_err(), "not ready: the database system is starting up");
        let full = read(&error_message("53300", "sorry, too many clients already")).unwrap();
        assert!(full.unwrap_err().starts_with("takes no connection: sorry, too many clients"));
    }

    #[test]
    fn a_message_is_waited_for_until_it_is_whole_and_nonsense_is_not() {
        let whole = error_message("57P03", "later");
        assert_eq!(read(&whole[..whole.len() - 1]), None);
        assert_eq!(read(b""), None);
        assert!(read(b"HTTP/1.1 400").unwrap().unwrap_err().contains("did not answer as PostgreSQL"));
        assert!(read(&[b'E', 0xff, 0xff, 0xff, 0xff]).unwrap().is_err());
    }
}
