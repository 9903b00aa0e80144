//! A clock that is wrong, for one command or for all.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Sandbox, git};

/// A library for `LD_PRELOAD` that has a program see ten years from now; `None` where none can be made.
pub fn library(sandbox: &Sandbox) -> Option<PathBuf> {
    let library = sandbox.path("ahead.so");
    let source = "#define _GNU_SOURCE\n#include <time.h>\n#include <unistd.h>\n#include <sys/syscall.h>\n\
                  int clock_gettime(clockid_t clock, struct timespec *time) {\n\
                  int failed = syscall(SYS_clock_gettime, clock, time);\n\
                  if (!failed && clock == CLOCK_REALTIME) time->tv_sec += 3653L * 86400;\n\
                  return failed; }\n";
    git::write(&sandbox.path(""), "ahead.c", source);
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(sandbox.path("ahead.c"));
    if !compiler.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return None;
    }
    let year = |command: &mut Command| {
        let output = command.arg("+%Y").output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().parse::<i32>().unwrap_or_default()
    };
    let ahead = year(sandbox.program("date", &sandbox.repo()).env("LD_PRELOAD", &library));
    (ahead >= year(&mut Command::new("date")) + 9).then_some(library)
}
