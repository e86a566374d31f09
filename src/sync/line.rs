//! Where published versions come from: a line of commits, in a clone or on GitHub.

use super::checkout::{Hosting, Located, seen_by};
use super::error::SyncError;
use super::outcome::Note;
use super::versions::Committed;
use crate::format::Seen;
use crate::git::{
    Beginning, Blob, Blobs, Checkout, CommitId, FileVersion, GitError, Limits, Log, Naming, Place, Publisher,
};
use crate::github::{ManifestPlace, RemoteHistory};
use crate::manifest;
use crate::model::Repo;
use crate::store::View;

/// What was found after a known commit, or from the first one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// All versions.
    Whole,
    /// The newest versions: those before them are not here.
    Part,
    /// Nothing: the known commit is newer than the whole line.
    Behind,
    /// The known commit is not on the line.
    Elsewhere,
    /// It takes longer than it may.
    TooLong,
}

/// Gets the versions one by one; false ends the reading.
pub(super) type Take<'t> = dyn FnMut(&Committed<'_>) -> Result<bool, SyncError> + 't;

/// A line of commits that publishes a manifest.
pub(super) trait Line {
    /// How people call it.
    fn name(&self) -> &str;

    /// Its newest commit.
    fn tip(&self) -> &[u8];

    /// Why some of its versions are not here.
    fn missing(&self) -> Note;

    /// Why only a part of it is here.
    fn part(&self) -> Note;

    /// Looks for the versions after `known`, or for all.
    fn look(&mut self, known: Option<&[u8]>) -> Result<Found, SyncError>;

    /// Whether a version that was published is taken back, and not only newer than what is at hand.
    fn has_left(&self, known: &[u8]) -> Result<bool, SyncError>;

    /// Whether `known`, which is not on the line, was published by another git repository than that of the line, so that
    /// the line has nothing to say of it: a collection holds copies of what each repository publishes itself.
    fn is_copy(&self, _known: &[u8], _view: &View) -> bool {
        false
    }

    /// The commits of the versions that were found.
    fn commits(&self) -> Vec<CommitId>;

    /// Reads the versions that were found, oldest first. `false` if some are not here: they are passed over, or end the
    /// reading if `all` are needed.
    fn read(&mut self, all: bool, take: &mut Take<'_>) -> Result<bool, SyncError>;
}

/// The line of a branch in a clone.
pub(super) struct GitLine<'l> {
    checkout: &'l Checkout,
    publisher: Publisher,
    path: String,
    naming: Option<&'l Naming>,
    limits: Limits<'l>,
    log: Option<Log>,
}

impl<'l> GitLine<'l> {
    /// The line of a publisher in the checkout at `located`, where the manifest has this path.
    pub(super) fn of(
        (located, checkout, path): (&'l Located, &'l Checkout, String),
        publisher: Publisher,
        limits: Limits<'l>,
    ) -> Self {
        Self { checkout, publisher, path, naming: located.naming.as_ref(), limits, log: None }
    }

    /// How far git is looked through with it.
    pub(super) fn seen(&self, head: Option<&CommitId>) -> Option<Seen> {
        seen_by(head, Some(&self.publisher))
    }

    /// Whether what is checked out stands for everybody's branch, and some branch still has the commit: whoever looks at
    /// an older commit, or at another branch, has rewritten nothing.
    fn is_kept(&self, known: &[u8]) -> bool {
        self.publisher.reference.is_empty() && self.checkout.is_on_a_branch(known)
    }

    /// The line of `branch` in the checkout at `located`, or of the branch that publishes the manifest of `repo` there.
    ///
    /// # Errors
    /// No git, no such branch, nothing that publishes.
    pub(super) fn found(
        located: &'l Located,
        (repo, branch, hosting): (&Repo, Option<&str>, Hosting<'_>),
        limits: Limits<'l>,
    ) -> Result<Self, SyncError> {
        located.check_owner()?;
        let (checkout, path) = located.in_git()?;
        let git_error = |error| SyncError::Git { path: located.manifest.clone(), error };
        let signed_in = hosting.signed_in();
        let hosts = hosting.hosts(&signed_in);
        let publisher = match branch {
            Some(branch) => Some(checkout.publisher_on(branch, &hosts).map_err(git_error)?),
            None => checkout.publisher(Some(repo), &hosts, limits).map_err(git_error)?,
        };
        let publisher = publisher.ok_or_else(|| git_error(GitError::Unborn))?;
        Ok(Self::of((located, checkout, path), publisher, limits))
    }

    /// What git said, in a partial clone as what is lacking there.
    pub(super) fn lacking(&self, error: SyncError) -> SyncError {
        match error {
            SyncError::History(_) if self.checkout.is_partial() => SyncError::Lacking(self.missing()),
            error => error,
        }
    }

    /// Reads the versions that another file had up to a commit of this line; `false` if some are not here.
    pub(super) fn read_before(&self, commit: &[u8], file: &str, take: &mut Take<'_>) -> Result<bool, SyncError> {
        let place = Place { path: file, usual: file, naming: None };
        let log = self.checkout.log_of((commit, None), place, self.limits).map_err(SyncError::History)?;
        read_versions(self.checkout, &log.versions(&log.path), (false, self.limits), take)
    }
}

impl Line for GitLine<'_> {
    fn name(&self) -> &str {
        &self.publisher.name
    }

    fn tip(&self) -> &[u8] {
        &self.publisher.tip
    }

    fn missing(&self) -> Note {
        missing(self.checkout, &self.path, "git lacks a version of it: `git fsck` tells more")
    }

    fn part(&self) -> Note {
        Note::Shallow
    }

    fn look(&mut self, known: Option<&[u8]>) -> Result<Found, SyncError> {
        let place = Place { path: &self.path, usual: manifest::USUAL_PATH, naming: self.naming };
        let log = match self.checkout.log_of((&self.publisher.tip, known), place, self.limits) {
            Err(GitError::TooLong) => return Ok(Found::TooLong),
            log => log.map_err(SyncError::History)?,
        };
        let found = match found(log.beginning) {
            Found::Elsewhere if known.is_some_and(|known| self.is_kept(known)) => Found::Behind,
            found => found,
        };
        self.log = Some(log);
        Ok(found)
    }

    fn has_left(&self, known: &[u8]) -> Result<bool, SyncError> {
        if self.is_kept(known) {
            return Ok(false);
        }
        let left = self.checkout.has_left(known, &self.publisher.branch_tip, self.limits);
        left.map_err(SyncError::History)
    }

    fn commits(&self) -> Vec<CommitId> {
        let versions = self.log.as_ref().map(|log| log.versions(&log.path)).unwrap_or_default();
        versions.into_iter().map(|version| version.commit.clone()).collect()
    }

    fn read(&mut self, all: bool, take: &mut Take<'_>) -> Result<bool, SyncError> {
        let versions = self.log.as_ref().map(|log| log.versions(&log.path)).unwrap_or_default();
        read_versions(self.checkout, &versions, (all, self.limits), take)
    }
}

/// Whether a line has versions behind the one up to which it was looked through, or no longer has that one.
pub(super) fn has_news(line: &mut dyn Line, view: &View) -> bool {
    let Some(known) = view.freshness().and_then(|fresh| fresh.commit.as_deref()) else { return false };
    match line.look(Some(known)) {
        Ok(Found::Whole) => !line.commits().is_empty() || line.has_left(known).unwrap_or_default(),
        Ok(Found::Behind) => line.has_left(known).unwrap_or_default(),
        Ok(Found::Elsewhere) => true,
        _ => false,
    }
}

/// Why versions are not here: whoever cloned a part fetches the rest; else git is told to be at fault.
pub(super) fn missing(checkout: &Checkout, path: &str, reason: impl ToString) -> Note {
    match checkout.is_partial() {
        true => Note::Partial { path: path.to_owned() },
        false => Note::Unread { reason: reason.to_string() },
    }
}

/// What the beginning of a log says.
pub(super) fn found(beginning: Beginning) -> Found {
    match beginning {
        Beginning::Root | Beginning::Known => Found::Whole,
        Beginning::Shallow => Found::Part,
        Beginning::Behind => Found::Behind,
        Beginning::Elsewhere => Found::Elsewhere,
    }
}

/// Reads versions out of a clone.
pub(super) fn read_versions(
    checkout: &Checkout,
    versions: &[&FileVersion],
    (all, limits): (bool, Limits<'_>),
    take: &mut Take<'_>,
) -> Result<bool, SyncError> {
    if versions.is_empty() {
        return Ok(true);
    }
    let mut blobs = checkout.blobs().map_err(SyncError::History)?;
    let mut wanted = versions.iter().filter_map(|version| version.blob.as_deref());
    let mut ask =
        |blobs: &mut Blobs| wanted.next().map_or(Ok(()), |blob| blobs.request(blob)).map_err(SyncError::History);
    ask(&mut blobs)?;
    let (mut are_here, total) = (true, versions.len() as u64);
    for (done, version) in (0..).zip(versions) {
        (limits.progress)(done, total);
        let mut bytes = None;
        if version.blob.is_some() {
            // Git works on the next while this one is taken.
            ask(&mut blobs)?;
            match blobs.answer(manifest::MAX_LEN).map_err(SyncError::History)? {
                Blob::Bytes(content) => bytes = Some(content),
                Blob::TooLong { .. } => {}
                Blob::Missing if all => return Ok(false),
                Blob::Missing => {
                    are_here = false;
                    continue;
                }
            }
        }
        let committed =
            Committed { commit: &version.commit, committed_at: version.committed_at, bytes: bytes.as_deref() };
        if !take(&committed)? {
            break;
        }
    }
    Ok(are_here)
}

/// The line of a branch as GitHub tells it.
pub(super) struct RemoteLine<'l> {
    name: String,
    history: &'l RemoteHistory,
    tip: CommitId,
    known: Option<CommitId>,
}

impl<'l> RemoteLine<'l> {
    /// Of a history that was asked for after `known`; `None` if its commits have no ids.
    pub(super) fn of(place: &ManifestPlace, history: &'l RemoteHistory, known: Option<CommitId>) -> Option<Self> {
        let name = place.branch.clone().unwrap_or_else(|| "the default branch".to_owned());
        Some(Self { name, history, tip: unhex(&history.tip)?, known })
    }
}

impl Line for RemoteLine<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn tip(&self) -> &[u8] {
        &self.tip
    }

    fn missing(&self) -> Note {
        Note::NotShown
    }

    fn part(&self) -> Note {
        Note::NotShown
    }

    fn look(&mut self, known: Option<&[u8]>) -> Result<Found, SyncError> {
        let is_asked = known == self.known.as_deref();
        Ok(match (is_asked, self.history.is_whole) {
            (true, true) => Found::Whole,
            (true, false) if known.is_none() => Found::Part,
            _ => Found::Elsewhere,
        })
    }

    fn has_left(&self, _known: &[u8]) -> Result<bool, SyncError> {
        Ok(false)
    }

    fn commits(&self) -> Vec<CommitId> {
        self.history.versions.iter().filter_map(|version| unhex(&version.commit)).collect()
    }

    fn read(&mut self, _all: bool, take: &mut Take<'_>) -> Result<bool, SyncError> {
        for version in &self.history.versions {
            let Some(commit) = unhex(&version.commit) else { continue };
            let bytes = version.bytes.as_deref();
            if !take(&Committed { commit: &commit, committed_at: version.committed_at, bytes })? {
                break;
            }
        }
        Ok(true)
    }
}

fn unhex(text: &str) -> Option<CommitId> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| matches!(digits.len(), 40 | 64))?;
    // Casts keep the value: two digits of sixteen.
    Some(digits.chunks_exact(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}
