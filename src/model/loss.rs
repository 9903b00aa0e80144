//! What a removal would lose.
