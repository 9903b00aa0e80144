//! What systemd wants to hear of a service that it started (`sd_notify(3)`): that it is ready, that it lives, that it ends.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use super::environment::Environment;

/// Whoever started us and listens.
#[derive(Debug)]
pub struct ServiceManager {
    socket: UnixDatagram,
    /// How often it wants to hear that we live; `None` where it does not.
    beat: Option<Duration>,
}

impl ServiceManager {
    /// Finds it; `None` where nobody listens.
    #[must_use]
    pub fn find(environment: &Environment) -> Option<Self> {
        let address = environment.find("NOTIFY_SOCKET")?.to_str()?;
        let socket = UnixDatagram::unbound().ok()?;
        connect(&socket, address)?;
        // Nobody is waited for.
        socket.set_nonblocking(true).ok()?;
        let number = |name: &str| environment.find(name)?.to_str()?.parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let limit = number("WATCHDOG_USEC").filter(|_| is_ours).map(Duration::from_micros);
        Some(Self { socket, beat: limit.map(|limit| limit / 2) })
    }

    /// Says one thing, such as `READY=1`.
    pub fn tell(&self, word: &str) {
        // Who does not listen any more misses nothing.
        let _ = self.socket.send(word.as_bytes());
    }

    /// Returns how often it is to hear `WATCHDOG=1`.
    #[must_use]
    pub fn beat(&self) -> Option<Duration> {
        self.beat
    }
}

#[cfg(target_os = "linux")]
fn connect(socket: &UnixDatagram, address: &str) -> Option<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    match address.strip_prefix('@') {
        Some(name) => socket.connect_addr(&SocketAddr::from_abstract_name(name).ok()?).ok(),
        None => socket.connect(address).ok(),
    }
}

#[cfg(not(target_os = "linux"))]
fn connect(socket: &UnixDatagram, address: &str) -> Option<()> {
    socket.connect(address).ok()
}
