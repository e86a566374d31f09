//! What can go wrong with a store, in words for people.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::format::{FormatError, Wrong};
use crate::segment::LogError;

/// What is damaged; from it follow what the damage costs and what mends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `CURRENT`.
    Current,
    /// All of the store: it is another repository's.
    Foreign,
    /// The log's header, or all of it.
    Log,
    /// A commit of the log.
    Commit,
    /// A last commit that is incomplete and was never acknowledged.
    Tail,
    /// The index as a file.
    Index,
    /// A block of the index.
    Block,
    /// An index that is not what the log folds to.
    Fold,
    /// The marks.
    Marks,
    /// The lock.
    Lock,
}

/// Bytes of a store that are not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}, byte {offset}: {what}", path.display())]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// The kind of structure there.
    pub part: Part,
    /// What is wrong there.
    pub what: String,
}

impl Damage {
    pub(super) fn new(part: Part, path: PathBuf, error: &FormatError) -> Self {
        Self { path, offset: error.offset, part, what: error.wrong.to_string() }
    }

    pub(super) fn missing(part: Part, path: PathBuf) -> Self {
        Self { path, offset: 0, part, what: "is missing, or is not the file that CURRENT names".to_owned() }
    }

    /// Returns the structure's name.
    pub const fn record(&self) -> &'static str {
        match self.part {
            Part::Current | Part::Foreign | Part::Marks | Part::Lock | Part::Index => "the whole file",
            Part::Log => "the log",
            Part::Commit => "a commit",
            Part::Tail => "the last commit",
            Part::Block => "a block",
            Part::Fold => "the index",
        }
    }

    /// Returns what the damage costs.
    pub const fn cost(&self) -> &'static str {
        match self.part {
            Part::Current | Part::Index | Part::Block => "nothing but time",
            Part::Foreign | Part::Log | Part::Commit => "changes that only this file holds",
            Part::Tail => "a commit that was not acknowledged, or whose acknowledgement is lost",
            Part::Fold => "wrong answers",
            Part::Marks => "where `--since last` stopped, and a look at the manifest",
            Part::Lock => "nothing",
        }
    }

    /// Returns what mends it.
    pub const fn cure(&self) -> &'static str {
        match self.part {
            Part::Current | Part::Index | Part::Marks => "the next sync writes it",
            Part::Foreign | Part::Log | Part::Commit | Part::Block | Part::Fold => "run `gh pmu cache repair`",
            Part::Tail => "the next sync that brings a change writes over it",
            Part::Lock => "run `gh pmu cache repair`",
        }
    }

    /// Whether the history itself is damaged, and not only what is made from it.
    pub fn is_of_log(&self) -> bool {
        matches!(self.part, Part::Log | Part::Commit)
    }
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused to read.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// The verb.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// The system refused to record: to make, lock, write, sync, rename or remove. What is known can still be answered.
    #[error("could not {doing} {}: {source}", path.display())]
    Unrecorded {
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
    /// Files were replaced under the reader, again and again.
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

    pub(super) fn unrecorded<'p>(doing: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> StoreError + 'p {
        move |source| StoreError::Unrecorded { doing, path: path.to_owned(), source }
    }

    pub(super) fn format(part: Part, path: PathBuf, error: &FormatError) -> StoreError {
        if error.is_newer() {
            return StoreError::Newer { path, what: error.wrong };
        }
        StoreError::Damaged(Damage::new(part, path, error))
    }

    pub(super) fn log(path: PathBuf, error: LogError) -> StoreError {
        match error {
            LogError::Format(error) => StoreError::format(Part::Log, path, &error),
            LogError::Io(source) => StoreError::Io { doing: "read", path, source },
            LogError::Missing => StoreError::Unstable { path },
            // A generation is never used again, so no race brings another log under the name.
            LogError::Foreign => StoreError::Damaged(Damage::missing(Part::Log, path)),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Current => "CURRENT",
            Part::Foreign => "a foreign store",
            Part::Log => "the log",
            Part::Commit => "a commit",
            Part::Tail => "a torn commit",
            Part::Index | Part::Block | Part::Fold => "the index",
            Part::Marks => "marks",
            Part::Lock => "the lock",
        })
    }
}
