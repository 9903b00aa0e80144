//! Keys out of the bytes that a terminal sends (ECMA-48, and what xterm made usual), also where they come in pieces.

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PressedKey {
    Letter(char),
    Enter,
    Escape,
    Backspace,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// With Ctrl; the letter is a small one.
    Control(char),
}

/// Makes keys of bytes; keeps the beginning of one that is not whole yet.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    /// Whether text is being pasted: no letter of it is an order.
    is_pasting: bool,
}

/// What stands at the beginning of the bytes.
enum Piece {
    Key(usize, Option<PressedKey>),
    Paste(usize, bool),
    /// More must come.
    Beginning,
}

impl Decoder {
    /// Returns the keys that `bytes` complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<PressedKey> {
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        loop {
            match piece(&self.pending) {
                Piece::Beginning => return keys,
                Piece::Paste(length, begins) => {
                    self.is_pasting = begins;
                    self.pending.drain(..length);
                }
                Piece::Key(length, key) => {
                    self.pending.drain(..length);
                    let is_text = matches!(key, Some(PressedKey::Letter(_)));
                    keys.extend(key.filter(|_| is_text || !self.is_pasting));
                }
            }
        }
    }

    /// Answers whether a key has begun: the Escape key sends what all others begin with.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Returns the key that has begun, since nothing follows.
    pub fn flush(&mut self) -> Option<PressedKey> {
        let is_escape = self.pending == b"\x1b";
        self.pending.clear();
        is_escape.then_some(PressedKey::Escape)
    }
}

fn piece(bytes: &[u8]) -> Piece {
    let Some(first) = bytes.first() else { return Piece::Beginning };
    match first {
        0x1b => sequence(bytes),
        b'\r' | b'\n' => Piece::Key(1, Some(PressedKey::Enter)),
        0x7f | 0x08 => Piece::Key(1, Some(PressedKey::Backspace)),
        0x01..=0x1a => Piece::Key(1, Some(PressedKey::Control(char::from(first + 0x60)))),
        0x00..=0x1f => Piece::Key(1, None),
        _ => letter(bytes),
    }
}

fn letter(bytes: &[u8]) -> Piece {
    let length = match bytes[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let Some(whole) = bytes.get(..length) else { return Piece::Beginning };
    match std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
        Some(letter) => Piece::Key(length, Some(PressedKey::Letter(letter))),
        None => Piece::Key(1, None),
    }
}

/// `ESC [ … letter`, `ESC O letter`, or Alt with a letter.
fn sequence(bytes: &[u8]) -> Piece {
    match bytes.get(1) {
        None => Piece::Beginning,
        Some(b'O') => match bytes.get(2) {
            None => Piece::Beginning,
            Some(last) => Piece::Key(3, arrow(*last)),
        },
        Some(b'[') => {
            let Some(end) = bytes.iter().skip(2).position(|byte| (0x40..=0x7e).contains(byte)) else {
                return Piece::Beginning;
            };
            let (parameters, last) = (&bytes[2..2 + end], bytes[2 + end]);
            let length = 3 + end;
            match (parameters, last) {
                (b"200", b'~') => Piece::Paste(length, true),
                (b"201", b'~') => Piece::Paste(length, false),
                (b"5", b'~') => Piece::Key(length, Some(PressedKey::PageUp)),
                (b"6", b'~') => Piece::Key(length, Some(PressedKey::PageDown)),
                (b"1" | b"7", b'~') => Piece::Key(length, Some(PressedKey::First)),
                (b"4" | b"8", b'~') => Piece::Key(length, Some(PressedKey::Last)),
                (b"", last) => Piece::Key(length, arrow(last)),
                _ => Piece::Key(length, None),
            }
        }
        Some(0x1b) => Piece::Key(1, Some(PressedKey::Escape)),
        Some(_) => Piece::Key(2, None),
    }
}

fn arrow(last: u8) -> Option<PressedKey> {
    match last {
        b'A' => Some(PressedKey::Up),
        b'B' => Some(PressedKey::Down),
        b'H' => Some(PressedKey::First),
        b'F' => Some(PressedKey::Last),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(pieces: &[&[u8]]) -> Vec<PressedKey> {
        let mut decoder = Decoder::default();
        let mut keys: Vec<PressedKey> = pieces.iter().flat_map(|piece| decoder.feed(piece)).collect();
        keys.extend(decoder.flush());
        keys
    }

    #[test]
    fn keys_come_out_whole_however_the_bytes_are_cut() {
        let bytes = "aä漢\x1b[A\x1bOB\x1b[6~\r\x7f\x0f\x1b[1;5C\x1bx.".as_bytes();
        let expected = [
            PressedKey::Letter('a'),
            PressedKey::Letter('ä'),
            PressedKey::Letter('漢'),
            PressedKey::Up,
            PressedKey::Down,
            PressedKey::PageDown,
            PressedKey::Enter,
            PressedKey::Backspace,
            PressedKey::Control('o'),
            PressedKey::Letter('.'),
        ];
        assert_eq!(keys(&[bytes]), expected);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(keys(&single), expected);
    }

    #[test]
    fn a_lone_escape_is_a_key_once_nothing_follows() {
        assert_eq!(keys(&[b"\x1b"]), [PressedKey::Escape]);
        assert_eq!(keys(&[b"\x1b\x1b"]), [PressedKey::Escape, PressedKey::Escape]);
        assert_eq!(keys(&[b"\x1b[", b"B"]), [PressedKey::Down]);
    }

    #[test]
    fn a_key_is_pending_from_its_first_byte_to_its_last() {
        let mut decoder = Decoder::default();
        assert!(!decoder.is_pending(), "nothing was pressed");
        let pending: Vec<bool> = b"\x1b[A"
            .iter()
            .map(|byte| {
                decoder.feed(&[*byte]);
                decoder.is_pending()
            })
            .collect();
        assert_eq!(pending, [true, true, false]);
        decoder.feed(b"\x1b");
        decoder.flush();
        assert!(!decoder.is_pending(), "nothing followed, and the key was Escape");
    }

    #[test]
    fn nothing_of_a_pasted_text_is_an_order() {
        assert_eq!(
            keys(&[b"\x1b[200~a\rb\x18\x1b[201~\r"]),
            [PressedKey::Letter('a'), PressedKey::Letter('b'), PressedKey::Enter]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_passed_over() {
        assert_eq!(
            keys(&[&[0xff, 0xc3, b'a', 0x00, b'b']]),
            [PressedKey::Letter('a'), PressedKey::Letter('b')]
        );
    }

    #[test]
    fn each_sequence_of_a_terminal_is_its_key() {
        for (bytes, key) in [
            (&b"\x1b[A"[..], Some(PressedKey::Up)),
            (b"\x1b[B", Some(PressedKey::Down)),
            (b"\x1b[H", Some(PressedKey::First)),
            (b"\x1b[F", Some(PressedKey::Last)),
            (b"\x1bOH", Some(PressedKey::First)),
            (b"\x1bOF", Some(PressedKey::Last)),
            (b"\x1b[5~", Some(PressedKey::PageUp)),
            (b"\x1b[6~", Some(PressedKey::PageDown)),
            (b"\x1b[1~", Some(PressedKey::First)),
            (b"\x1b[7~", Some(PressedKey::First)),
            (b"\x1b[4~", Some(PressedKey::Last)),
            (b"\x1b[8~", Some(PressedKey::Last)),
            (b"\x1b[3~", None),
            (b"\x1b[C", None),
            (b"\x1bOC", None),
            (b"\x1bx", None),
            (b"\x1b\x1b[A", Some(PressedKey::Escape)),
            (b"\r", Some(PressedKey::Enter)),
            (b"\n", Some(PressedKey::Enter)),
            (b"\x08", Some(PressedKey::Backspace)),
            (b"\x01", Some(PressedKey::Control('a'))),
            (b"\x1a", Some(PressedKey::Control('z'))),
            (b"\x1c", None),
            (b"\x00", None),
            ("\u{7ff}".as_bytes(), Some(PressedKey::Letter('\u{7ff}'))),
            ("\u{ffff}".as_bytes(), Some(PressedKey::Letter('\u{ffff}'))),
            ("\u{10ffff}".as_bytes(), Some(PressedKey::Letter('\u{10ffff}'))),
        ] {
            let mut decoder = Decoder::default();
            assert_eq!(decoder.feed(bytes).first().copied(), key, "{bytes:?}");
            for cut in 1..bytes.len() {
                let mut decoder = Decoder::default();
                let first = decoder.feed(&bytes[..cut]).first().copied();
                assert_eq!(first.or(decoder.feed(&bytes[cut..]).first().copied()), key, "{bytes:?} at {cut}");
            }
        }
        assert_eq!(keys(&[b"\x1b[3~a\x1bxb\x1bOCc"]), ['a', 'b', 'c'].map(PressedKey::Letter));
        assert_eq!(keys(&[b"\x1b["]), [], "what has begun and does not go on is nothing");
    }
}
