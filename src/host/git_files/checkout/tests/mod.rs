//! Checkouts of commits that the real git made, held against what the real git makes of them.

mod equality;
mod obstacles;
mod packed;
mod remains;
mod sandbox;
mod siblings;
