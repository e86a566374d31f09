//! One sync from a manifest in a working tree: signature, hash, parse, diff, append; the cheapest that tells.

use std::time::Duration;

use super::checkout::{Hosting, Located, seen_by, seen_key};
use super::collection::Collection;
use super::error::{Now, SyncError};
use super::line::{GitLine, Line, has_news, missing};
use super::outcome::{Note, Synced};
use super::renamed::{current_name, remember};
use super::take::{History, Reading, Way, at_hand, take, take_versions};
use super::versions::{goes_on, identity};
use crate::format::{Seen, Signature, SignatureMark, Source, SyncRecord};
use crate::fs::{Buffer, Storage};
use crate::git::{Blob, Checkout, CommitId, GitError, Limits};
use crate::manifest::{self, Manifest, ManifestError, RepoName};
use crate::model::Repo;
use crate::store::{Store, StoreError, View};

/// Two stamps of one clock can be equal within its grain: Linux's coarse clock ticks at most every 10 ms. A file whose
/// stamps have no fraction is on a file system of whole (FAT: even) seconds. Compare git's racy-git.adoc.
const GRAIN_NANOS: i64 = 20_000_000;
const COARSE_GRAIN_NANOS: i64 = 2_000_000_000;
/// From this many bytes, hashing and parsing side by side are faster than one after the other.
const PARALLEL_FROM: usize = 256 * 1024;
const HASHED_AT_ONCE: usize = 128 * 1024;
const READ_ATTEMPTS: usize = 3;

/// How to sync.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Apply a manifest that is older than the cache.
    pub force: bool,
    /// How long to wait for another writer.
    pub patience: Duration,
    /// Only if the manifest is of this repository.
    pub only: Option<&'a Repo>,
    /// Tell `Outcome::Older` every time, although the manifest then has to be read again. Without it a manifest that
    /// was looked at before is `Outcome::Unchanged`.
    pub explain: bool,
    /// Called once the signature does not tell, and work begins.
    pub on_work: &'a dyn Fn(),
    /// How much of git's history is wanted.
    pub history: History,
    /// How long git's history may take, and who watches it.
    pub limits: Limits<'a>,
    /// The collection that the manifest is of: it must name its repository itself.
    pub collection: Option<&'a Collection<'a>>,
}

impl Options<'_> {
    /// A sync that nobody asked for by name: nothing is forced or explained.
    pub const fn new(history: History, patience: Duration) -> Self {
        let (on_work, limits) = (&|| (), Limits::NONE);
        Self { force: false, patience, only: None, explain: false, on_work, history, limits, collection: None }
    }

    pub(super) fn way(&self, now: Now) -> Way {
        Way { force: self.force, patience: self.patience, history: self.history, now }
    }

    /// Whether git has to be asked although the manifest is the one that was looked at before: another commit is checked
    /// out, and there may be other versions between; or the history lacks something else.
    fn is_to_look(&self, located: &Located, (view, entry): (&View, &SignatureMark), is_touched: bool) -> bool {
        let is_asked = self.explain || self.history == History::Needed;
        // A list does not look again for what it had no time for.
        let is_seen = || match &entry.seen {
            Some(seen) => self.seen_key(located, &seen.reference) == Some(seen.key),
            None => !is_asked || self.git(located).is_none_or(|checkout| checkout.head().is_none()),
        };
        (self.history != History::None && !is_seen()) || self.lacks_history(located, view, is_touched)
    }

    /// The checkout where the manifest is, if it is one of git.
    fn git<'l>(&'l self, located: &'l Located) -> Option<&'l Checkout> {
        self.collection.map_or_else(|| located.git(), Collection::git)
    }

    /// What git has there now, as [`Seen::key`] has it.
    fn seen_key(&self, located: &Located, reference: &str) -> Option<[u8; 16]> {
        match self.collection {
            Some(collection) => collection.seen_key(reference),
            None => located.git().and_then(|checkout| seen_key(checkout, reference)),
        }
    }

    /// Whether the past is wanted and was not looked at; or what is cached was observed, and may have been published
    /// meanwhile.
    fn lacks_history(&self, located: &Located, view: &View, is_touched: bool) -> bool {
        let is_asked = is_touched || self.explain || self.history == History::Needed;
        let is_observed = is_asked && self.history != History::None && view.observed_count() > 0;
        if is_observed && view.has_published() {
            return true;
        }
        let was_looked_at = view.has_published() || view.freshness().is_some_and(|fresh| fresh.commit.is_some());
        // Before the first commit there is no past to look for.
        let has_commits = || self.git(located).is_some_and(|checkout| checkout.head().is_some());
        (is_observed || (self.history == History::Needed && !was_looked_at)) && has_commits()
    }
}

/// Syncs from the manifest at `located`.
///
/// # Errors
/// See [`SyncError`]; the cached state is then as it was.
pub fn sync(
    storage: &dyn Storage,
    cache: &std::path::Path,
    located: &Located,
    hosting: Hosting<'_>,
    options: Options<'_>,
    now: Now,
) -> Result<Synced, SyncError> {
    let path = &located.manifest;
    located.check_owner()?;
    let read_error = |source| SyncError::Read { path: path.clone(), source };
    let run = |head, recorded, source| Run { storage, cache, located, hosting, options, now, recorded, head, source };
    let Some(signature) = storage.signature(path).map_err(read_error)? else {
        if path.symlink_metadata().is_ok() {
            return Err(SyncError::NotAFile { path: path.clone() });
        }
        if options.only.is_some() && options.only != located.known.as_ref() {
            // Somebody else was asked for: this checkout need not be looked through for a manifest.
            return Err(SyncError::NoManifest { path: path.clone() });
        }
        return run(options.git(located).and_then(Checkout::head), None, Source::Git).without_file();
    };
    let mut known = None;
    if let Some(repo) = &located.known {
        let store = Store::of(storage, cache, repo);
        // The manifest may name another repository by now: what is wrong with this store matters to its own.
        if let Ok(Some(view)) = store.view() {
            let last = view.freshness().and_then(|fresh| fresh.manifest);
            let entry = entry_of(&view, located).filter(|entry| !options.explain || Some(entry.manifest) == last);
            // Damage sends even an unchanged manifest to the writer, which mends what it can.
            let clean = entry.as_ref().filter(|entry| view.damage().is_empty() && is_clean(entry, &signature));
            if let Some(entry) = clean
                && !options.force
                && !options.is_to_look(located, (&view, entry), false)
            {
                check_repo(options, located, repo)?;
                if options.explain {
                    store.record_checked(&view, None, now.millis());
                }
                return Ok(Synced::unchanged_since(repo, view, options.history == History::Needed));
            }
            known = Some(Known { store, view, entry });
        }
    }
    (options.on_work)();
    if let Some(Known { store, view, entry: Some(entry) }) = &known
        && let Some(repo) = &located.known
        && !options.force
        && view.damage().is_empty()
        && !options.is_to_look(located, (view, entry), true)
        && entry.signature.len == signature.len
        && hash_in_pieces(storage, path, signature)? == Some(entry.manifest)
    {
        // The same bytes under another signature.
        check_repo(options, located, repo)?;
        let entry = SignatureMark { signature, recorded: now.nanos, ..entry.clone() };
        store.record_checked(view, Some(entry), now.millis());
        // OK because the condition above has looked into it.
        let view = known.map(|known| known.view).expect("a store that is known");
        return Ok(Synced::unchanged_since(repo, view, options.history == History::Needed));
    }
    // Before the manifest: what is checked out meanwhile is then looked at again.
    let head = options.git(located).and_then(Checkout::head);
    let file = read_manifest(storage, located, signature)?;
    let recorded = file.signature.map(|signature| (signature, now.nanos));
    run(head, recorded, Source::Manifest).apply(&file.bytes)
}

/// The store that the hint names, as it stood before.
struct Known<'s> {
    store: Store<'s>,
    view: View,
    entry: Option<SignatureMark>,
}

struct ManifestBytes {
    bytes: Buffer,
    /// The signature that surely belongs to these bytes, if there is one.
    signature: Option<Signature>,
}

struct Run<'a> {
    storage: &'a dyn Storage,
    cache: &'a std::path::Path,
    located: &'a Located,
    hosting: Hosting<'a>,
    options: Options<'a>,
    now: Now,
    recorded: Option<(Signature, i64)>,
    /// What is checked out.
    head: Option<CommitId>,
    source: Source,
}

/// The repository of the manifest at `located`, if that is certainly the file that was read last: nothing of it is read.
pub fn unchanged(storage: &dyn Storage, cache: &std::path::Path, located: &Located) -> Option<Repo> {
    let repo = located.known.as_ref()?;
    let view = Store::of(storage, cache, repo).view().ok()??;
    unchanged_entry(storage, located, &view).map(|_| repo.clone())
}

/// Whether the manifest at `located`, when it was looked at last, was set aside for a newer one.
pub fn is_set_aside(located: &Located, view: &View) -> bool {
    // An answer of GitHub's has no hash: what is older than it was taken in before, for all that is known.
    let last = view.freshness().and_then(|fresh| fresh.manifest);
    last.is_some_and(|last| entry_of(view, located).is_some_and(|entry| entry.manifest != last))
}

/// Whether the store was ever synced from the manifest at `located`, for all that is known.
pub fn was_read(located: &Located, view: &View) -> bool {
    entry_of(view, located).is_some()
}

/// What was noted of the file at `located`, if that is certainly the same by now.
pub(super) fn unchanged_entry(storage: &dyn Storage, located: &Located, view: &View) -> Option<SignatureMark> {
    let signature = storage.signature(&located.manifest).ok()??;
    entry_of(view, located).filter(|entry| is_clean(entry, &signature))
}

pub(super) fn entry_of(view: &View, located: &Located) -> Option<SignatureMark> {
    let entries = view.marks().map_or(&[][..], |marks| &marks.signatures);
    entries.iter().find(|entry| entry.path_key == located.path_key).cloned()
}

/// Equal signatures tell equal content, unless the file could have changed again within the clock's grain.
fn is_clean(entry: &SignatureMark, signature: &Signature) -> bool {
    let fraction = entry.signature.changed % 1_000_000_000;
    let grain = if fraction == 0 { COARSE_GRAIN_NANOS } else { GRAIN_NANOS };
    entry.signature == *signature && entry.signature.changed.saturating_add(grain) < entry.recorded
}

pub(super) fn check_repo(options: Options<'_>, located: &Located, found: &Repo) -> Result<(), SyncError> {
    match options.only {
        Some(asked) if asked != found => Err(SyncError::OtherRepo {
            path: located.manifest.clone(),
            found: Box::new(found.clone()),
            asked: Box::new(asked.clone()),
        }),
        _ => Ok(()),
    }
}

/// Reads a manifest that git may be replacing at this moment.
fn read_manifest(storage: &dyn Storage, located: &Located, mut before: Signature) -> Result<ManifestBytes, SyncError> {
    let path = &located.manifest;
    let read_error = |source| SyncError::Read { path: path.clone(), source };
    for _attempt in 0..READ_ATTEMPTS {
        if before.len > manifest::MAX_LEN {
            let error = ManifestError::TooLong { len: before.len };
            return Err(SyncError::Refused { path: path.clone(), error });
        }
        let Some(file) = storage.open(path).map_err(read_error)? else {
            return Err(SyncError::NoManifest { path: path.clone() });
        };
        let mut bytes = Buffer::zeroed(before.len as usize);
        let filled = file.read_into(0, &mut bytes).map_err(read_error)?;
        let Some(after) = storage.signature(path).map_err(read_error)? else {
            return Err(SyncError::NoManifest { path: path.clone() });
        };
        if after == before && filled == bytes.len() {
            return Ok(ManifestBytes { bytes, signature: Some(after) });
        }
        before = after;
    }
    Err(SyncError::Changing { path: path.clone() })
}

impl Run<'_> {
    fn apply(&self, bytes: &[u8]) -> Result<Synced, SyncError> {
        let (manifest, hash) = parse_and_hash(bytes);
        let path = &self.located.manifest;
        let told = manifest.as_ref().ok().and_then(|manifest| manifest.repo.clone());
        let manifest = match in_time(manifest, path, self.now, self.options.force) {
            Ok(manifest) => manifest,
            Err(refused) => return self.versions_before(told.as_ref(), Some(hash), refused),
        };
        if self.options.collection.is_some() && manifest.repo.is_none() {
            return Err(SyncError::NoName { path: path.clone() });
        }
        let named = self.located.repo(manifest.repo.as_ref(), self.hosting)?;
        let repo = self.present_name(named, &manifest);
        check_repo(self.options, self.located, &repo)?;
        let synced = self.write(&repo, &manifest, hash)?;
        remember(self.storage, self.cache, &synced)?;
        self.located.remember(self.storage, &synced.repo);
        Ok(synced)
    }

    fn write(&self, repo: &Repo, manifest: &Manifest<'_>, hash: [u8; 32]) -> Result<Synced, SyncError> {
        let store = Store::of(self.storage, self.cache, repo);
        let (mut own, mut collected, mut unread, mut is_read) = (None, None, None, true);
        match self.options.collection {
            Some(collection) => match collection.line(&self.located.manifest, self.options.limits) {
                Ok(line) => collected = line,
                Err(note) => unread = Some(note),
            },
            None => match self.line(repo) {
                Ok(line) => own = line,
                Err(error) => (unread, is_read) = (self.unread(error), false),
            },
        }
        let seen = match (&own, &collected) {
            _ if !is_read || unread.is_some() => None,
            (Some(line), _) => line.seen(self.head.as_ref()),
            (_, Some(line)) => line.seen(self.head.as_ref()),
            (None, None) => seen_by(self.head.as_ref(), None),
        };
        let own = own.as_mut().map(|line| line as &mut dyn Line);
        let line = own.or(collected.as_mut().map(|line| line as &mut dyn Line));
        let reading = |line, seen: Option<Seen>| Reading {
            repo,
            record: SyncRecord {
                manifest: Some(hash),
                ..SyncRecord::new(self.source, manifest.updated_at, self.now.millis())
            },
            trackers: &manifest.trackers,
            file: self.recorded.map(|(signature, recorded)| self.signature_mark((signature, recorded, hash), seen)),
            line,
        };
        let way = self.options.way(self.now);
        let with_line = take(&store, reading(line, seen.clone()), way);
        let synced = match with_line {
            // Without git's history the manifest is all there is; it can still be taken.
            Err(SyncError::History(error)) => {
                unread = self.unread(error);
                take(&store, reading(None, None), way)
            }
            synced => synced,
        };
        match synced {
            Ok(synced) => Ok(Synced { notes: [synced.notes, self.told(unread)].concat(), ..synced }),
            Err(SyncError::Store(error)) if !self.options.explain && is_answerable(&error) => {
                // What was published may be missing although the manifest is the same.
                let has_news =
                    |view: &View| self.line(repo).ok().flatten().is_some_and(|mut line| has_news(&mut line, view));
                let lacks = |view: &View| {
                    self.options.lacks_history(self.located, view, false)
                        || (self.options.history != History::None && has_news(view))
                };
                Ok(at_hand(&store, &reading(None, seen), error, lacks))
            }
            synced => synced,
        }
    }

    /// What git has is taken all the same where the manifest cannot be, or is not there; that is all there is to say if
    /// the newest version is this manifest: in git it is dated by its commit.
    fn versions_before(
        &self,
        told: Option<&RepoName>,
        hash: Option<[u8; 32]>,
        refused: SyncError,
    ) -> Result<Synced, SyncError> {
        let Options { explain, history, collection, .. } = self.options;
        let repo = match told {
            Some(told) => self.located.repo(Some(told), self.hosting).ok(),
            None => self.located.known.clone().or_else(|| self.located.remote_repo(self.hosting).ok()),
        };
        let Some(repo) = repo.filter(|_| collection.is_none() && history != History::None) else { return Err(refused) };
        check_repo(self.options, self.located, &repo)?;
        let store = Store::of(self.storage, self.cache, &repo);
        // A list does not look again and again; and what never published here need not be looked for.
        let is_due = match store.view().ok().flatten() {
            _ if explain || told.is_some() => true,
            Some(view) if hash.is_some() => history == History::Needed || self.is_moved(&view),
            Some(view) => view.has_published() && self.is_moved(&view),
            None => hash.is_some(),
        };
        let Some(mut line) = is_due.then(|| self.line(&repo).ok().flatten()).flatten() else { return Err(refused) };
        let seen = line.seen(self.head.as_ref());
        let Ok(Some(synced)) = take_versions(&store, &repo, &mut line, self.options.way(self.now)) else {
            return Err(refused);
        };
        remember(self.storage, self.cache, &synced)?;
        self.located.remember(self.storage, &synced.repo);
        let mark = |signature, recorded, hash| self.signature_mark((signature, recorded, hash), seen.clone());
        match (hash, self.recorded) {
            (Some(hash), recorded) if synced.view.freshness().is_some_and(|fresh| fresh.manifest == Some(hash)) => {
                let file = recorded.map(|(signature, recorded)| mark(signature, recorded, hash));
                store.record_checked(&synced.view, file, self.now.millis());
                Ok(synced)
            }
            _ => {
                // Of no file's content: git was looked through.
                store.record_seen(&synced.view, mark(Signature::default(), self.now.nanos, [0; 32]));
                Err(refused)
            }
        }
    }

    /// Whether another commit is checked out than the one up to which git was looked through.
    fn is_moved(&self, view: &View) -> bool {
        let seen = entry_of(view, self.located).and_then(|entry| entry.seen);
        seen.is_none_or(|seen| self.options.seen_key(self.located, &seen.reference) != Some(seen.key))
    }

    /// Of a manifest that the working tree does not have.
    fn without_file(&self) -> Result<Synced, SyncError> {
        match self.located.left_out() {
            Ok(bytes) => self.apply(&bytes),
            Err(missing) => self.versions_before(None, None, missing),
        }
    }

    fn signature_mark(
        &self,
        (signature, recorded, manifest): (Signature, i64, [u8; 32]),
        seen: Option<Seen>,
    ) -> SignatureMark {
        SignatureMark { path_key: self.located.path_key, signature, recorded, manifest, seen }
    }

    /// The repository's name now: an old manifest names it as it was called then. (One that is newer than what is cached
    /// under the new name, or has other trackers, is of another repository, which took the old name.)
    fn present_name(&self, named: Repo, manifest: &Manifest<'_>) -> Repo {
        let current = current_name(self.storage, self.cache, &named);
        if current == named {
            return named;
        }
        let cached = Store::of(self.storage, self.cache, &current).view().ok().flatten();
        let is_old = cached.is_some_and(|view| manifest.updated_at <= view.updated_at() && is_of_same(manifest, &view));
        if is_old { current } else { named }
    }

    /// The line of the branch that publishes, if there is one.
    fn line(&self, repo: &Repo) -> Result<Option<GitLine<'_>>, GitError> {
        let Ok((checkout, path)) = self.located.in_git() else { return Ok(None) };
        let signed_in = self.hosting.signed_in();
        let limits = self.options.limits;
        let publisher = checkout.publisher(Some(repo), &self.hosting.hosts(&signed_in), limits)?;
        Ok(publisher.map(|publisher| GitLine::of((self.located, checkout, path), publisher, limits)))
    }

    /// What to say of a history that git could not give.
    fn unread(&self, error: GitError) -> Option<Note> {
        match self.options.collection {
            _ if error == GitError::TooLong => None,
            Some(collection) => collection.unread(error),
            None => self.located.in_git().ok().map(|(checkout, path)| missing(checkout, &path, error)),
        }
    }

    /// What of that is said. A list does not look for the history again.
    fn told(&self, unread: Option<Note>) -> Vec<Note> {
        let is_asked = self.options.explain || self.options.history == History::Needed;
        unread.filter(|note| is_asked || matches!(note, Note::Partial { .. })).into_iter().collect()
    }
}

/// Whether the store holds what a manifest went on as.
fn is_of_same(manifest: &Manifest<'_>, view: &View) -> bool {
    let before: Vec<_> = manifest.trackers.iter().map(identity).collect();
    goes_on(&before, view.trackers().flatten().map(|item| identity(&item.tracker)).collect())
}

/// Whether a list can do without the store.
pub(super) fn is_answerable(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Unrecorded { .. }
            | StoreError::Busy { .. }
            | StoreError::Poisoned { .. }
            | StoreError::Io { .. }
            | StoreError::Newer { .. }
            | StoreError::Damaged(_)
    )
}

/// A manifest that may be taken in: the one door through which the time of every manifest comes that is not dated by a
/// commit.
pub(super) fn accepted<'b>(
    bytes: &'b [u8],
    path: &std::path::Path,
    now: Now,
    force: bool,
) -> Result<Manifest<'b>, SyncError> {
    in_time(manifest::parse(bytes), path, now, force)
}

fn in_time<'b>(
    manifest: Result<Manifest<'b>, ManifestError>,
    path: &std::path::Path,
    now: Now,
    force: bool,
) -> Result<Manifest<'b>, SyncError> {
    // What is forced in is not dated by its own time.
    let in_time = |manifest: Manifest<'b>| if force { Ok(manifest) } else { manifest.not_ahead_of(now.millis()) };
    let manifest = manifest.and_then(in_time);
    manifest.map_err(|error| SyncError::Refused { path: path.to_owned(), error })
}

impl Located {
    /// The committed manifest that a sparse checkout, or one without files, leaves out of the working tree.
    pub(super) fn left_out(&self) -> Result<Vec<u8>, SyncError> {
        let missing = || SyncError::NoManifest { path: self.manifest.clone() };
        let (checkout, path) = self.in_git().map_err(|_| missing())?;
        if !checkout.leaves_out(&path) {
            return Err(missing());
        }
        match checkout.committed("HEAD", &path, manifest::MAX_LEN).map_err(SyncError::History)? {
            Blob::Bytes(bytes) => Ok(bytes),
            Blob::TooLong { len } => {
                Err(SyncError::Refused { path: self.manifest.clone(), error: ManifestError::TooLong { len } })
            }
            Blob::Missing if checkout.has_committed(&path) => Err(SyncError::LeftOut { path }),
            Blob::Missing => Err(missing()),
        }
    }
}

fn parse_and_hash(bytes: &[u8]) -> (Result<Manifest<'_>, ManifestError>, [u8; 32]) {
    let hash = || *blake3::hash(bytes).as_bytes();
    if bytes.len() < PARALLEL_FROM {
        return (manifest::parse(bytes), hash());
    }
    std::thread::scope(|scope| {
        let hashing = std::thread::Builder::new().spawn_scoped(scope, hash);
        let manifest = manifest::parse(bytes);
        // OK because hashing cannot panic. Where no thread can be had, one does both.
        (manifest, hashing.map_or_else(|_| hash(), |hashing| hashing.join().expect("the hash of some bytes")))
    })
}

/// The hash of a file's content, in pieces that stay in the processor's cache: reading the whole into fresh memory costs
/// twice as much. `None` where the file changed meanwhile.
fn hash_in_pieces(
    storage: &dyn Storage,
    path: &std::path::Path,
    before: Signature,
) -> Result<Option<[u8; 32]>, SyncError> {
    let read_error = |source| SyncError::Read { path: path.to_owned(), source };
    let Some(file) = storage.open(path).map_err(read_error)? else { return Ok(None) };
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; HASHED_AT_ONCE];
    let mut offset = 0;
    loop {
        let count = file.read_into(offset, &mut piece).map_err(read_error)?;
        hasher.update(&piece[..count]);
        offset += count as u64;
        if count < piece.len() {
            break;
        }
    }
    let after = storage.signature(path).map_err(read_error)?;
    Ok((after == Some(before) && offset == before.len).then(|| *hasher.finalize().as_bytes()))
}
