//! The same reports as the commands', over HTTP on loopback: a route turns a request into an operation's request and answers
//! with its report. It decides nothing.

mod action;
mod api;
mod connection;
#[cfg(test)]
mod foreign_bytes;
mod forward;
pub mod guard;
mod heads;
mod line;
mod page;
mod reply;
mod route;
pub mod server;
pub mod site;
mod stream;
mod told;
mod unheard;
