//! The manifests of many repositories in one directory: a repository that collects them, one walk of its history for all.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use super::checkout::Hosting;
use super::error::SyncError;
use super::line::{Found, Line, Take, found, missing, read_versions};
use super::outcome::Note;
use crate::git::{Checkout, CommitId, FileVersion, GitError, Limits, Log, Publisher};

/// What a file is called that may be a manifest.
const EXTENSION: &str = "json";
/// Directories deeper than this are not looked into.
const MAX_DEPTH: usize = 8;

/// The history of a directory of manifests, walked when it is first needed: where no file has changed it is not.
pub struct Collection<'h> {
    root: PathBuf,
    hosting: Hosting<'h>,
    past: OnceCell<Result<Option<Past>, Note>>,
}

/// The checkout around it, the branch that publishes, and what happened to the files.
struct Past {
    checkout: Checkout,
    publisher: Publisher,
    /// The directory, from the root of the checkout.
    dir: String,
    log: Log,
}

impl<'h> Collection<'h> {
    /// The manifests below `dir`, with the history of the checkout around it, if there is one.
    pub fn of(dir: &Path, hosting: Hosting<'h>) -> Self {
        Self { root: dir.to_owned(), hosting, past: OnceCell::new() }
    }

    fn past(&self, limits: Limits<'_>) -> Result<Option<Past>, Note> {
        let Some(checkout) = self.checkout() else { return Ok(None) };
        let dir = self.dir(&checkout);
        match self.log(&checkout, &dir, limits) {
            Ok(found) => Ok(found.map(|(publisher, log)| Past { checkout, publisher, dir, log })),
            Err(error) => Err(missing_below(&checkout, &dir, error)),
        }
    }

    fn log(&self, checkout: &Checkout, dir: &str, limits: Limits<'_>) -> Result<Option<(Publisher, Log)>, GitError> {
        checkout.check_owner()?;
        let signed_in = self.hosting.signed_in();
        let hosts = self.hosting.hosts(&signed_in);
        let own = checkout.repo(&hosts).ok();
        let Some(publisher) = checkout.publisher(own.as_ref(), &hosts, Limits::NONE)? else { return Ok(None) };
        let log = checkout.log_below((&publisher.tip, None), dir, limits)?;
        Ok(Some((publisher, log)))
    }

    fn checkout(&self) -> Option<Checkout> {
        let root = self.root.ancestors().find(|dir| dir.join(".git").exists())?;
        Some(Checkout::of_git(root.to_owned()))
    }

    fn dir(&self, checkout: &Checkout) -> String {
        checkout.path_of(&self.root).unwrap_or_default()
    }

    /// The line of one file in it; `None` outside of git.
    ///
    /// # Errors
    /// What to say of a history that git could not give.
    pub(super) fn line<'l>(&'l self, file: &Path, limits: Limits<'l>) -> Result<Option<CollectedLine<'l>>, Note> {
        let past = self.past.get_or_init(|| self.past(limits)).as_ref().map_err(Clone::clone)?;
        let Some(past) = past else { return Ok(None) };
        let Some(path) = past.checkout.path_of(file) else { return Ok(None) };
        let versions = past.log.versions(&path);
        Ok(Some(CollectedLine { past, versions, from: 0, limits }))
    }

    /// What to say of versions that git could not give.
    pub(super) fn unread(&self, error: GitError) -> Option<Note> {
        let checkout = self.checkout()?;
        Some(missing_below(&checkout, &self.dir(&checkout), error))
    }

    /// Every file below the directory that may be a manifest, sorted.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>, SyncError> {
        let mut files = Vec::new();
        let mut open = vec![(self.root.clone(), 0)];
        while let Some((dir, depth)) = open.pop() {
            let read = |source| SyncError::Read { path: dir.clone(), source };
            for entry in fs::read_dir(&dir).map_err(read)? {
                let entry = entry.map_err(read)?;
                let (path, kind) = (entry.path(), entry.file_type().map_err(read)?);
                let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
                if kind.is_dir() && !is_hidden && depth < MAX_DEPTH {
                    open.push((path, depth + 1));
                } else if kind.is_file() && !is_hidden && path.extension().is_some_and(|end| end == EXTENSION) {
                    files.push(path);
                }
            }
        }
        files.sort();
        Ok(files)
    }
}

/// The line of one of many files.
pub(super) struct CollectedLine<'l> {
    past: &'l Past,
    versions: Vec<&'l FileVersion>,
    /// The first version after the known commit.
    from: usize,
    limits: Limits<'l>,
}

impl Line for CollectedLine<'_> {
    fn name(&self) -> &str {
        &self.past.publisher.name
    }

    fn tip(&self) -> &[u8] {
        &self.past.publisher.tip
    }

    fn missing(&self) -> Note {
        missing_below(&self.past.checkout, &self.past.dir, "git lacks a version of it: `git fsck` tells more")
    }

    fn part(&self) -> Note {
        Note::Shallow
    }

    fn look(&mut self, known: Option<&[u8]>) -> Result<Found, SyncError> {
        let Some(known) = known else {
            self.from = 0;
            return Ok(found(self.past.log.beginning));
        };
        let after = self.versions.iter().position(|version| version.commit == known);
        self.from = after.map_or(0, |at| at + 1);
        Ok(if after.is_some() { Found::Whole } else { Found::Elsewhere })
    }

    fn commits(&self) -> Vec<CommitId> {
        self.versions.iter().map(|version| version.commit.clone()).collect()
    }

    fn read(&mut self, all: bool, take: &mut Take<'_>) -> Result<bool, SyncError> {
        let versions = self.versions.get(self.from..).unwrap_or_default();
        read_versions(&self.past.checkout, versions, (all, self.limits), take)
    }
}

/// [`missing`] for all files below a directory: whoever fetches fetches for all.
fn missing_below(checkout: &Checkout, dir: &str, reason: impl ToString) -> Note {
    missing(checkout, if dir.is_empty() { "." } else { dir }, reason)
}
