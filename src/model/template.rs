//! Templates of names, branches, folders and env blocks: an unknown variable is an error, never empty.
