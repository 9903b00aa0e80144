//! Packs that the real git made, held against what the real git reads from them; then broken in every way.

mod corruption;
mod crafted;
mod repository;
mod truth;
