//! Why ports cannot be had.

use std::io::ErrorKind;

use crate::model::port::Port;
use crate::model::services::protocol::Cause;

/// Why ports cannot be had.
#[derive(Debug)]
pub(super) struct PortsRefusal {
    pub reason: String,
    pub cause: Cause,
}

/// What kind of trouble it is that a port cannot be had.
pub(super) fn cause_of_port(port: Port, error: &std::io::Error) -> Cause {
    match error.kind() {
        ErrorKind::AddrInUse => Cause::PortConflict(port),
        _ => cause(error),
    }
}

/// What kind of trouble it is that something cannot be run, or had.
pub(super) fn cause(error: &std::io::Error) -> Cause {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Cause::NotFound,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Cause::Permission,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Cause::DiskFull,
        _ => Cause::Service,
    }
}
