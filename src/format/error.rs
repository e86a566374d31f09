//! What is wrong with some bytes, and where in them.

use super::MAJOR;

/// What is wrong with some bytes, and where in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}: {wrong}")]
pub struct FormatError {
    /// From the start of the file (or of the bytes given, if there is no file).
    pub offset: u64,
    /// What is wrong there.
    pub wrong: Wrong,
}

/// The ways in which bytes can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The bytes end too early.
    #[error("ends in the middle of {0}")]
    Truncated(&'static str),
    /// Not a file or structure of this kind.
    #[error("does not begin as {0} does")]
    Magic(&'static str),
    /// The bytes are not those that were written.
    #[error("the checksum of {0} does not match")]
    Checksum(&'static str),
    /// The checksum is right and the content is not: a foreign or faulty writer.
    #[error("{0} has a value that is not allowed")]
    Value(&'static str),
    /// A newer program wrote it.
    #[error("written in format {0}, and this program reads up to format {MAJOR}: upgrade gh-pmu")]
    Newer(u16),
    /// It verifies, and has something that this version does not know.
    #[error("written by a newer gh-pmu, with {0} that this one does not know: upgrade gh-pmu")]
    Unknown(&'static str),
}

impl FormatError {
    /// An error at `offset`.
    pub const fn new(offset: u64, wrong: Wrong) -> Self {
        Self { offset, wrong }
    }

    /// Whether a newer program wrote it: then it is left alone.
    pub const fn is_newer(&self) -> bool {
        matches!(self.wrong, Wrong::Newer(_) | Wrong::Unknown(_))
    }

    /// Whether the bytes do not verify, so that they may be what a crash left.
    pub const fn is_unverified(&self) -> bool {
        matches!(self.wrong, Wrong::Truncated(_) | Wrong::Magic(_) | Wrong::Checksum(_))
    }
}
