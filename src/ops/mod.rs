//! ops: wiring only.
