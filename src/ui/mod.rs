//! ui: wiring only.
