//! Commit groups one after the other, and what ends them.

use super::Frame;
use crate::format::{Chain, FRAME_MAGIC, FileId, FormatError, FrameHeader, Wrong};

/// What ended a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The bytes end after a whole group.
    End,
    /// The last commit is incomplete and nothing valid follows: a crash. Offset of its first byte in the file.
    Torn(u64),
    /// Bytes that do not verify, with a frame after them that does; or a frame that does not continue the chain.
    Damaged {
        /// What is wrong, and where.
        error: FormatError,
        /// Where the next frame that verifies begins, if one does.
        resumes_at: Option<u64>,
    },
    /// A frame that verifies and that this program does not understand.
    Refused(FormatError),
}

/// Walks the frames in `bytes`, which stand at `offset` of `file` and continue the chain `prev`. Gives the offset after the
/// last group handed to `each`, and what ended the walk.
///
/// # Errors
/// The error of `each`.
pub fn walk<'a, E>(
    bytes: &'a [u8],
    file: FileId,
    offset: u64,
    prev: Chain,
    mut each: impl FnMut(&Frame<'a>) -> Result<(), E>,
) -> Result<(u64, Stop), E> {
    let mut group: Vec<Frame<'a>> = Vec::new();
    let (mut at, mut group_at, mut prev) = (0, 0, prev);
    while at < bytes.len() {
        let here = offset + at as u64;
        let frame = match Frame::decode(&bytes[at..], file, here) {
            Ok(frame) => frame,
            Err(error) if error.is_unverified() => {
                return Ok((offset + group_at as u64, stop_at(bytes, (group_at, at), file, offset, error)));
            }
            Err(error) => return Ok((offset + group_at as u64, Stop::Refused(error))),
        };
        if frame.header.chain != prev {
            let error = FormatError::new(here, Wrong::Value("the hash of the commit before"));
            // What follows continues that frame, and not this log.
            let stop = match stop_at(bytes, (group_at, at), file, offset, error) {
                Stop::Damaged { error, .. } => Stop::Damaged { error, resumes_at: None },
                stop => stop,
            };
            return Ok((offset + group_at as u64, stop));
        }
        if frame.header.continues == group.is_empty() {
            let error = FormatError::new(here, Wrong::Value("a frame's place in its commit"));
            return Ok((offset + group_at as u64, Stop::Refused(error)));
        }
        prev = frame.header.own;
        at = (frame.end() - offset) as usize;
        let goes_on = frame.header.more;
        group.push(frame);
        if !goes_on {
            group.drain(..).try_for_each(|frame| each(&frame))?;
            group_at = at;
        }
    }
    let stop = if group.is_empty() { Stop::End } else { Stop::Torn(offset + group_at as u64) };
    Ok((offset + group_at as u64, stop))
}

/// A torn tail, unless a frame that verifies follows: its header is enough to decide, being bound to file and place. One
/// that continues a commit proves nothing, for the commit's beginning may be what is torn.
fn stop_at(bytes: &[u8], (group_at, at): (usize, usize), file: FileId, offset: u64, error: FormatError) -> Stop {
    // Frames stand at multiples of eight, as the log's header does.
    let next = (at + 8..bytes.len()).step_by(8).find(|&next| {
        let bytes = &bytes[next..];
        let found = bytes.starts_with(&FRAME_MAGIC).then(|| FrameHeader::decode(bytes, file, offset + next as u64));
        found.is_some_and(|found| found.map_or_else(|error| !error.is_unverified(), |header| !header.continues))
    });
    match next {
        Some(next) => Stop::Damaged { error, resumes_at: Some(offset + next as u64) },
        None => Stop::Torn(offset + group_at as u64),
    }
}
