//! The manifests of many repositories in one directory: a repository that collects them, one walk of its history for all.

use std::cell::{OnceCell, RefCell};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::checkout::{Hosting, path_key, seen_by, seen_key};
use super::error::SyncError;
use super::line::{Found, Line, Take, found, missing, read_versions};
use super::outcome::Note;
use crate::format::Seen;
use crate::git::{Blob, Blobs, Checkout, CommitId, FileVersion, GitError, Limits, Log, Publisher};
use crate::manifest;
use crate::model::Repo;
use crate::store::View;

/// What a file is called that may be a manifest.
const EXTENSION: &str = "json";

/// The history of a directory of manifests, walked when it is first needed: where no file has changed it is not.
pub struct Collection<'h> {
    root: PathBuf,
    hosting: Hosting<'h>,
    /// `None` outside of git.
    place: Option<Place>,
    past: OnceCell<Result<Option<Past>, Note>>,
    /// What git has now, by the reference that was asked for.
    key: RefCell<Option<(String, Option<[u8; 16]>)>>,
}

/// Where the directory is in git.
struct Place {
    checkout: Checkout,
    /// From the root of the checkout, which is "".
    dir: String,
}

/// The branch that publishes, and what happened to the files.
struct Past {
    publisher: Publisher,
    log: Log,
}

impl Place {
    fn of(root: &Path) -> Option<Self> {
        let checkout = Checkout::of_git(root.ancestors().find(|dir| dir.join(".git").exists())?.to_owned());
        let dir = checkout.path_of(root).unwrap_or_default();
        Some(Self { checkout, dir })
    }

    fn past(&self, hosting: Hosting<'_>, limits: Limits<'_>) -> Result<Option<Past>, GitError> {
        self.checkout.check_owner()?;
        let signed_in = hosting.signed_in();
        let hosts = hosting.hosts(&signed_in);
        let own = self.checkout.repo(&hosts).ok();
        let Some(publisher) = self.checkout.publisher(own.as_ref(), &hosts, Limits::NONE)? else { return Ok(None) };
        let mut log = self.checkout.log_below((&publisher.tip, None), &self.dir, limits)?;
        let mut blobs = None;
        log.follow_moves(|new, old| {
            let [new, old] = [self.repo_in(&mut blobs, new)?, self.repo_in(&mut blobs, old)?];
            Ok::<_, GitError>(new.is_some() && new == old)
        })?;
        Ok(Some(Past { publisher, log }))
    }

    /// The repository that a committed manifest names.
    fn repo_in(&self, running: &mut Option<Blobs>, blob: &str) -> Result<Option<Repo>, GitError> {
        let Blob::Bytes(bytes) = self.checkout.blob(running, blob, manifest::MAX_LEN)? else { return Ok(None) };
        Ok(manifest::parse(&bytes).ok().and_then(|manifest| manifest.repo?.on(Repo::DEFAULT_HOST).ok()))
    }

    /// What to say of versions that are not here; of all files, since whoever fetches fetches for all.
    fn missing(&self, reason: impl ToString) -> Note {
        missing(&self.checkout, if self.dir.is_empty() { "." } else { &self.dir }, reason)
    }
}

impl<'h> Collection<'h> {
    /// The manifests below `dir`, with the history of the checkout around it, if there is one.
    pub fn of(dir: &Path, hosting: Hosting<'h>) -> Self {
        Self { root: dir.to_owned(), hosting, place: Place::of(dir), past: OnceCell::new(), key: RefCell::default() }
    }

    /// The line of one file in it; `None` outside of git.
    ///
    /// # Errors
    /// What to say of a history that git could not give.
    pub(super) fn line<'l>(&'l self, file: &Path, limits: Limits<'l>) -> Result<Option<CollectedLine<'l>>, Note> {
        let Some(place) = &self.place else { return Ok(None) };
        let past = || place.past(self.hosting, limits).map_err(|error| place.missing(error));
        let Some(past) = self.past.get_or_init(past).as_ref().map_err(Clone::clone)? else { return Ok(None) };
        let Some(path) = place.checkout.path_of(file) else { return Ok(None) };
        let (path_key, versions) = (path_key(file), past.log.versions(&path));
        Ok(Some(CollectedLine { place, past, path_key, versions, from: 0, limits }))
    }

    /// The checkout around it, if it is one of git.
    pub(super) fn git(&self) -> Option<&Checkout> {
        self.place.as_ref().map(|place| &place.checkout)
    }

    /// What git has now, as [`Seen::key`] has it; looked up once for all files.
    pub(super) fn seen_key(&self, reference: &str) -> Option<[u8; 16]> {
        let known = self.key.borrow().as_ref().filter(|(of, _)| of == reference).map(|(_, key)| *key);
        known.unwrap_or_else(|| {
            let key = self.git().and_then(|checkout| seen_key(checkout, reference));
            *self.key.borrow_mut() = Some((reference.to_owned(), key));
            key
        })
    }

    /// What to say of versions that git could not give.
    pub(super) fn unread(&self, error: GitError) -> Option<Note> {
        self.place.as_ref().map(|place| place.missing(error))
    }

    /// Every file below the directory that may be a manifest, sorted; and what cannot be looked at. Of hidden directories
    /// only those in which a checkout has its manifest count.
    ///
    /// # Errors
    /// The directory itself cannot be read.
    pub(super) fn files(&self) -> Result<(Vec<PathBuf>, Refused), SyncError> {
        let (mut files, mut refused) = (Vec::new(), Vec::new());
        let mut open = vec![self.root.clone()];
        while let Some(dir) = open.pop() {
            if let Err(source) = look_into(&dir, &mut open, &mut files, &mut refused) {
                let unread = SyncError::Read { path: dir.clone(), source };
                if dir == self.root {
                    return Err(unread);
                }
                refused.push((dir, unread));
            }
        }
        files.sort();
        Ok((files, refused))
    }
}

/// What cannot be looked at.
type Refused = Vec<(PathBuf, SyncError)>;

/// Adds the directories and manifests of one directory, and what has a manifest's name and is no file.
fn look_into(dir: &Path, open: &mut Vec<PathBuf>, files: &mut Vec<PathBuf>, refused: &mut Refused) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let (path, name, kind) = (entry.path(), entry.file_name(), entry.file_type()?);
        let is_hidden = name != ".github" && name.to_string_lossy().starts_with('.');
        let is_manifest = path.extension().is_some_and(|end| end == EXTENSION);
        match kind {
            kind if kind.is_dir() => open.extend((!is_hidden).then_some(path)),
            kind if kind.is_file() => files.extend(is_manifest.then_some(path)),
            _ => refused.extend(is_manifest.then(|| (path.clone(), SyncError::NotAFile { path }))),
        }
    }
    Ok(())
}

/// The line of one of many files.
pub(super) struct CollectedLine<'l> {
    place: &'l Place,
    past: &'l Past,
    /// The file, as marks know it.
    path_key: [u8; 16],
    versions: Vec<&'l FileVersion>,
    /// The first version after the known commit.
    from: usize,
    limits: Limits<'l>,
}

impl CollectedLine<'_> {
    /// How far git is looked through with it.
    pub(super) fn seen(&self, head: Option<&CommitId>) -> Option<Seen> {
        seen_by(head, Some(&self.past.publisher))
    }
}

impl Line for CollectedLine<'_> {
    fn name(&self) -> &str {
        &self.past.publisher.name
    }

    fn tip(&self) -> &[u8] {
        &self.past.publisher.tip
    }

    fn missing(&self) -> Note {
        self.place.missing("git lacks a version of it: `git fsck` tells more")
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

    fn has_left(&self, known: &[u8]) -> Result<bool, SyncError> {
        let left = self.place.checkout.has_left(known, &self.past.publisher.branch_tip, self.limits);
        left.map_err(SyncError::History)
    }

    fn is_copy(&self, known: &[u8], view: &View) -> bool {
        let Some(marks) = view.marks() else { return false };
        let mut elsewhere = marks.signatures.iter().filter(|entry| entry.path_key != self.path_key);
        (marks.tag.is_some() || elsewhere.any(|entry| entry.seen.is_some())) && !self.place.checkout.has(known)
    }

    fn commits(&self) -> Vec<CommitId> {
        self.versions.iter().map(|version| version.commit.clone()).collect()
    }

    fn read(&mut self, all: bool, take: &mut Take<'_>) -> Result<bool, SyncError> {
        let versions = self.versions.get(self.from..).unwrap_or_default();
        read_versions(&self.place.checkout, versions, (all, self.limits), take)
    }
}
