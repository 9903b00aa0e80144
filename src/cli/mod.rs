//! cli: wiring only.
