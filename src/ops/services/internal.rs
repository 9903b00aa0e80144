//! A failure of the system while services are looked after, in words.

use std::fmt::Display;

use crate::error::{Code, Failure};

/// Returns what makes a failure of the system's one, in words.
pub(super) fn internal<E: Into<std::io::Error>>(what: impl Display) -> impl Fn(E) -> Failure {
    move |error| Failure::from_io(error.into(), Code::Internal, &what)
}
