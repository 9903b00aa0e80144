//! `PING` (<https://redis.io/docs/latest/develop/reference/protocol-spec/>): a server that asks for a password answers, too.

use super::conversation::{ConversationTrouble, ServiceConversation};

/// Errors that a server gives which takes commands from others.
const ANSWERS: [&str; 3] = ["-NOAUTH", "-NOPERM", "-ERR operation not permitted"];

/// Asks; an inner error says what was wrong with the answer.
pub fn ask(conversation: &mut ServiceConversation<'_>) -> Result<Result<(), String>, ConversationTrouble> {
    conversation.say(b"*1\r\n$4\r\nPING\r\n")?;
    loop {
        if let Some(end) = conversation.heard.windows(2).position(|pair| pair == b"\r\n") {
            let line = String::from_utf8_lossy(&conversation.heard[..end]).into_owned();
            return Ok(judge(&line));
        }
        if conversation.heard.first().is_some_and(|first| !b"+-".contains(first)) {
            return Ok(judge(&String::from_utf8_lossy(&conversation.heard)));
        }
        conversation.hear()?;
    }
}

fn judge(line: &str) -> Result<(), String> {
    if line == "+PONG" || ANSWERS.iter().any(|known| line.starts_with(known)) {
        return Ok(());
    }
    match line.strip_prefix('-') {
        Some(error) if error.starts_with("LOADING") => Err("not ready: it is loading its data".to_owned()),
        Some(error) => Err(format!("answered PING with an error: {}", super::excerpt::excerpt(error))),
        None => Err(format!("did not answer as Redis does: {}", super::excerpt::excerpt(line))),
    }
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_pong_or_a_demand_for_a_password_is_an_answer() {
        for line in ["+PONG", "-NOAUTH Authentication required.", "-NOPERM this user has no permissions"] {
            assert_eq!(judge(line), Ok(()), "{line}");
        }
        assert!(judge("-LOADING Redis is loading the dataset in memory").unwrap_err().contains("not ready"));
        assert!(judge("-DENIED Redis is running in protected mode").unwrap_err().contains("DENIED"));
        assert!(judge("HTTP/1.1 400 Bad Request").unwrap_err().contains("did not answer as Redis"));
    }
}
