//! What every operation is handed: the host, the configuration and the repository we stand in.
