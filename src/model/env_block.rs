//! The part of `.env` that is ours, between two marker lines; the user's lines stay byte for byte.
