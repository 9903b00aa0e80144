//! Files onto disk, fast and right: a commit's tree becomes a folder and an index.
