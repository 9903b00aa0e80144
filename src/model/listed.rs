//! The words of a list of variants, made from the list: neither can lack what the other has.

/// Makes them of a constant array whose elements have a constant `as_str`.
macro_rules! words_of {
    ($all:ident) => {{
        let mut words = [""; $all.len()];
        let mut at = 0;
        while at < words.len() {
            words[at] = $all[at].as_str();
            at += 1;
        }
        words
    }};
}

pub(crate) use words_of;
