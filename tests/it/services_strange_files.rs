//! Something else in the place of a file that is kept of services: nothing is waited for, nothing is written through it.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FallocateFlags, FileType, Mode, fallocate, mknodat};

use crate::support::services::{Fleet, is_running, kill};
use crate::support::{Sandbox, wait};

const SILENT: &str = "[service.nul]\nrun = \"sleep 600\"\nlistens = false\n";

fn make_pipe(path: &Path) {
    let _ = fs::remove_file(path);
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

/// Runs `wt` and gives up where it would wait for ever.
fn must_end(fleet: &Fleet<'_>, arguments: &[&str]) -> String {
    let mut command = fleet.sandbox.program("timeout", &fleet.folder);
    command.args(["-k", "1", "20", env!("CARGO_BIN_EXE_wt")]).args(arguments).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "wt {arguments:?}: {:?}\n{said}", output.status);
    said
}

fn end_supervisor(fleet: &Fleet<'_>) {
    let supervisor = fleet.supervisor().unwrap();
    kill(supervisor);
    wait::until("its end", || !is_running(supervisor));
}

#[test]
fn a_pipe_in_the_place_of_a_log_stops_no_takeover_and_no_look() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SILENT);
    fleet.wt(&["up"]).ok();
    let log = sandbox.services_of("feature-one").join("logs/nul.log");
    make_pipe(&log);
    end_supervisor(&fleet);
    let said = must_end(&fleet, &["status"]);
    assert!(said.contains("is not used as the log of nul") && said.contains("took over nul"), "{said}");
    let said = must_end(&fleet, &["logs"]);
    assert!(said.contains("is no file"), "{said}");
    must_end(&fleet, &["logs", "nul", "-n", "3"]);
    must_end(&fleet, &["restart", "nul"]);
    assert!(log.symlink_metadata().unwrap().is_file());
    assert!(log.with_file_name("nul.log.aside-1").exists(), "put aside, not deleted");
    must_end(&fleet, &["down"]);
}

#[test]
fn a_link_in_the_place_of_a_log_keeps_its_target_whole() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SILENT);
    fleet.wt(&["up"]).ok();
    let log = sandbox.services_of("feature-one").join("logs/nul.log");
    let precious = sandbox.path("precious");
    let file = fs::File::create(&precious).unwrap();
    // More than is kept of a log.
    fallocate(&file, FallocateFlags::empty(), 0, 200 << 20).unwrap();
    let blocks = file.metadata().unwrap().blocks();
    fs::remove_file(&log).unwrap();
    symlink(&precious, &log).unwrap();
    end_supervisor(&fleet);
    must_end(&fleet, &["status"]);
    let supervisor = fleet.supervisor().unwrap();
    let begun = Instant::now();
    wait::until("a few rounds of the supervisor", || begun.elapsed() > Duration::from_secs(3));
    assert_eq!((fleet.supervisor(), file.metadata().unwrap().blocks()), (Some(supervisor), blocks));
    must_end(&fleet, &["restart", "nul"]);
    must_end(&fleet, &["down"]);
    assert_eq!(file.metadata().unwrap().blocks(), blocks);
}

#[test]
fn pipes_in_the_place_of_the_record_and_of_the_supervisors_own_log_stop_nothing() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", SILENT);
    fleet.wt(&["up"]).ok();
    fleet.wt(&["down"]).ok();
    let folder = sandbox.services_of("feature-one");
    wait::until("the end of the supervisor", || fleet.supervisor().is_none());
    for name in ["services.json", "supervisor.log"] {
        make_pipe(&folder.join(name));
    }
    must_end(&fleet, &["status"]);
    must_end(&fleet, &["up"]);
    assert_eq!(fleet.state("nul").0, "ready");
    must_end(&fleet, &["down"]);
}
