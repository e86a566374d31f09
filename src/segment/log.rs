//! The log, opened for reading.

use std::cell::OnceCell;
use std::io;
use std::path::Path;

use crate::format::{Chunk, FormatError, LOG_HEADER_LEN, LogHeader, LogName, Wrong};
use crate::fs::{Bytes, ReadFile, Storage};

/// An opened log. Its header is verified before anything else of it is given out.
pub struct Log {
    file: Box<dyn ReadFile>,
    name: Option<LogName>,
    /// Where readers stop: fixed at opening, so that a writer's appends do not show half-way through an answer.
    len: u64,
    header: OnceCell<LogHeader>,
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is no such file.
    #[error("is missing")]
    Missing,
    /// It verifies, and is another store's or another generation's.
    #[error("is not the log that CURRENT names")]
    Foreign,
    /// It is damaged, or newer.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The system's word.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Log {
    /// Opens the log that `name` names in `dir`, and reads nothing yet.
    ///
    /// # Errors
    /// Missing, or the system's.
    pub fn open(storage: &dyn Storage, dir: &Path, name: LogName) -> Result<Self, LogError> {
        let file = storage.open(&dir.join(name.file_name()))?.ok_or(LogError::Missing)?;
        Ok(Self { len: file.len()?, file, name: Some(name), header: OnceCell::new() })
    }

    /// Takes an opened file of any log.
    ///
    /// # Errors
    /// The system's.
    pub fn of(file: Box<dyn ReadFile>) -> Result<Self, LogError> {
        Ok(Self { len: file.len()?, file, name: None, header: OnceCell::new() })
    }

    /// Returns its header.
    ///
    /// # Errors
    /// Damage, a newer or another log, or the system's.
    pub fn header(&self) -> Result<&LogHeader, LogError> {
        if let Some(header) = self.header.get() {
            return Ok(header);
        }
        let header = LogHeader::decode(&self.file.read_at(0, LOG_HEADER_LEN)?)?;
        if self.name.is_some_and(|name| (name.id, name.generation) != (header.id, header.generation)) {
            return Err(LogError::Foreign);
        }
        Ok(self.header.get_or_init(|| header))
    }

    /// Returns the bytes of the file when it was opened.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether it has no frames.
    pub fn is_empty(&self) -> bool {
        self.len <= LOG_HEADER_LEN
    }

    /// Returns a copy of the bytes from `from` up to `to` or the end.
    ///
    /// # Errors
    /// As [`Self::header`].
    pub fn read(&self, from: u64, to: u64) -> Result<Vec<u8>, LogError> {
        self.header()?;
        Ok(self.file.read_at(from, to.min(self.len).saturating_sub(from))?)
    }

    /// Returns the bytes up to `to`, mapped if they are many: only for what was acknowledged.
    ///
    /// # Errors
    /// As [`Self::header`].
    pub fn bytes(&self, to: u64) -> Result<Bytes, LogError> {
        self.header()?;
        let len = to.min(self.len);
        let bytes = self.file.bytes(len)?;
        bytes.fetch(0..bytes.len())?;
        Ok(bytes)
    }

    /// Returns the bytes of the chunk at `offset`, not yet verified.
    ///
    /// # Errors
    /// A chunk that does not end within the log, or the system's.
    pub fn chunk_bytes(&self, offset: u64) -> Result<Vec<u8>, LogError> {
        let truncated = FormatError::new(offset, Wrong::Truncated("a chunk"));
        // Most chunks are smaller than this, and need one call.
        let mut bytes = self.read(offset, offset + CHUNK_READ_AT_ONCE)?;
        let len = Chunk::len_of(&bytes).filter(|len| *len <= self.len.saturating_sub(offset)).ok_or(truncated)?;
        if len > bytes.len() as u64 {
            bytes = self.read(offset, offset + len)?;
        }
        bytes.truncate(len as usize);
        Ok(bytes)
    }
}

const CHUNK_READ_AT_ONCE: u64 = 8 * 1024;
