//! Trackers in an ordered key-value store.
//!
//! One table. Key `[0]`: the BLAKE3 of the last manifest. Key `[1 + kind] [!number, big-endian]`: a tracker, so that the
//! store's own order is the order of lists. Value: state, two times with a length byte each, then the title. Times are
//! kept as text: they are printed far more often than they are compared.

use std::cmp::Ordering;
use std::path::Path;

use crate::Result;
use crate::manifest::{Kind, Manifest, State, Tracker};
use crate::peer::List;
use crate::tsv::Line;

pub const HASH_KEY: &[u8] = &[0];
pub type Key = [u8; 9];

/// Receives one key and its value.
pub type Visit<'f> = dyn FnMut(&[u8], &[u8]) -> Result<()> + 'f;

/// One write transaction over the table.
pub trait Table {
    /// Hands over every tracker in the order of keys.
    ///
    /// # Errors
    /// The store's or the callback's.
    fn for_each(&self, f: &mut Visit<'_>) -> Result<()>;
    /// # Errors
    /// The store's.
    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()>;
    /// # Errors
    /// The store's.
    fn delete(&mut self, key: &[u8]) -> Result<()>;
}

/// A manifest as read, and its hash.
pub struct Source {
    pub text: String,
    pub hash: blake3::Hash,
}

impl Source {
    /// # Errors
    /// The file cannot be read or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)?;
        let hash = blake3::hash(&bytes);
        Ok(Self { text: String::from_utf8(bytes)?, hash })
    }

    /// Brings the table to the manifest's state, the stored hash included. Commits nothing.
    ///
    /// # Errors
    /// The manifest's or the store's.
    pub fn apply(&self, table: &mut dyn Table, with_diff: bool) -> Result<()> {
        let manifest = Manifest::parse(&self.text)?;
        table.put(HASH_KEY, self.hash.as_bytes())?;
        let rows: Vec<_> =
            manifest.rows().into_iter().map(|(kind, tracker)| (key(kind, tracker.number), tracker)).collect();
        let changes = compare(&rows, table, with_diff)?;
        let mut value = Vec::new();
        for (key, tracker) in changes.put {
            encode(tracker, &mut value);
            table.put(key, &value)?;
        }
        for key in changes.delete {
            table.delete(&key)?;
        }
        Ok(())
    }
}

type Row<'r, 'a> = (Key, &'r Tracker<'a>);

struct Changes<'r, 'a> {
    put: Vec<(&'r Key, &'r Tracker<'a>)>,
    delete: Vec<Vec<u8>>,
}

/// What the table lacks and what it has too much, by one walk over both. Without a diff every tracker is put, and the
/// walk only finds what is gone.
fn compare<'r, 'a>(rows: &'r [Row<'r, 'a>], table: &dyn Table, with_diff: bool) -> Result<Changes<'r, 'a>> {
    let mut changes = Changes { put: Vec::new(), delete: Vec::new() };
    let mut value = Vec::new();
    let mut rest = rows.iter().peekable();
    table.for_each(&mut |stored_key, stored| {
        while let Some((key, tracker)) = rest.next_if(|(key, _)| key.as_slice() < stored_key) {
            changes.put.push((key, tracker));
        }
        match rest.next_if(|(key, _)| key.as_slice().cmp(stored_key) == Ordering::Equal) {
            None => changes.delete.push(stored_key.to_vec()),
            Some((key, tracker)) => {
                if !with_diff || {
                    encode(tracker, &mut value);
                    value != stored
                } {
                    changes.put.push((key, tracker));
                }
            }
        }
        Ok(())
    })?;
    changes.put.extend(rest.map(|(key, tracker)| (key, *tracker)));
    Ok(changes)
}

pub fn key(kind: Kind, number: u64) -> Key {
    let mut key = [0; 9];
    key[0] = 1 + kind as u8;
    key[1..].copy_from_slice(&(!number).to_be_bytes());
    key
}

/// The first byte of the keys of one kind.
pub const fn prefix(kind: Kind) -> [u8; 1] {
    [1 + kind as u8]
}

fn encode(tracker: &Tracker<'_>, out: &mut Vec<u8>) {
    out.clear();
    out.push(u8::from(tracker.state == State::Closed));
    for time in [tracker.created_at, tracker.closed_at] {
        let time = time.unwrap_or_default();
        out.push(time.len() as u8);
        out.extend_from_slice(time.as_bytes());
    }
    out.extend_from_slice(tracker.title.as_bytes());
}

/// Prints one stored tracker if it is wanted. False: no more are.
///
/// # Errors
/// The bytes are no tracker, or standard output fails.
pub fn list_one(key: &[u8], value: &[u8], list: &mut List) -> Result<bool> {
    let (&state, rest) = value.split_first().ok_or("empty value")?;
    let state = if state == 0 { State::Open } else { State::Closed };
    if list.only_open && state == State::Closed {
        return Ok(true);
    }
    let (created_at, rest) = take_time(rest).ok_or("short value")?;
    let (closed_at, title) = take_time(rest).ok_or("short value")?;
    let number = key.get(1..).and_then(|number| number.try_into().ok()).ok_or("short key")?;
    list.push(&Line { number: !u64::from_be_bytes(number), state, title, created_at, closed_at })
}

fn take_time(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&len, rest) = value.split_first()?;
    rest.split_at_checked(len.into())
}
