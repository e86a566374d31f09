//! What can go wrong with a store, in words for people.

use std::io;
use std::path::{Path, PathBuf};

use crate::format::{FormatError, Wrong};
use crate::log::SegmentError;

/// Bytes of a store that are not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}, byte {offset}: {what}", path.display())]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
}

impl Damage {
    pub(super) fn new(path: PathBuf, error: &FormatError) -> Self {
        Self { path, offset: error.offset, what: error.wrong.to_string() }
    }
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// The verb.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// Bytes that do not verify.
    #[error("the cache is damaged: {0}; run `gh pmu cache repair`")]
    Damaged(Damage),
    /// A newer program wrote it.
    #[error("{} was {what}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version, and what to do.
        what: Wrong,
    },
    /// Another process writes.
    #[error("another gh-pmu is writing to {}", path.display())]
    Busy {
        /// The store's directory.
        path: PathBuf,
    },
    /// What was to be appended does not continue the log: nothing was written.
    #[error("the changes do not continue what {} holds: {what}", path.display())]
    Misfit {
        /// The store's directory.
        path: PathBuf,
        /// What does not fit.
        what: Wrong,
    },
    /// An earlier write failed, so what is on the disk is in doubt until the store is opened again.
    #[error("an earlier write to {} failed, so this one was not tried", path.display())]
    Poisoned {
        /// The store's directory.
        path: PathBuf,
    },
    /// A file was retired under the reader. Opening tries again by itself; whoever goes on reading a view opens another.
    #[error("{} kept changing while it was read", path.display())]
    Unstable {
        /// The file that was gone.
        path: PathBuf,
    },
}

impl StoreError {
    pub(super) fn io<'p>(doing: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> StoreError + 'p {
        move |source| StoreError::Io { doing, path: path.to_owned(), source }
    }

    pub(super) fn format(path: PathBuf, error: &FormatError) -> StoreError {
        match error.wrong {
            what @ Wrong::Newer(_) => StoreError::Newer { path, what },
            _ => StoreError::Damaged(Damage::new(path, error)),
        }
    }

    pub(super) fn segment(path: PathBuf, error: SegmentError) -> StoreError {
        match error {
            SegmentError::Format(error) => StoreError::format(path, &error),
            SegmentError::Io(source) => StoreError::Io { doing: "read", path, source },
            SegmentError::Missing | SegmentError::Foreign => StoreError::Unstable { path },
        }
    }
}
