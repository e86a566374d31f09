//! The cold path: what is wrong with bytes that could not be read.

use super::error::{ManifestError, Position};
use super::read::Reader;
use crate::model::{Kind, TrackerNumber};

/// How a pointer of Git LFS begins, by its specification.
const LFS_POINTER: &str = "version https://git-lfs.github.com/spec/v1\n";

/// The bytes as text, without a byte-order mark.
pub(super) fn text(bytes: &[u8]) -> Result<&str, ManifestError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.split_at(error.valid_up_to()).0;
        let position = end_of(std::str::from_utf8(valid).unwrap_or_default());
        // `None`: the bytes end within a character.
        if error.error_len().is_some() { ManifestError::NotUtf8(position) } else { ManifestError::Truncated(position) }
    })
}

/// Why `text` could not be read, from what the reader says of it.
pub(super) fn explain(text: &str, reader: Reader<'_>, error: &serde_json::Error) -> ManifestError {
    if text.starts_with(LFS_POINTER) {
        return ManifestError::LfsPointer;
    }
    if let Some((line, marker)) = conflict(text) {
        return ManifestError::Conflict { line, marker };
    }
    if let Some(fault) = reader.fault {
        // What looks wrong to this version may be right in a newer one.
        return newer(text).unwrap_or_else(|| placed(text, fault, error));
    }
    if text.trim_ascii().is_empty() {
        return ManifestError::Empty;
    }
    if error.is_eof() {
        return ManifestError::Truncated(end_of(text));
    }
    let position = position(text, error.line(), error.column());
    if reader.is_complete {
        return ManifestError::Trailing(position);
    }
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = error.to_string();
    let reason = in_plain_words(reason.strip_suffix(&place).unwrap_or(&reason)).to_owned();
    ManifestError::NotJson { position, reason }
}

/// serde_json's reason, where its words are those of its parser.
fn in_plain_words(reason: &str) -> &str {
    match reason {
        "key must be a string" => "a key must be in quotes",
        "expected ident" => "expected `true`, `false` or `null`",
        "unexpected end of hex escape" | "lone leading surrogate in hex escape" => "half of a character after `\\u`",
        _ if reason.starts_with("control character") => "a text has a line break or a control character in it",
        _ => reason,
    }
}

/// Where the two trackers of one number stand in their list, in the order of the file.
pub(super) fn number_twice(text: &str, kind: Kind, number: TrackerNumber) -> ManifestError {
    let mut reader = Reader::new();
    // It was read without an error once, so this reading cannot fail; positions are all that is at stake.
    let _ = reader.read(text);
    let of_kind = reader.trackers.iter().filter(|tracker| tracker.kind == kind).enumerate();
    let mut positions = of_kind.filter(|(_, tracker)| tracker.number == number).map(|(position, _)| position);
    let first = positions.next().unwrap_or(0);
    ManifestError::NumberTwice { kind, number, first, second: positions.next().unwrap_or(first) }
}

/// The first git conflict marker at the start of a line, and that line. JSON has none: a text cannot hold a line break.
fn conflict(text: &str) -> Option<(usize, &'static str)> {
    text.lines().enumerate().find_map(|(index, line)| {
        let marker = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].into_iter().find(|marker| {
            line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
        })?;
        Some((index + 1, marker))
    })
}

/// Whether the file says that it is of a newer version; anywhere, and nothing else about it is looked at.
fn newer(text: &str) -> Option<ManifestError> {
    let mut reader = Reader::of_version();
    // An error besides the fault is one behind `version`, and the caller has its own to tell.
    let error = reader.read(text).err()?;
    let fault = reader.fault.filter(|fault| matches!(fault, ManifestError::Newer { .. }))?;
    Some(placed(text, fault, &error))
}

/// The fault with the place where reading stopped for it, unless it tells its own.
fn placed(text: &str, fault: ManifestError, error: &serde_json::Error) -> ManifestError {
    if !fault.is_of_top() {
        return fault;
    }
    ManifestError::At(position(text, error.line(), error.column()), Box::new(fault))
}

/// The place behind the last character.
fn end_of(text: &str) -> Position {
    let (before, last) = text.rsplit_once('\n').map_or(("", text), |(before, last)| (before, last));
    let breaks = if last.len() == text.len() { 0 } else { before.bytes().filter(|&c| c == b'\n').count() + 1 };
    Position { line: breaks + 1, column: last.chars().count() + 1 }
}

/// From serde_json's line and column, which counts bytes, 0 for the line break before the line.
fn position(text: &str, line: usize, column: usize) -> Position {
    let text = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let characters = text.char_indices().take_while(|&(at, _)| at < column).count();
    Position { line: line.max(1), column: characters.max(1) }
}
