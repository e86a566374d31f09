//! What a sync came to.

use std::fmt;

use crate::format::Fork;
use crate::git::shell_word;
use crate::model::{Repo, Seq, UnixMillis};
use crate::store::{Damage, StoreError, View};

/// What a sync came to.
#[derive(Debug)]
pub enum Outcome {
    /// The manifest is the one that was last looked at.
    Unchanged,
    /// Its trackers are those cached; only its time moved on.
    Fresher,
    /// What the source says is older than what is cached, and changed nothing.
    Older {
        /// The manifest's time, or the answer's.
        manifest: UnixMillis,
        /// The cache's.
        cached: UnixMillis,
    },
    /// Its changes were appended.
    Changed {
        /// The first event.
        first_seq: Seq,
        /// The last event.
        last_seq: Seq,
        /// How many events of each word there are, in the words' order of first appearance.
        counts: Vec<(&'static str, u64)>,
        /// Of when the manifest at hand is, if git has newer versions, and it was set aside.
        set_aside: Option<UnixMillis>,
        /// Why the compaction that was due did not happen.
        compaction_failed: Option<StoreError>,
    },
}

/// A sync, and the state after it.
pub struct Synced {
    /// Whose manifest it is.
    pub repo: Repo,
    /// The state after it.
    pub view: View,
    /// What it came to.
    pub outcome: Outcome,
    /// Why nothing was recorded: the view is then what the source says, and nowhere else.
    pub unrecorded: Option<StoreError>,
    /// Damage that was found and mended on the way.
    pub mended: Vec<Damage>,
    /// What of the past is not here, and how it comes here.
    pub notes: Vec<Note>,
    /// Names that the repository had before, if its history was taken in now.
    pub(super) formerly: Vec<Repo>,
}

impl Synced {
    /// Nothing had to be done; what is known of the past is said again to whoever asks about it.
    pub(super) fn unchanged_since(repo: &Repo, view: View, is_asked: bool) -> Self {
        let notes = rewritten(&view).into_iter().filter(|_| is_asked).collect();
        Self { notes, ..Self::unchanged(repo, view) }
    }

    /// Nothing had to be done.
    pub(super) fn unchanged(repo: &Repo, view: View) -> Self {
        Self {
            repo: view.as_first_written(repo),
            view,
            outcome: Outcome::Unchanged,
            unrecorded: None,
            mended: Vec::new(),
            notes: Vec::new(),
            formerly: Vec::new(),
        }
    }
}

/// Why history is not that of everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The clone has only the newest commits.
    Shallow,
    /// The clone has left files on the server.
    Partial {
        /// The manifest's path.
        path: String,
    },
    /// Git cannot give it.
    Unread {
        /// Git's word.
        reason: String,
    },
    /// GitHub does not show that its versions follow each other.
    NotShown,
    /// The branch has another past than it had, or what is cached was repaired without it.
    Rewritten(Fork),
}

/// That the history was rewritten, if it was found to be and has not been taken anew since.
pub fn rewritten(view: &View) -> Option<Note> {
    view.marks().and_then(|marks| marks.fork.clone()).map(Note::Rewritten)
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Shallow => f.write_str(
                "this is a shallow clone, so the history of the manifest begins in the middle: run `git fetch \
                 --unshallow`, then `gh pmu cache rebuild`",
            ),
            Note::Partial { path } => write!(
                f,
                "this is a partial clone, which lacks versions of the manifest: run `git log -p -m --first-parent -- \
                 {}` once, which fetches them, then `gh pmu cache rebuild`, or of a collection the same sync again",
                shell_word(path)
            ),
            Note::Unread { reason } => write!(
                f,
                "the history of the manifest could not be read ({reason}), so what is cached begins with the present: \
                 once git can, run `gh pmu cache rebuild`, or of a collection the same sync again"
            ),
            Note::NotShown => f.write_str(
                "GitHub does not show how the versions of the manifest follow each other, so their numbers are not for \
                 good: a clone has them",
            ),
            Note::Rewritten(Fork { seq, branch }) if branch.is_empty() => write!(
                f,
                "history from event @{seq} on was mended without git, and may not be what others have under these numbers: \
                 `gh pmu cache rebuild` in a whole clone takes theirs"
            ),
            Note::Rewritten(Fork { seq, branch }) => write!(
                f,
                "the history of {branch} was rewritten, or merged the other way round: from event @{seq} on it differs from \
                 what is cached, of which nothing was taken back; `gh pmu cache rebuild --yes` in a checkout takes the new \
                 history; where there is none, `gh pmu cache clear -R OWNER/REPO` and another sync"
            ),
        }
    }
}
