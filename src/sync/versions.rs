//! Which committed versions of a manifest count, and as what: one rule for clones, collections and GitHub's own history,
//! so that every machine that has the same commits has the same events.
//!
//! A version that cannot be read, that is of another repository or older than the one before it is passed over. One
//! that is dated more than a day after its own commit counts as dated by that. Versions under a former name of the
//! repository count if the trackers went on under the next name: a fork begins with what its own name says.

use super::error::Now;
use crate::format::{Source, SyncRecord};
use crate::manifest::{self, Manifest};
use crate::model::{Kind, Repo, Tracker, TrackerNumber, UnixMillis};

/// A version as it was committed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Committed<'v> {
    /// The commit that brought it.
    pub(super) commit: &'v [u8],
    /// When that was made.
    pub(super) committed_at: UnixMillis,
    /// The content; `None` if the commit removed the file.
    pub(super) bytes: Option<&'v [u8]>,
}

/// What a version counts as.
pub(super) enum Verdict<'v> {
    /// The next state.
    Next(SyncRecord, Manifest<'v>),
    /// The first state: all versions before it are another repository's.
    First(SyncRecord, Manifest<'v>),
    /// Nothing.
    Nothing,
}

/// What became of the versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Versions whose state was taken in.
    pub taken: u64,
    /// Versions that cannot be read, or are of another repository.
    pub skipped: u64,
    /// Versions older than one before them.
    pub older: u64,
}

/// Looks at versions one by one, oldest first.
pub(super) struct Judge<'r> {
    repo: &'r Repo,
    now: Now,
    /// The time of the last version that counted.
    last: Option<UnixMillis>,
    /// The repository's name in that version, until it is the one that is asked for.
    former: Option<Repo>,
    /// Whether the repository's own name has been seen.
    is_own: bool,
    /// The trackers of the last version under a former name.
    trackers: Vec<Identity>,
    pub(super) tally: Tally,
    /// The names under which the repository was known before.
    pub(super) former_names: Vec<Repo>,
}

/// What stays when a repository is renamed, and what a fork has not: when the issue was made, or else what it is called.
pub(super) type Identity = (Kind, TrackerNumber, Result<UnixMillis, String>);

impl<'r> Judge<'r> {
    /// Of all versions there are.
    pub(super) fn from_the_first(repo: &'r Repo, now: Now) -> Self {
        let (last, former, former_names) = (None, None, Vec::new());
        Self { repo, now, last, former, is_own: false, trackers: Vec::new(), tally: Tally::default(), former_names }
    }

    /// Of what came after a version of that time.
    pub(super) fn after(repo: &'r Repo, now: Now, last: UnixMillis) -> Self {
        Self { last: Some(last), is_own: true, ..Self::from_the_first(repo, now) }
    }

    /// Under which name alone the versions know the repository, if it is another than the one that is asked for.
    pub(super) fn other_name(&self) -> Option<&Repo> {
        self.former.as_ref().filter(|_| !self.is_own)
    }

    /// Whether it judges all versions there are.
    pub(super) fn is_from_the_first(&self) -> bool {
        self.last.is_none()
    }

    pub(super) fn judge<'v>(&mut self, version: &Committed<'v>) -> Verdict<'v> {
        // A commit that removed the manifest is no version of it.
        let Some(bytes) = version.bytes else { return Verdict::Nothing };
        let Ok(manifest) = manifest::parse(bytes) else { return self.skip() };
        let dated = match manifest.updated_at.is_ahead_of(version.committed_at) {
            true => version.committed_at,
            false => manifest.updated_at,
        };
        // The commit's own time cannot be yet: whatever clock that was, it does not rule.
        if dated.is_ahead_of(self.now.millis()) {
            return self.skip();
        }
        let Some(name) = self.name_of(&manifest) else { return self.skip() };
        let begins = !self.belongs(&name, &manifest.trackers);
        if begins && name != *self.repo {
            return self.skip();
        }
        if !begins && self.last.is_some_and(|last| dated < last) {
            self.tally.older += 1;
            // What the repository is called it says all the same.
            self.hear(name, &manifest.trackers);
            return Verdict::Nothing;
        }
        if begins {
            self.tally.skipped += std::mem::take(&mut self.tally.taken);
            self.former_names.clear();
        }
        let record = SyncRecord {
            manifest: Some(*blake3::hash(bytes).as_bytes()),
            commit: Some(version.commit.to_vec()),
            repo: full_name(&name),
            ..SyncRecord::new(Source::Git, dated, self.now.millis())
        };
        (self.tally.taken, self.last) = (self.tally.taken + 1, Some(dated));
        self.hear(name, &manifest.trackers);
        if begins { Verdict::First(record, manifest) } else { Verdict::Next(record, manifest) }
    }

    /// The name that a version gives its repository; of one without, the name before it. `None` for another repository.
    fn name_of(&self, manifest: &Manifest<'_>) -> Option<Repo> {
        let Some(name) = &manifest.repo else {
            return Some(self.former.as_ref().filter(|_| !self.is_own).unwrap_or(self.repo).clone());
        };
        let name = name.on(self.repo.host()).ok()?;
        // Once the repository has its name, another one in a version is somebody else's.
        (name == *self.repo || !self.is_own).then_some(name)
    }

    /// Whether a version goes on with the one before it, under the same name or another.
    fn belongs(&self, name: &Repo, trackers: &[Tracker<'_>]) -> bool {
        let before = match &self.former {
            Some(former) if !self.is_own => former,
            _ => return true,
        };
        if before == name || self.trackers.is_empty() {
            return true;
        }
        goes_on(&self.trackers, trackers.iter().map(identity).collect())
    }

    /// Remembers under which name the repository goes on.
    fn hear(&mut self, name: Repo, trackers: &[Tracker<'_>]) {
        if name == *self.repo {
            if let Some(former) = self.former.take().filter(|_| !self.is_own) {
                self.remember(former);
            }
            self.is_own = true;
            return;
        }
        if let Some(former) = self.former.replace(name.clone()).filter(|former| *former != name) {
            self.remember(former);
        }
        self.trackers = trackers.iter().map(identity).collect();
    }

    fn remember(&mut self, name: Repo) {
        if !self.former_names.contains(&name) {
            self.former_names.push(name);
        }
    }

    fn skip<'v>(&mut self) -> Verdict<'v> {
        self.tally.skipped += 1;
        Verdict::Nothing
    }
}

pub(super) fn identity(tracker: &Tracker<'_>) -> Identity {
    (tracker.kind, tracker.number, tracker.created_at.ok_or_else(|| tracker.title.to_string()))
}

/// Whether most trackers of one state are in another too, or there is none to tell: then both are of one repository.
pub(super) fn goes_on(before: &[Identity], mut after: Vec<Identity>) -> bool {
    after.sort_unstable();
    let kept = before.iter().filter(|tracker| after.binary_search(tracker).is_ok()).count();
    kept * 2 >= before.len()
}

/// `HOST/OWNER/REPO`.
pub(super) fn full_name(repo: &Repo) -> String {
    format!("{}/{}/{}", repo.host(), repo.owner(), repo.name())
}
