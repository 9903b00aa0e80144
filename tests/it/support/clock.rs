//! A clock that is wrong, for one command or for all.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Sandbox, git};

/// A library for `LD_PRELOAD` that has a program see ten years from now; `None` where none can be made.
pub fn library(sandbox: &Sandbox) -> Option<PathBuf> {
    let library = made(sandbox, "1")?;
    let year = |command: &mut Command| {
        let output = command.arg("+%Y").output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().parse::<i32>().unwrap_or_default()
    };
    let ahead = year(sandbox.program("date", &sandbox.repo()).env("LD_PRELOAD", &library));
    (ahead >= year(&mut Command::new("date")) + 9).then_some(library)
}

/// One that does so for as long as `file` is there: the clock jumps ahead with it, and back without.
pub fn jumping(sandbox: &Sandbox, file: &Path) -> Option<PathBuf> {
    made(sandbox, &format!("!syscall(SYS_faccessat, AT_FDCWD, \"{}\", F_OK)", file.display()))
}

fn made(sandbox: &Sandbox, condition: &str) -> Option<PathBuf> {
    let library = sandbox.path("ahead.so");
    let source = format!(
        "#define _GNU_SOURCE\n#include <errno.h>\n#include <fcntl.h>\n#include <time.h>\n#include <unistd.h>\n\
         #include <sys/syscall.h>\n\
         int clock_gettime(clockid_t clock, struct timespec *time) {{\n\
         int failed = syscall(SYS_clock_gettime, clock, time), kept = errno;\n\
         if (!failed && clock == CLOCK_REALTIME && {condition}) time->tv_sec += 3653L * 86400;\n\
         errno = kept; return failed; }}\n"
    );
    git::write(&sandbox.path(""), "ahead.c", &source);
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(sandbox.path("ahead.c"));
    let made = compiler.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    made.then_some(library)
}
