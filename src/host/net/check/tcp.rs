//! Whether a service accepts a connection: the kernel completes it on its own, so the queue must empty as well.

use std::time::Duration;

use super::conversation::{ConversationTrouble, ServiceConversation};

/// The first and the longest pause between two looks at the queue.
const PAUSES: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(20));

/// Waits until the connection was accepted. A queue that shrinks belongs to a server that accepts.
#[expect(clippy::disallowed_methods, reason = "the kernel tells nobody when a queue empties")]
pub fn ask(conversation: &ServiceConversation<'_>) -> Result<(), ConversationTrouble> {
    let mut most = 0;
    let mut pause = PAUSES.0;
    loop {
        match conversation.waiting() {
            None | Some(0) => return Ok(()),
            Some(waiting) if waiting < most => return Ok(()),
            Some(waiting) => most = waiting,
        }
        let Some(left) = conversation.deadline().left() else {
            return Err(ConversationTrouble::Late { read: 0 });
        };
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(PAUSES.1);
    }
}
