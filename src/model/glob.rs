//! git's wildcards (`wildmatch.c`; gitignore(5), gitattributes(5)), matched in bounded time: all ways to match are followed
//! at once, so nothing is tried twice, and nothing recurses, whatever the pattern.

/// A pattern made ready to be matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    /// `None` for one that is malformed and matches nothing.
    tokens: Option<Vec<Token>>,
    /// So many bytes at least does a matching text have.
    least: usize,
    of_path: bool,
    folds_case: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    One,
    Class(Box<[u64; 4]>),
    Star {
        /// Whether it stands for slashes too.
        crosses: bool,
    },
    /// Before `**/`, which may stand for nothing, slash and all; not so once the stars stand for something.
    Skip,
}

impl Glob {
    /// Reads a pattern; with `of_path` a single star, `?` and classes stop at slashes.
    #[must_use]
    pub fn new(glob: &[u8], of_path: bool, folds_case: bool) -> Self {
        let tokens = parse(glob, of_path, folds_case);
        let is_wide = |token: &&Token| !matches!(token, Token::Star { .. } | Token::Skip);
        let vanishing = |token: &&Token| matches!(token, Token::Skip);
        let count = |tokens: &Vec<Token>| {
            tokens.iter().filter(is_wide).count() - tokens.iter().filter(vanishing).count()
        };
        Self { least: tokens.as_ref().map_or(0, count), tokens, of_path, folds_case }
    }

    /// Answers whether it is malformed, so that it matches nothing.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.tokens.is_none()
    }

    /// Answers whether it matches the whole text; adds to `spent` about how many steps that took.
    #[must_use]
    pub fn is_match(&self, text: &[u8], spent: &mut u64) -> bool {
        let Some(tokens) = &self.tokens else { return false };
        if text.len() < self.least {
            return false;
        }
        // Bit N: the first N tokens have been matched by the text so far.
        let words = tokens.len() / 64 + 1;
        let (mut small, mut large) = ([0_u64; 4], Vec::new());
        let both = if words * 2 <= small.len() {
            &mut small[..words * 2]
        } else {
            large.resize(words * 2, 0);
            &mut large[..]
        };
        let (mut now, mut next) = both.split_at_mut(words);
        now[0] = 1;
        skip_stars(tokens, now);
        for byte in text {
            *spent += words as u64;
            next.fill(0);
            let mut is_any = false;
            for (at, word) in now.iter().enumerate() {
                let mut word = *word;
                while word != 0 {
                    let token = at * 64 + word.trailing_zeros() as usize;
                    word &= word - 1;
                    *spent += 1;
                    if let Some(to) = tokens.get(token).and_then(|found| self.step(found, token, *byte)) {
                        next[to / 64] |= 1 << (to % 64);
                        is_any = true;
                    }
                }
            }
            if !is_any {
                return false;
            }
            skip_stars(tokens, next);
            std::mem::swap(&mut now, &mut next);
        }
        now[tokens.len() / 64] >> (tokens.len() % 64) & 1 == 1
    }

    /// Returns how many tokens are matched once the token took the byte; `None` where it does not take it.
    fn step(&self, token: &Token, at: usize, byte: u8) -> Option<usize> {
        let byte = if self.folds_case { byte.to_ascii_lowercase() } else { byte };
        match token {
            Token::Star { crosses } => (*crosses || byte != b'/').then_some(at),
            Token::Skip => None,
            Token::Byte(wanted) => (*wanted == byte).then_some(at + 1),
            Token::One => (!self.of_path || byte != b'/').then_some(at + 1),
            Token::Class(set) => {
                let is_in = set[usize::from(byte) / 64] >> (byte % 64) & 1 == 1;
                (is_in && !(self.of_path && byte == b'/')).then_some(at + 1)
            }
        }
    }
}

/// A star may stand for nothing. Bits are set to the right only, so one pass sees them all.
fn skip_stars(tokens: &[Token], set: &mut [u64]) {
    for at in 0..set.len() {
        let mut done = 0_u64;
        while let word @ 1.. = set[at] & !done {
            let bit = word.trailing_zeros() as usize;
            done |= 1 << bit;
            let token = at * 64 + bit;
            let mut reach = |to: usize| set[to / 64] |= 1 << (to % 64);
            match tokens.get(token) {
                Some(Token::Star { .. }) => reach(token + 1),
                Some(Token::Skip) => {
                    reach(token + 1);
                    reach(token + 3);
                }
                _ => {}
            }
        }
    }
}

fn parse(glob: &[u8], of_path: bool, folds_case: bool) -> Option<Vec<Token>> {
    let lower = |byte: u8| if folds_case { byte.to_ascii_lowercase() } else { byte };
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = glob.get(at) {
        match byte {
            b'*' => {
                let stars = glob[at..].iter().take_while(|byte| **byte == b'*').count();
                let after = &glob[at + stars..];
                let begins = at == 0 || glob[at - 1] == b'/';
                let ends = after.is_empty() || after.starts_with(b"/") || after.starts_with(b"\\/");
                let is_double = of_path && stars > 1 && begins && ends;
                if is_double && after.starts_with(b"/") {
                    tokens.push(Token::Skip);
                }
                tokens.push(Token::Star { crosses: !of_path || is_double });
                at += stars - 1;
            }
            b'?' => tokens.push(Token::One),
            b'[' => {
                let (set, end) = class(glob, at + 1, folds_case)?;
                tokens.push(Token::Class(Box::new(set)));
                at = end;
            }
            b'\\' => {
                at += 1;
                tokens.push(Token::Byte(lower(*glob.get(at)?)));
            }
            plain => tokens.push(Token::Byte(lower(*plain))),
        }
        at += 1;
    }
    Some(tokens)
}

/// Reads the class whose `[` is before `at`; returns its bytes and where its `]` is. `None` for one that is malformed.
fn class(glob: &[u8], mut at: usize, folds_case: bool) -> Option<([u64; 4], usize)> {
    let mut set = [0_u64; 4];
    let mut add = |byte: u8| set[usize::from(byte) / 64] |= 1 << (byte % 64);
    let is_negated = matches!(glob.get(at)?, b'!' | b'^');
    if is_negated {
        at += 1;
    }
    // The byte that a range would begin with.
    let mut before = None;
    loop {
        match *glob.get(at)? {
            b'\\' => {
                at += 1;
                let byte = *glob.get(at)?;
                add(byte);
                before = Some(byte);
            }
            b'-' if before.is_some() && glob.get(at + 1).is_some_and(|next| *next != b']') => {
                at += 1;
                if glob[at] == b'\\' {
                    at += 1;
                }
                let last = *glob.get(at)?;
                for byte in before.unwrap_or_default()..=last {
                    add(byte);
                    // A small letter is also taken for its capital.
                    if folds_case {
                        add(byte.to_ascii_lowercase());
                    }
                }
                before = None;
            }
            b'[' if glob.get(at + 1) == Some(&b':') => {
                let begin = at + 2;
                let length = glob.get(begin..)?.iter().position(|byte| *byte == b']')?;
                if let Some(name) = glob[begin..begin + length].strip_suffix(b":") {
                    for byte in 0..=u8::MAX {
                        let is_in = is_of_kind(name, byte)?;
                        if is_in || (folds_case && name == b"upper" && byte.is_ascii_lowercase()) {
                            add(byte);
                        }
                    }
                    at = begin + length;
                    before = None;
                } else {
                    add(b'[');
                    before = Some(b'[');
                }
            }
            byte => {
                add(byte);
                before = Some(byte);
            }
        }
        at += 1;
        if *glob.get(at)? == b']' {
            return Some((if is_negated { set.map(|word| !word) } else { set }, at));
        }
    }
}

fn is_of_kind(name: &[u8], byte: u8) -> Option<bool> {
    Some(match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase(),
        b"print" => byte == b' ' || byte.is_ascii_graphic(),
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => matches!(byte, b' ' | b'\t'..=b'\r'),
        b"upper" => byte.is_ascii_uppercase(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
