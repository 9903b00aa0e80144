//! What every test stands on: a sandbox of its own, real repositories, real sockets, and the real binary.

pub mod advice;
pub mod browser;
pub mod child;
pub mod clock;
#[cfg(feature = "etcd")]
pub mod cutting;
pub mod dice;
pub mod docker;
#[cfg(feature = "etcd")]
pub mod etcd;
pub mod git;
pub mod git_server;
pub mod holder;
pub mod hooks;
pub mod http;
pub mod laptop;
pub mod ports;
pub mod python;
pub mod receiver;
pub mod run;
pub mod sandbox;
pub mod schemas;
pub mod services;
pub mod skip;
pub mod snapshot;
pub mod strace;
pub mod team;
pub mod terminal;
pub mod wait;

pub use run::Run;
pub use sandbox::Sandbox;
pub use skip::skip;
