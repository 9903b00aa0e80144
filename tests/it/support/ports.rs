//! Ports that belong to one test: free when taken, and locked against every other test process of the machine.
//! They lie below the ephemeral range, so that the kernel gives none of them to anybody.

use std::fs::{self, File};
use std::io::Read;
use std::net::TcpListener;

use rustix::fs::{FlockOperation, flock};

const FIRST: u16 = 20_000;
const LAST: u16 = 29_999;
const STEP: u16 = 20;

/// Consecutive ports, held until dropped.
pub struct PortBlock {
    pub first: u16,
    pub count: u16,
    _locks: Vec<File>,
}

impl PortBlock {
    /// Takes at least `count` consecutive free ports.
    pub fn take(count: u16) -> Self {
        let steps = count.div_ceil(STEP);
        let slots = (LAST - FIRST + 1) / STEP - steps;
        let start = random() % slots;
        for offset in 0..slots {
            let first = FIRST + (start + offset) % slots * STEP;
            if let Some(locks) = lock(first, steps)
                && (first..first + steps * STEP).all(is_free)
            {
                return Self { first, count: steps * STEP, _locks: locks };
            }
        }
        panic!("no {count} free ports in {FIRST}-{LAST}");
    }

    pub fn last(&self) -> u16 {
        self.first + self.count - 1
    }
}

fn lock(first: u16, steps: u16) -> Option<Vec<File>> {
    let folder = std::env::temp_dir().join("wt-test-ports");
    fs::create_dir_all(&folder).unwrap();
    (0..steps)
        .map(|step| {
            let name = (first + step * STEP).to_string();
            let file = File::options().create(true).append(true).open(folder.join(name)).ok()?;
            flock(&file, FlockOperation::NonBlockingLockExclusive).ok().map(|()| file)
        })
        .collect()
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("::", port)).is_ok() || TcpListener::bind(("0.0.0.0", port)).is_ok()
}

fn random() -> u16 {
    let mut bytes = [0_u8; 2];
    File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    u16::from_le_bytes(bytes)
}
