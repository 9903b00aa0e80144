//! A pseudo-terminal for a service that is watched in the foreground. Whoever has it loses it with us (SIGHUP), so that no
//! service that is to outlive its starter gets one.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// The two ends of a pseudo-terminal (pty(7)).
#[derive(Debug)]
pub struct Terminal {
    /// What the service writes is read here, and what is written here it reads.
    pub outer: OwnedFd,
    inner: OwnedFd,
}

impl Terminal {
    /// Opens one with so many rows and columns; both ends are closed on exec.
    ///
    /// # Errors
    ///
    /// Those of the system, which has a limited number of them.
    pub fn open(rows: u16, columns: u16) -> io::Result<Self> {
        let outer = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&outer)?;
        unlockpt(&outer)?;
        let inner = inner(&outer)?;
        let terminal = Self { outer, inner };
        resize(&terminal.outer, rows, columns)?;
        Ok(terminal)
    }

    /// Returns the end that the service gets. Drop the terminal's own copy with [`Terminal::into_outer`] once it runs: as
    /// long as anybody has it open, reading never comes to an end.
    #[must_use]
    pub fn inner(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }

    /// Keeps our end alone. Reading it fails with `EIO` when the last process on the other end has ended.
    #[must_use]
    pub fn into_outer(self) -> OwnedFd {
        self.outer
    }
}

/// Says how large a terminal is now; the service is told (SIGWINCH).
///
/// # Errors
///
/// Those of the system.
pub fn resize(outer: &OwnedFd, rows: u16, columns: u16) -> io::Result<()> {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(tcsetwinsize(outer, size)?)
}

/// Moves what was written to a terminal into `log`, without the carriage returns that terminals want; false once nobody is at
/// the other end any more. Waits for nothing.
#[must_use]
pub fn move_into(outer: &OwnedFd, log: BorrowedFd<'_>) -> bool {
    let mut buffer = [0; 16 << 10];
    // At most so much at a time: whoever writes without an end must not keep us from the others.
    for _ in 0..64 {
        let mut asked = [PollFd::new(outer, PollFlags::IN)];
        if !matches!(poll(&mut asked, Some(&Timespec::default())), Ok(1)) {
            return true;
        }
        let count = match rustix::io::read(outer, &mut buffer) {
            Ok(0) => return false,
            Ok(count) => count,
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Err(_) => return false,
        };
        let plain: Vec<u8> = buffer[..count].iter().copied().filter(|byte| *byte != b'\r').collect();
        let mut left = &plain[..];
        while !left.is_empty() {
            match rustix::io::write(log, left) {
                Ok(count) => left = &left[count..],
                Err(Errno::INTR) => {}
                // A full disk loses what the service could not have written either.
                Err(_) => break,
            }
        }
    }
    true
}

#[cfg(target_os = "linux")]
fn inner(outer: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    Ok(rustix::pty::ioctl_tiocgptpeer(outer, flags)?)
}

#[cfg(not(target_os = "linux"))]
fn inner(outer: &OwnedFd) -> io::Result<OwnedFd> {
    use rustix::fs::{Mode, OFlags};
    let path = rustix::pty::ptsname(outer, Vec::new())?;
    Ok(rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::fs::File;
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn what_is_written_at_one_end_is_read_at_the_other_until_the_last_one_leaves() {
        let terminal = Terminal::open(40, 100).unwrap();
        assert!(rustix::termios::isatty(terminal.inner()));
        let size = rustix::termios::tcgetwinsize(terminal.inner()).unwrap();
        assert_eq!((size.ws_row, size.ws_col), (40, 100));
        let mut inner = File::from(terminal.inner().try_clone_to_owned().unwrap());
        let mut outer = File::from(terminal.into_outer());
        inner.write_all(b"ready\n").unwrap();
        let mut heard = [0; 7];
        outer.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"ready\r\n");
        drop(inner);
        assert!(outer.read(&mut heard).is_err(), "EIO");
    }
}
