//! Much output loses no line and blocks nobody, the head of a long log is given back while it is written, and a full disk is
//! said.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Stdio;

use crate::state::Mount;
use crate::support::services::Fleet;
use crate::support::skip::skip;
use crate::support::wait::until;
use crate::support::{Sandbox, services};

/// Writes so many MiB in numbered lines of a hundred bytes, then says so in a file and serves.
const TALKER: &str = "import http.server, os, sys
port, wanted = int(sys.argv[1]), int(sys.argv[2]) << 20
pad = 'x' * 90
number = 0
while number * 100 < wanted:
    text = ''.join('%09d%s\\n' % (n, pad) for n in range(number, number + 10000)).encode()
    number += 10000
    while text:
        try: text = text[os.write(1, text):]
        except OSError as error:
            open('errno', 'w').write(str(error.errno))
            text = b''
open('written', 'w').write(str(number))
http.server.HTTPServer(('', port), http.server.SimpleHTTPRequestHandler).serve_forever()
";

fn config(sandbox: &Sandbox, mebibytes: u32) -> String {
    fs::write(sandbox.path("talker.py"), TALKER).unwrap();
    let script = sandbox.path("talker.py");
    format!(
        "[service.loud]\nrun = \"python3 {} {{{{ port }}}} {mebibytes}\"\n\
         [service.calm]\nrun = \"python3 -m http.server {{{{ port }}}}\"\n",
        script.display()
    )
}

fn log(fleet: &Fleet<'_>) -> PathBuf {
    fleet.sandbox.services_of("feature-one").join("logs/loud.log")
}

/// The numbers of the first and the last line that `wt logs` shows; panics where one in between is missing.
fn shown(fleet: &Fleet<'_>) -> (u64, u64) {
    let mut command = fleet.sandbox.command(&fleet.folder, &["logs", "loud"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap()).split(b'\n');
    let number = |line: &[u8]| {
        assert_eq!(line.len(), 99, "{}", String::from_utf8_lossy(line));
        std::str::from_utf8(&line[..9]).unwrap().parse::<u64>().unwrap()
    };
    let first = number(&lines.next().unwrap().unwrap());
    let mut last = first;
    for line in lines {
        let next = number(&line.unwrap());
        assert_eq!(next, last + 1);
        last = next;
    }
    assert!(child.wait().unwrap().success());
    (first, last)
}

fn written(fleet: &Fleet<'_>) -> u64 {
    fs::read_to_string(fleet.folder.join("written")).unwrap().parse().unwrap()
}

#[test]
fn a_hundred_megabytes_through_one_service_lose_no_line_and_block_nobody() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &config(&sandbox, 100));
    fleet.wt(&["up"]).ok();
    assert_eq!((fleet.state("calm").0.as_str(), fleet.state("loud").0.as_str()), ("ready", "ready"));
    assert_eq!(shown(&fleet), (0, written(&fleet) - 1));
    assert_eq!(log(&fleet).metadata().unwrap().mode() & 0o777, 0o600);
}

#[test]
fn the_head_of_a_long_log_is_given_back_while_it_is_written_and_128_mib_stay() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &config(&sandbox, 180));
    fleet.wt(&["up"]).ok();
    let log = log(&fleet);
    let taken = || log.metadata().unwrap().blocks() * 512;
    if !knows_holes(&sandbox) {
        return skip("this file system knows no holes");
    }
    until("the head is given back", || taken() < 145 << 20);
    let end = written(&fleet) - 1;
    let (first, last) = shown(&fleet);
    assert_eq!(last, end);
    assert!(first > 0 && (last - first + 1) * 100 >= (128 << 20) - 100, "{first} to {last}");
}

fn knows_holes(sandbox: &Sandbox) -> bool {
    use rustix::fs::{FallocateFlags, fallocate};
    let file = fs::File::create(sandbox.path("holes")).unwrap();
    file.set_len(1 << 20).unwrap();
    fallocate(&file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, 4096).is_ok()
}

#[test]
fn a_full_disk_of_logs_blocks_nobody_and_is_the_reason_why_nothing_more_starts() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", &config(&sandbox, 8));
    let folder = log(&fleet).parent().unwrap().to_path_buf();
    let Some(_disk) = Mount::tmpfs(folder, "size=2m,mode=700") else {
        return skip("only root can mount");
    };
    fleet.wt(&["up", "calm"]).ok();
    fleet.wt(&["up"]).ok();
    assert_eq!(fs::read_to_string(fleet.folder.join("errno")).unwrap(), "28", "ENOSPC");
    assert_eq!((fleet.state("calm").0.as_str(), fleet.state("loud").0.as_str()), ("ready", "ready"));
    assert!(fleet.state("loud").1.contains("full: what it writes is lost"), "{:?}", fleet.state("loud"));
    let calm = fleet.pid("calm");
    fleet.wt(&["restart", "loud"]).exits(1).says(&["disk", "full"]);
    let (state, reason) = fleet.state("loud");
    assert!(state == "failed" && reason.contains("full"), "{state}: {reason}");
    assert!(services::is_running(calm) && fleet.state("calm").0 == "ready");
}

#[test]
fn whoever_waits_for_the_end_of_our_output_does_not_wait_for_the_services() {
    let sandbox = Sandbox::new();
    let fleet = sandbox.fleet("one", "[service.web]\nrun = \"python3 -m http.server {{ port }}\"\n");
    // A descriptor that nobody knows of, as test runners and build tools leave them open.
    let script = format!("exec 9>&1; {} up -q", env!("CARGO_BIN_EXE_wt"));
    let mut command = sandbox.program("sh", &fleet.folder);
    let mut child = command.args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let read = std::io::read_to_string(stdout);
        ended.send(read.is_ok())
    });
    assert!(child.wait().unwrap().success());
    assert_eq!(end.recv_timeout(std::time::Duration::from_secs(20)), Ok(true), "the pipe is still open");
    assert_eq!(fleet.state("web").0, "ready");
}
