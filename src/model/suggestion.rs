//! The word that was probably meant.
