//! Services are announced on the local network by a real Avahi, in a network of the test's own.

use std::fs;
use std::process::{Command, Stdio};

use crate::support::child::Child;
use crate::support::wait::until;
use crate::support::{Run, Sandbox, skip};

/// A network with one wire, a bus and an Avahi; all of it ends with its first process.
const NETWORK: &str = "mount -t tmpfs none /run && mkdir /run/dbus && ip link set lo up &&
    ip link add d0 type veth peer name d1 && ip link set d1 up && ip addr add 10.9.9.1/24 dev d0 && ip link set d0 up &&
    (dbus-daemon --system --nofork --nopidfile &) &&
    while [ ! -S /run/dbus/system_bus_socket ]; do sleep 0.05; done &&
    exec avahi-daemon --no-drop-root --no-chroot --no-rlimits -f \"$0\"";

const AVAHI: &str =
    "[server]\nhost-name=devbox\nuse-ipv6=no\nallow-interfaces=d0\n[publish]\npublish-workstation=no\n";

const SERVICES: &str = "[discovery]\ndns_sd = true\n\
    [service.web]\nrun = \"python3 -m http.server --bind 0.0.0.0 {{ port }}\"\n\
    [service.inner]\nrun = \"python3 -m http.server --bind 127.0.0.1 {{ port }}\"\n";

struct Network {
    sandbox: Sandbox,
    child: Child,
}

impl Network {
    fn new() -> Option<Self> {
        let is_there = |program: &str| {
            Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok()
        };
        let programs = ["avahi-daemon", "avahi-publish", "avahi-browse", "dbus-daemon", "python3", "ip"];
        if !rustix::process::geteuid().is_root() || !programs.into_iter().all(is_there) {
            return None;
        }
        let sandbox = Sandbox::new();
        sandbox.configure(SERVICES);
        let settings = sandbox.path("avahi.conf");
        fs::write(&settings, AVAHI).unwrap();
        let mut holder = sandbox.program("unshare", &sandbox.path(""));
        holder.args(["-n", "-m", "-p", "--fork", "--kill-child", "sh", "-c", NETWORK]).arg(settings);
        let child = Child(holder.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        Some(Self { sandbox, child })
    }

    fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.program("nsenter", &self.sandbox.path(""));
        command.args(["-t", &self.child.0.id().to_string(), "-n", "-m", program]).args(arguments);
        command
    }

    fn wt_command(&self, arguments: &[&str]) -> Command {
        let repository = self.sandbox.repo();
        let words: Vec<&str> =
            ["-C", repository.to_str().unwrap()].into_iter().chain(arguments.iter().copied()).collect();
        let mut command = self.program(env!("CARGO_BIN_EXE_wt"), &words);
        command.env("WT_MONITOR_INTERVAL", "1s");
        command
    }

    fn wt(&self, arguments: &[&str]) {
        Run::new(arguments, &self.wt_command(arguments).output().unwrap()).ok();
    }

    fn monitor(&self) -> Child {
        Child(self.wt_command(&["monitor"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// What is announced, a line each.
    fn announced(&self) -> Vec<String> {
        let output = self.program("avahi-browse", &["-rptk", "_http._tcp"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().filter(|line| line.starts_with('=')).map(str::to_owned).collect()
    }
}

#[test]
#[ignore = "heavy: a network of its own with a real Avahi"]
fn what_is_healthy_and_can_be_reached_is_announced_while_a_monitor_watches() {
    let Some(network) = Network::new() else {
        return skip("root and Debian's packages dbus, avahi-daemon and avahi-utils are needed");
    };
    until("Avahi answers", || {
        network.program("avahi-browse", &["-pt", "_none._tcp"]).output().unwrap().status.success()
    });
    network.wt(&["create", "login", "--ports=web,inner"]);
    network.wt(&["up", "-w", "feature-login", "--wait"]);
    let mut monitor = network.monitor();
    until("the service is announced", || !network.announced().is_empty());
    let announced = network.announced();
    let port = network.sandbox.living()[0]["allocations"][0]["port"].to_string();
    let told =
        ["feature-login\\032web\\032on\\032", "devbox.local;10.9.9.1;", &port, "worktree=feature-login"];
    assert!(told.iter().all(|word| announced[0].contains(word)), "{announced:?}");
    assert_eq!(announced.len(), 1, "what listens on loopback alone is not: {announced:?}");

    network.wt(&["down", "-w", "feature-login", "web"]);
    until("it is taken back", || network.announced().is_empty());
    network.wt(&["up", "-w", "feature-login", "web", "--wait"]);
    until("it is announced again", || !network.announced().is_empty());
    // A monitor that is killed leaves nothing.
    monitor.0.kill().unwrap();
    monitor.0.wait().unwrap();
    until("it is taken back", || network.announced().is_empty());
    network.wt(&["down", "-w", "feature-login"]);
}
