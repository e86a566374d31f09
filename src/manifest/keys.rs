//! The names of the fields and lists, and the limits of a file.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

use crate::model::Kind;

/// Where a checkout has its manifest if nothing else is configured.
pub const USUAL_PATH: &str = ".github/pmu-cache.json";
/// The longest manifest that is read, in bytes.
pub const MAX_LEN: u64 = 1 << 30;

/// The only version there is so far; a file without one is of it.
pub(super) const THE_VERSION: u64 = 1;

/// The name of a kind's list in the file.
pub(super) const fn list_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Release => "releases",
        Kind::Microsprint => "microsprints",
    }
}

/// A known field: its name as the file spells it, and a bit that all its spellings share.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) bit: u8,
}

/// The bit of a field that is passed over.
pub(super) const UNKNOWN: u8 = 0;
const OTHER: Key = Key { name: "", bit: UNKNOWN };

pub(super) const VERSION: u8 = 1;
pub(super) const UPDATED_AT: u8 = 1 << 1;
pub(super) const REPO: u8 = 1 << 2;
pub(super) const RELEASES: u8 = 1 << 3;
pub(super) const MICROSPRINTS: u8 = 1 << 4;

/// The fields of the manifest itself.
pub(super) fn key_of_document(text: &str) -> Key {
    match text {
        "version" => Key { name: "version", bit: VERSION },
        "updated_at" => Key { name: "updated_at", bit: UPDATED_AT },
        "repo" => Key { name: "repo", bit: REPO },
        "releases" => Key { name: "releases", bit: RELEASES },
        "microsprints" => Key { name: "microsprints", bit: MICROSPRINTS },
        _ => OTHER,
    }
}

pub(super) const NUMBER: u8 = 1;
pub(super) const TITLE: u8 = 1 << 1;
pub(super) const STATE: u8 = 1 << 2;
pub(super) const CREATED_AT: u8 = 1 << 3;
pub(super) const CLOSED_AT: u8 = 1 << 4;

/// The fields of a tracker.
pub(super) fn key_of_tracker(text: &str) -> Key {
    match text {
        "number" => Key { name: "number", bit: NUMBER },
        "title" => Key { name: "title", bit: TITLE },
        "state" => Key { name: "state", bit: STATE },
        "createdAt" => Key { name: "createdAt", bit: CREATED_AT },
        "closedAt" => Key { name: "closedAt", bit: CLOSED_AT },
        "created_at" => Key { name: "created_at", bit: CREATED_AT },
        "closed_at" => Key { name: "closed_at", bit: CLOSED_AT },
        _ => OTHER,
    }
}

/// Reads a key through one of the two tables.
pub(super) struct KeyIn<F>(pub(super) F);

impl<'a, F: Fn(&str) -> Key> DeserializeSeed<'a> for KeyIn<F> {
    type Value = Key;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'a, F: Fn(&str) -> Key> Visitor<'a> for KeyIn<F> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Key, E> {
        Ok((self.0)(text))
    }
}
