//! Words in, words out: one file per command with its arguments, its request and what it shows.

pub mod arguments;
pub mod dispatch;
pub mod session;
pub mod usage;

pub mod adopt;
pub mod completions;
pub mod config;
pub mod create;
pub mod doctor;
pub mod env;
pub mod health;
pub mod health_timer;
pub mod hook;
pub mod hooks;
pub mod init;
pub mod list;
pub mod logs;
pub mod path;
pub mod ports;
pub mod prune;
pub mod remove;
pub mod restore;
pub mod run;
pub mod shell_init;
pub mod show;
pub mod show_health;
pub mod surroundings;
pub mod sweep;
pub mod switch;
pub mod trust;
pub mod validate;
pub mod watch_health;
pub mod watching;
pub mod wishes;
