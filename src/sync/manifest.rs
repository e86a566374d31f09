//! One sync from a manifest in a working tree: signature, hash, parse, diff, append; the cheapest that tells.

use std::time::Duration;

use super::apply::{Outcome, apply};
use super::pulled::take_pulled;
use super::{Hosting, Located, Now, SyncError};
use crate::format::{Signature, SignatureMark, Source, SyncRecord};
use crate::fs::{Buffer, Storage};
use crate::manifest::{self, Manifest, ManifestError};
use crate::model::Repo;
use crate::store::{Damage, Store, View};

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
    /// Tell [`Outcome::Older`] every time, although the manifest then has to be read again. Without it a manifest that
    /// was looked at before is [`Outcome::Unchanged`].
    pub explain: bool,
    /// Called once the signature does not tell, and work begins.
    pub on_work: &'a dyn Fn(),
}

/// A sync, and the state behind it.
pub struct Synced {
    /// Whose manifest it is.
    pub repo: Repo,
    /// The state after it.
    pub view: View,
    /// What it came to.
    pub outcome: Outcome,
    /// Damage that was found and mended on the way.
    pub mended: Vec<Damage>,
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
    let read_error = |source| SyncError::Read { path: path.clone(), source };
    let Some(signature) = storage.signature(path).map_err(read_error)? else {
        return Err(SyncError::NoManifest { path: path.clone() });
    };
    let mut known = None;
    if let Some(repo) = &located.known {
        let store = Store::of(storage, cache, repo);
        if let Some(view) = store.view()? {
            let last = view.freshness().and_then(|fresh| fresh.manifest);
            let entry = entry_of(&view, located).filter(|entry| !options.explain || Some(entry.manifest) == last);
            // Damage sends even an unchanged manifest to the writer, which mends what it can.
            let clean = view.damage().is_empty() && entry.is_some_and(|entry| is_clean(&entry, &signature));
            if clean && !options.force {
                check_repo(options, located, repo)?;
                return Ok(Synced { repo: repo.clone(), view, outcome: Outcome::Unchanged, mended: Vec::new() });
            }
            known = Some(Known { store, view, entry });
        }
    }
    (options.on_work)();
    if let Some(Known { store, view, entry: Some(entry) }) = &known
        && let Some(repo) = &located.known
        && !options.force
        && view.damage().is_empty()
        && entry.signature.len == signature.len
        && hash_in_pieces(storage, path, signature)? == Some(entry.manifest)
    {
        // The same bytes under another signature.
        check_repo(options, located, repo)?;
        let entry = SignatureMark { signature, recorded: now.nanos, ..*entry };
        store.record_checked(view, Some(entry), now.millis());
        let view = known.map(|known| known.view);
        // OK because the condition above has looked into it.
        let view = view.expect("a store that is known");
        return Ok(Synced { repo: repo.clone(), view, outcome: Outcome::Unchanged, mended: Vec::new() });
    }
    let file = read_manifest(storage, located, signature)?;
    let recorded = file.signature.map(|signature| (signature, now.nanos));
    let run = Run { storage, cache, located, hosting, options, now, recorded };
    run.apply(&file.bytes)
}

/// Whether a sync from the manifest at `located` would change the state of `repo`: false too where the manifest is
/// missing, refused or another repository's. Changes nothing.
pub fn is_pending(storage: &dyn Storage, located: &Located, hosting: Hosting<'_>, repo: &Repo, view: &View) -> bool {
    let Ok(Some(signature)) = storage.signature(&located.manifest) else { return false };
    if entry_of(view, located).is_some_and(|entry| is_clean(&entry, &signature)) {
        return false;
    }
    let Ok(file) = read_manifest(storage, located, signature) else { return false };
    let hash = *blake3::hash(&file.bytes).as_bytes();
    if view.freshness().and_then(|fresh| fresh.manifest) == Some(hash) {
        return false;
    }
    let Ok(manifest) = manifest::parse(&file.bytes) else { return false };
    let ours = located.repo(manifest.repo.as_ref(), hosting).is_ok_and(|of| of == *repo);
    ours && manifest.updated_at >= view.updated_at()
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
}

fn entry_of(view: &View, located: &Located) -> Option<SignatureMark> {
    let entries = view.marks().map_or(&[][..], |marks| &marks.signatures);
    entries.iter().find(|entry| entry.path_key == located.path_key).copied()
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
        let manifest = manifest.map_err(|error| SyncError::Refused { path: path.clone(), error })?;
        let repo = self.located.repo(manifest.repo.as_ref(), self.hosting)?;
        check_repo(self.options, self.located, &repo)?;
        let synced = self.write(repo, &manifest, hash)?;
        self.located.remember(self.storage, &synced.repo);
        Ok(synced)
    }

    fn entry(&self, manifest: [u8; 32]) -> Option<SignatureMark> {
        let (signature, recorded) = self.recorded?;
        Some(SignatureMark { path_key: self.located.path_key, signature, recorded, manifest })
    }

    fn write(&self, repo: Repo, manifest: &Manifest<'_>, hash: [u8; 32]) -> Result<Synced, SyncError> {
        let store = Store::of(self.storage, self.cache, &repo);
        let mut writer = store.writer(&repo, self.options.patience)?;
        let head = self.located.head();
        let sync = SyncRecord {
            manifest: Some(hash),
            // Where the checkout stood: what a later pull brings is found from here.
            commit: head.clone(),
            ..SyncRecord::new(Source::Manifest, manifest.updated_at, self.now.millis())
        };
        let pulled =
            take_pulled(&mut writer, self.located, &repo, head.as_ref().filter(|_| !self.options.force), self.now)?;
        let outcome = apply(&mut writer, sync, &manifest.trackers, self.options.force)?;
        let outcome = match pulled {
            Some(pulled) => Outcome::after(pulled, outcome),
            None => outcome,
        };
        writer.record_checked(self.entry(hash), self.now.millis());
        // OK because every outcome of apply() has or makes a store.
        let (view, mended) = writer.into_view();
        let view = view.expect("a store behind a sync");
        Ok(Synced { repo, view, outcome, mended })
    }
}

fn parse_and_hash(bytes: &[u8]) -> (Result<Manifest<'_>, ManifestError>, [u8; 32]) {
    let hash = || *blake3::hash(bytes).as_bytes();
    if bytes.len() < PARALLEL_FROM {
        return (manifest::parse(bytes), hash());
    }
    std::thread::scope(|scope| {
        let hash = scope.spawn(hash);
        let manifest = manifest::parse(bytes);
        // OK because hashing cannot panic.
        (manifest, hash.join().expect("the hash of some bytes"))
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
