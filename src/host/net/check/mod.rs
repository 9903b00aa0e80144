//! Asking services whether they answer: real protocol code on plain sockets, with deadlines and bounded memory.

pub mod ask;
pub mod calls;
pub mod command;
mod conversation;
mod excerpt;
mod http;
mod postgres;
mod redis;
mod tcp;
