//! How the registry is written down and read back, leniently.
