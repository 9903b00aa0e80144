//! Another host, in namespaces of its own (network, names, mounts), with Debian's openssh-server and a state folder; ssh comes in
//! by `nsenter`, and never touches the network of this machine.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{Run, Sandbox, skip};

const SERVER: &str = "/usr/sbin/sshd";

pub struct Laptop {
    child: Child,
}

impl Laptop {
    /// Starts it, and has `sandbox`'s user know it as `laptop`; `None` where that cannot be.
    pub fn start(sandbox: &mut Sandbox) -> Option<Self> {
        let is_root = rustix::process::geteuid().is_root();
        if !is_root || !Path::new(SERVER).exists() || Command::new("ip").arg("-V").output().is_err() {
            skip("root, openssh-server, ssh and ip are needed for another host");
            return None;
        }
        let path = |name: &str| sandbox.path(name).display().to_string();
        let key = |name: &str| {
            let made = sandbox
                .program("ssh-keygen", &sandbox.path(""))
                .args(["-q", "-t", "ed25519", "-N", "", "-f", name])
                .status();
            assert!(made.unwrap().success());
        };
        key("host_key");
        key("user_key");
        let variables = [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "laptop/state"),
            ("XDG_RUNTIME_DIR", "run"),
        ];
        let variables: Vec<String> =
            variables.iter().map(|(name, value)| format!("{name}={}", path(value))).collect();
        fs::write(
            sandbox.path("sshd_config"),
            format!(
                "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n\
                 PasswordAuthentication no\nLogLevel ERROR\nSetEnv {} GIT_CONFIG_NOSYSTEM=1\n",
                path("host_key"),
                path("user_key.pub"),
                variables.join(" ")
            ),
        )
        .unwrap();
        let begin = "hostname laptop && ip link set lo up && mount -t tmpfs none /run && mkdir /run/sshd && echo ready && exec cat";
        let mut child = sandbox
            .program("unshare", &sandbox.path(""))
            .args(["-n", "-u", "-m", "sh", "-c", begin])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0; 6];
        if child.stdout.as_mut().unwrap().read_exact(&mut line).is_err() {
            let _ = child.wait();
            skip("unshare, mount and ip are needed for another host");
            return None;
        }
        fs::write(
            sandbox.path("ssh_config"),
            format!(
                "Host laptop\n\tProxyCommand nsenter -t {} -n -u -m {SERVER} -i -f {}\nHost *\n\tUser root\n\
                 \tIdentityFile {}\n\tIdentitiesOnly yes\n\tStrictHostKeyChecking no\n\tUserKnownHostsFile {}\n\
                 \tLogLevel ERROR\n",
                child.id(),
                path("sshd_config"),
                path("user_key"),
                path("known_hosts")
            ),
        )
        .unwrap();
        sandbox.set("WT_TEAM_SSH", format!("ssh -F {}", path("ssh_config")));
        let laptop = Self { child };
        let address = format!("ssh://laptop{}", env!("CARGO_BIN_EXE_wt"));
        sandbox.wt_in(&sandbox.path(""), &["team", "hosts", "add", "laptop", &address]).ok();
        Some(laptop)
    }

    /// `wt` there, as a person at its keyboard types it.
    pub fn wt(&self, sandbox: &Sandbox, folder: &Path, arguments: &[&str]) -> Run {
        let mut command = sandbox.program("nsenter", folder);
        command.args(["-t", &self.child.id().to_string(), "-n", "-u", "-m"]);
        command.arg(env!("CARGO_BIN_EXE_wt")).arg("-C").arg(folder).args(arguments);
        command.env("XDG_STATE_HOME", sandbox.path("laptop/state"));
        Run::new(arguments, &command.output().unwrap())
    }

    /// Serves one connection to `port` there, and says `text`.
    pub fn serve_once(&self, port: u16, text: &'static str) {
        let namespace = fs::File::open(format!("/proc/{}/ns/net", self.child.id())).unwrap();
        let (told, ready) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let network = Some(rustix::thread::LinkNameSpaceType::Network);
            rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&namespace), network).unwrap();
            let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
            told.send(()).unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.write_all(text.as_bytes());
        });
        ready.recv().unwrap();
    }
}

impl Drop for Laptop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
