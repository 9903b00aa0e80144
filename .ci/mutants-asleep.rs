
/// Whether the change of this number was woken: by a variable, or, where children are started without any, by a file.
pub fn changed(number: u32) -> bool {
    static WOKEN: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    let woken = || {
        let said = std::env::var("WT_CHANGE").ok();
        let said = said.or_else(|| std::fs::read_to_string(option_env!("WT_CHANGE_FILE")?).ok());
        said.and_then(|number| number.trim().parse().ok()).unwrap_or(u32::MAX)
    };
    number == *WOKEN.get_or_init(woken)
}

/// One of two iterators.
pub enum Either<A, B> {
    Left(A),
    Right(B),
}

impl<T, A: Iterator<Item = T>, B: Iterator<Item = T>> Iterator for Either<A, B> {
    type Item = T;
    fn next(&mut self) -> Option<T> {
        match self {
            Self::Left(iterator) => iterator.next(),
            Self::Right(iterator) => iterator.next(),
        }
    }
}

impl<T, A: DoubleEndedIterator<Item = T>, B: DoubleEndedIterator<Item = T>> DoubleEndedIterator for Either<A, B> {
    fn next_back(&mut self) -> Option<T> {
        match self {
            Self::Left(iterator) => iterator.next_back(),
            Self::Right(iterator) => iterator.next_back(),
        }
    }
}
