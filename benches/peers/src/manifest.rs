//! The manifest, read as fast as serde_json reads it: every text that needs no unescaping is borrowed.

use std::borrow::Cow;
use std::cmp::Reverse;

use serde::Deserialize;

/// Which of the two lists a tracker is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Release,
    Microsprint,
}

#[derive(Debug, Deserialize)]
pub struct Manifest<'a> {
    #[serde(borrow)]
    pub repo: Cow<'a, str>,
    #[serde(borrow)]
    pub updated_at: &'a str,
    #[serde(borrow)]
    pub releases: Vec<Tracker<'a>>,
    #[serde(borrow)]
    pub microsprints: Vec<Tracker<'a>>,
}

/// What a list of releases needs of the manifest; the other list is skipped.
#[derive(Debug, Deserialize)]
pub struct Releases<'a> {
    #[serde(borrow)]
    pub releases: Vec<Tracker<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tracker<'a> {
    pub number: u64,
    #[serde(borrow)]
    pub title: Cow<'a, str>,
    pub state: State,
    #[serde(borrow)]
    pub created_at: Option<&'a str>,
    #[serde(borrow)]
    pub closed_at: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    Open,
    Closed,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Open => "OPEN",
            State::Closed => "CLOSED",
        }
    }
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Release => "release",
            Kind::Microsprint => "microsprint",
        }
    }
}

impl<'a> Manifest<'a> {
    /// # Errors
    /// The text is not a manifest as the generator writes it.
    pub fn parse(text: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// All trackers in the order every peer keeps and prints them: kind, then number descending.
    pub fn rows(&self) -> Vec<(Kind, &Tracker<'a>)> {
        let mut rows = Vec::with_capacity(self.releases.len() + self.microsprints.len());
        rows.extend(self.releases.iter().map(|tracker| (Kind::Release, tracker)));
        rows.extend(self.microsprints.iter().map(|tracker| (Kind::Microsprint, tracker)));
        rows.sort_unstable_by_key(|(kind, tracker)| (*kind, Reverse(tracker.number)));
        rows
    }
}
