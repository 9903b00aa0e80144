//! What a failure of libgit2 means to us.

use git2::ErrorCode;

use crate::error::{Code, Failure};

/// Answers whether the error only says that there is no such thing.
pub(super) fn is_absent(error: &git2::Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::NotFound | ErrorCode::InvalidSpec | ErrorCode::UnbornBranch | ErrorCode::Peel
    )
}

/// A failure of libgit2, in its own words.
pub(super) fn from_library(error: git2::Error, doing: &str) -> Failure {
    let code = match error.code() {
        git2::ErrorCode::Owner => Code::Permission,
        git2::ErrorCode::Exists => Code::BranchExists,
        // libgit2 tells what the system answered in words alone.
        _ if error.message().contains("No space left on device") => Code::DiskFull,
        _ if error.message().ends_with("Permission denied") => Code::Permission,
        _ => Code::GitFailed,
    };
    Failure::new(code, format!("cannot {doing}: {}", error.message())).caused_by(error)
}
