//! The manifests of many repositories in one directory: a repository that collects them, one walk of its history for all.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use super::checkout::Hosting;
use super::error::SyncError;
use super::line::{Found, Line, Take, found, missing, read_versions};
use super::outcome::Note;
use crate::git::{Checkout, CommitId, FileVersion, Limits, Log, Publisher};

/// What a file is called that may be a manifest.
const EXTENSION: &str = "json";
/// Directories deeper than this are not looked into.
const MAX_DEPTH: usize = 8;

/// The history of a directory of manifests, walked when it is first needed: where no file has changed it is not.
pub struct Collection<'h> {
    root: PathBuf,
    hosting: Hosting<'h>,
    past: OnceCell<Option<Past>>,
}

/// The checkout around it, the branch that publishes, and what happened to the files.
struct Past {
    checkout: Checkout,
    publisher: Publisher,
    log: Log,
}

impl<'h> Collection<'h> {
    /// The manifests below `dir`, with the history of the checkout around it, if there is one.
    pub fn of(dir: &Path, hosting: Hosting<'h>) -> Self {
        Self { root: dir.to_owned(), hosting, past: OnceCell::new() }
    }

    fn past(&self, limits: Limits<'_>) -> Option<Past> {
        let root = self.root.ancestors().find(|dir| dir.join(".git").exists())?;
        let checkout = Checkout::of_git(root.to_owned());
        let signed_in = self.hosting.signed_in();
        let hosts = self.hosting.hosts(&signed_in);
        let own = checkout.repo(&hosts).ok();
        checkout.check_owner().ok()?;
        let publisher = checkout.publisher(own.as_ref(), &hosts, Limits::NONE).ok()??;
        let dir = checkout.path_of(&self.root).unwrap_or_default();
        let log = checkout.log_below((&publisher.tip, None), &dir, limits).ok()?;
        Some(Past { checkout, publisher, log })
    }

    /// The line of one file in it.
    pub(super) fn line<'l>(&'l self, file: &Path, limits: Limits<'l>) -> Option<CollectedLine<'l>> {
        let Past { checkout, publisher, log } = self.past.get_or_init(|| self.past(limits)).as_ref()?;
        let path = checkout.path_of(file)?;
        let versions = log.versions(&path);
        Some(CollectedLine { checkout, publisher, path, log, versions, from: 0, limits })
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
    checkout: &'l Checkout,
    publisher: &'l Publisher,
    path: String,
    log: &'l Log,
    versions: Vec<&'l FileVersion>,
    /// The first version after the known commit.
    from: usize,
    limits: Limits<'l>,
}

impl Line for CollectedLine<'_> {
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
        let Some(known) = known else {
            self.from = 0;
            return Ok(found(self.log.beginning));
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
        read_versions(self.checkout, versions, (all, self.limits), take)
    }
}
