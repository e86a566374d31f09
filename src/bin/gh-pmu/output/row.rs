//! One row of a list.

use gh_pmu::model::{Repo, Tracker};

/// A tracker and where it belongs.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// Its repository.
    pub repo: &'a Repo,
    /// The tracker.
    pub tracker: Tracker<'a>,
    /// The title is known to have no control, tab, newline or bidirectional characters: it can be copied as it is.
    pub plain: bool,
}
