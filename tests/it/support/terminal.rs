//! A pseudo-terminal for the questions that are asked of people only.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::wait;

/// A program on a terminal of its own.
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    pub seen: String,
}

impl Terminal {
    /// Starts `command` with the terminal as its stdin, stdout and stderr.
    pub fn start(command: Command) -> Self {
        Self::sized(command, 24, 100)
    }

    /// The same, with so many rows and columns.
    pub fn sized(mut command: Command, rows: u16, columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = || {
            Stdio::from(
                open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
                    .unwrap(),
            )
        };
        command.env("TERM", "xterm-256color").stdin(slave()).stdout(slave()).stderr(slave());
        let child = command.spawn().unwrap();
        // The command keeps our copies of the terminal open; without this the end would never be seen.
        drop(command);
        let keyboard = File::from(master);
        let mut output = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0_u8; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keyboard, screen, seen: String::new() }
    }

    /// Waits until `text` stands on the screen.
    #[track_caller]
    pub fn expect(&mut self, text: &str) {
        let start = Instant::now();
        while !self.seen.to_lowercase().contains(&text.to_lowercase()) {
            let chunk = self.screen.recv_timeout(Duration::from_millis(200)).unwrap_or_default();
            self.seen += &String::from_utf8_lossy(&chunk);
            let is_late = start.elapsed() > Duration::from_secs(15);
            if is_late {
                let _ = self.child.kill();
                panic!("the screen never showed {text:?}:\n{}", self.seen);
            }
        }
    }

    /// Gives the terminal so many rows and columns.
    pub fn resize(&self, rows: u16, columns: u16) {
        let size = rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        rustix::termios::tcsetwinsize(&self.keyboard, size).unwrap();
    }

    /// How the terminal treats keys and output (termios(3)).
    pub fn modes(&self) -> (rustix::termios::LocalModes, rustix::termios::OutputModes) {
        let modes = rustix::termios::tcgetattr(&self.keyboard).unwrap();
        (modes.local_modes, modes.output_modes)
    }

    /// The program's pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Types `keys`.
    pub fn send(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Ctrl-C, as the terminal would pass it on.
    pub fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    }

    /// Any signal, to the program alone.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end; answers the exit code and everything that was on the screen.
    #[track_caller]
    pub fn finish(mut self) -> (i32, String) {
        let status = wait::end_of(&mut self.child);
        while let Ok(chunk) = self.screen.recv_timeout(Duration::from_secs(5)) {
            self.seen += &String::from_utf8_lossy(&chunk);
        }
        (status.code().unwrap_or(-1), self.seen)
    }
}
