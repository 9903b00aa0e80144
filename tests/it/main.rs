//! The contract, tested from outside: the real binary, real git repositories, sockets and processes.
//! One file per command or idea; each test is named as the promise it holds.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "tests fail loudly, and act on the machine the way a user would"
)]

mod adopt;
mod completions;
mod concurrency;
mod config;
mod create_branch;
mod create_conflict;
mod create_conversion;
mod create_env;
mod create_exec;
mod create_hooks;
mod create_kinds;
mod create_names;
mod create_objects;
mod create_place;
mod create_ports;
mod create_result;
mod create_settings;
mod damaged_objects;
mod doctor;
mod env;
mod env_quoting;
mod health_command;
mod health_databases;
mod health_http;
mod health_states;
mod health_timer;
mod health_watch;
mod hook_post_checkout;
mod hook_post_checkout_broken;
mod hook_pre_push;
mod hooks_chain;
mod hooks_install;
mod hooks_released;
mod hooks_safety;
mod hooks_status;
mod hostile;
mod interrupt;
mod kill;
mod kill_conversion;
mod kill_deep;
mod list;
mod many_records;
mod moved_and_copied;
mod path;
mod ports_allocate;
mod ports_available;
mod ports_check;
mod ports_cleanup;
mod ports_exclude;
mod ports_history;
mod ports_kill;
mod ports_list;
mod ports_overview;
mod ports_resolve;
mod prompts;
mod prune;
mod prune_merged;
mod random_walk;
mod refs;
mod registry;
mod remove;
mod remove_danger;
mod remove_refuses;
mod remove_unseen;
mod restore;
mod restore_vanished;
mod services_callers;
mod services_checks;
mod services_compose;
mod services_config;
mod services_daemons;
mod services_hold;
mod services_init;
mod services_launch;
mod services_logs;
mod services_many;
mod services_moved;
mod services_order;
mod services_output;
mod services_port;
mod services_port_taken;
mod services_removal;
mod services_restart;
mod services_run;
mod services_servers;
mod services_socket;
mod services_stopping;
mod services_strange_files;
mod services_takeover;
mod services_terminal;
mod services_unusual;
mod services_up;
mod services_words;
mod state;
mod support;
mod sweep;
mod terminal_widths;
mod trust;
mod usage;
mod validate;
mod validate_ports;
mod validate_registry;
mod vanished;
