//! Which repository a checkout's manifest belongs to, remembered so that lists need not ask.

use std::path::{Path, PathBuf};

use super::error::SyncError;
use crate::format::{Hint, Seen, Signature};
use crate::fs::{Storage, publish_unsynced};
use crate::git::{Checkout, CommitId, GitError, HostSource, Hosts, Naming, Publisher};
use crate::manifest::RepoName;
use crate::model::Repo;

/// Hints lie beside the hosts; no host begins with a dot.
const HINTS: &str = ".checkouts";
const HINT_LIMIT: u64 = 4096;

/// What decides on the host of a name that has none, as in a manifest.
#[derive(Clone, Copy, Debug)]
pub struct Hosting<'a> {
    /// `GH_HOST`: then remotes elsewhere do not count.
    pub named: Option<&'a str>,
    /// The file in which gh names the hosts that the user is signed in to.
    pub hosts_file: Option<&'a Path>,
    /// Reads it; called only where names or remotes are looked at.
    pub read_hosts: fn(&Path) -> Vec<String>,
}

impl Hosting<'_> {
    pub(super) fn signed_in(&self) -> Vec<String> {
        self.hosts_file.map(self.read_hosts).unwrap_or_default()
    }

    /// As `gh` has it: the host that is named, or the only one that the user is signed in to, else github.com.
    pub(super) fn hosts<'h>(&'h self, signed_in: &'h [String]) -> Hosts<'h> {
        let (default, source) = match (self.named, signed_in) {
            (Some(named), _) => (named, HostSource::Environment),
            (None, [only]) => (only.as_str(), HostSource::Config),
            (None, _) => (Repo::DEFAULT_HOST, HostSource::BuiltIn),
        };
        Hosts { default, source, known: signed_in }
    }

    /// The host of names that have none.
    pub fn default_host(&self) -> String {
        match self.named {
            Some(named) => named.to_owned(),
            None => self.hosts(&self.signed_in()).default.to_owned(),
        }
    }
}

/// A manifest's place: the file, the checkout around it, and the hint that says whose it is.
pub struct Located {
    /// The manifest's absolute path.
    pub manifest: PathBuf,
    /// FNV-1a of that path, which names its entries.
    pub path_key: [u8; 16],
    /// The repository it belonged to when it was last read.
    pub known: Option<Repo>,
    pub(super) checkout: Option<Checkout>,
    /// What else says in each commit where the manifest is.
    pub(super) naming: Option<Naming>,
    hint_path: PathBuf,
    git_config: Signature,
}

/// Looks up what is known of a manifest's path: a few calls of `stat`, and one small file read.
pub fn locate(
    storage: &dyn Storage,
    cache: &Path,
    checkout: Option<Checkout>,
    manifest: PathBuf,
    hosting: Hosting<'_>,
) -> Located {
    let path_key = path_key(&manifest);
    let host = hosting.named.unwrap_or_default();
    let hint_key = key(&[manifest.as_os_str().as_encoded_bytes(), b"\0", host.as_bytes()]);
    let name: String = hint_key.iter().map(|byte| format!("{byte:02x}")).collect();
    let hint_path = cache.join(HINTS).join(name);
    let config =
        checkout.as_ref().filter(|checkout| checkout.is_git()).and_then(|checkout| checkout.config_path().ok());
    let signature = |path: &Path| storage.signature(path).ok().flatten();
    let mut git_config = config.and_then(|path| signature(&path)).unwrap_or_default();
    // Who signs in to another host may find that a remote there counts now.
    if let Some(hosts) = hosting.hosts_file.and_then(signature) {
        git_config.changed = git_config.changed.max(hosts.changed);
    }
    let hint = storage.read(&hint_path, HINT_LIMIT).ok().flatten().and_then(|bytes| Hint::decode(&bytes).ok());
    let hint = hint.filter(|hint| hint.git_config == git_config);
    let known = hint.and_then(|hint| Repo::parse(&hint.repo, Repo::DEFAULT_HOST).ok());
    Located { manifest, path_key, known, checkout, naming: None, hint_path, git_config }
}

/// Removes the hints of all checkouts.
pub(super) fn forget(storage: &dyn Storage, cache: &Path) {
    sweep(storage, &cache.join(HINTS));
}

/// Removes files that are named after a key, and their directory if it is then empty. Best effort: they are only hints.
pub(super) fn sweep(storage: &dyn Storage, dir: &Path) {
    if storage.is_link(dir).unwrap_or(true) {
        return;
    }
    for name in storage.list(dir).unwrap_or_default() {
        let stem = name.split('.').next().unwrap_or_default();
        if stem.len() == 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let _ = storage.remove(&dir.join(name));
        }
    }
    let _ = storage.remove_dir(dir);
}

/// What names a manifest's path in marks.
pub(super) fn path_key(manifest: &Path) -> [u8; 16] {
    key(&[manifest.as_os_str().as_encoded_bytes()])
}

/// FNV-1a of 128 bits (Fowler, Noll, Vo; draft-eastlake-fnv, section 5), big-endian: it tells paths apart, and no answer
/// rests on it alone.
pub(super) fn key(parts: &[&[u8]]) -> [u8; 16] {
    const OFFSET_BASIS: u128 = 0x6C62_272E_07BB_0142_62B8_2175_6295_C58D;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    let bytes = parts.iter().flat_map(|part| part.iter());
    bytes.fold(OFFSET_BASIS, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME)).to_be_bytes()
}

/// What a checkout has now, as [`Seen::key`] has it; `None` without a commit.
pub(super) fn seen_key(checkout: &Checkout, reference: &str) -> Option<[u8; 16]> {
    let head = checkout.head()?;
    let tip = if reference.is_empty() { None } else { checkout.reference(reference) };
    Some(key(&[&head, &tip.unwrap_or_default()]))
}

/// How far git is looked through with a line of `publisher`, or where nothing publishes; `head` is what is checked out.
pub(super) fn seen_by(head: Option<&CommitId>, publisher: Option<&Publisher>) -> Option<Seen> {
    let publisher = publisher.filter(|publisher| !publisher.reference.is_empty());
    let tip = publisher.map_or(&[][..], |publisher| &publisher.branch_tip);
    let reference = publisher.map_or_else(String::new, |publisher| publisher.reference.clone());
    head.map(|head| Seen { key: key(&[head, tip]), reference })
}

impl Located {
    /// With the configurations that say in each commit where the manifest is.
    #[must_use]
    pub fn named_by(self, naming: Option<Naming>) -> Self {
        Self { naming, ..self }
    }

    /// The file whose age is that of the last pull.
    pub(super) fn pull_stamp(&self) -> PathBuf {
        self.hint_path.with_extension("pulled")
    }

    /// The checkout, if it is one of git.
    pub(super) fn git(&self) -> Option<&Checkout> {
        self.checkout.as_ref().filter(|checkout| checkout.is_git())
    }

    /// Refuses what another user owns, as git does.
    pub(super) fn check_owner(&self) -> Result<(), SyncError> {
        let checkout = self.checkout.as_ref().map_or(Ok(()), Checkout::check_owner);
        match checkout {
            Err(error @ GitError::Dubious { .. }) => Err(SyncError::Untrusted(error)),
            // Whatever else git says shows when it is asked for something.
            _ => Ok(()),
        }
    }

    /// The checkout, and the manifest's path in it.
    pub(super) fn in_git(&self) -> Result<(&Checkout, String), SyncError> {
        let no_git = || SyncError::Git { path: self.manifest.clone(), error: GitError::NotARepository };
        let checkout = self.checkout.as_ref().filter(|checkout| checkout.is_git()).ok_or_else(no_git)?;
        let path = checkout.path_of(&self.manifest).ok_or_else(no_git)?;
        Ok((checkout, path))
    }

    /// Remembers whose the manifest is. Best effort: without the hint the manifest is read again.
    pub(super) fn remember(&self, storage: &dyn Storage, repo: &Repo) {
        if self.known.as_ref().is_some_and(|known| known == repo) {
            return;
        }
        let name = format!("{}/{}/{}", repo.host(), repo.owner(), repo.name());
        let hint = Hint { git_config: self.git_config, repo: name };
        let written = self.hint_path.parent().map_or(Ok(()), |dir| storage.create_dir(dir));
        let _ = written.and_then(|()| publish_unsynced(storage, &self.hint_path, &hint.encode()));
    }

    /// The repository that the manifest here names by now, if it does: what is known of the checkout may be older.
    pub fn named_here(&self, storage: &dyn Storage, hosting: Hosting<'_>) -> Option<Repo> {
        let bytes = storage.read(&self.manifest, crate::manifest::MAX_LEN).ok()??;
        let manifest = crate::manifest::parse(&bytes).ok()?;
        self.repo(Some(manifest.repo.as_ref()?), hosting).ok()
    }

    /// The repository of the checkout: its manifest's, else its remotes'.
    ///
    /// # Errors
    /// A manifest that is refused; git's answer, where no remote is of a known host.
    pub fn identify(&self, storage: &dyn Storage, hosting: Hosting<'_>) -> Result<Repo, SyncError> {
        self.check_owner()?;
        let path = &self.manifest;
        let bytes = storage.read(path, crate::manifest::MAX_LEN);
        match bytes.map_err(|source| SyncError::Read { path: path.clone(), source })? {
            Some(bytes) => {
                let manifest = crate::manifest::parse(&bytes);
                let manifest = manifest.map_err(|error| SyncError::Refused { path: path.clone(), error })?;
                self.repo(manifest.repo.as_ref(), hosting)
            }
            None => self.remote_repo(hosting),
        }
    }

    /// The repository of the checkout, from its remotes; for checkouts without a manifest.
    ///
    /// # Errors
    /// Git's answer, where no remote is of a known host.
    pub fn remote_repo(&self, hosting: Hosting<'_>) -> Result<Repo, SyncError> {
        self.repo(None, hosting).map_err(|error| match error {
            SyncError::Unnamed { path, error } => SyncError::Nameless { path, error },
            other => other,
        })
    }

    /// The repository of a manifest that says `name`, or nothing. Asks git, once, unless the host was named.
    pub(super) fn repo(&self, name: Option<&RepoName>, hosting: Hosting<'_>) -> Result<Repo, SyncError> {
        let on = |host: &str, name: &RepoName| {
            name.on(host).map_err(|error| SyncError::Host { host: host.to_owned(), error })
        };
        let checkout = self.checkout.as_ref().filter(|checkout| checkout.is_git());
        // What was found before stands while git's configuration does: the hint is of both.
        if let (Some(name), Some(known)) = (name, &self.known)
            && name.on(known.host()).is_ok_and(|repo| repo == *known)
        {
            return on(known.host(), name);
        }
        let signed_in = hosting.signed_in();
        let hosts = hosting.hosts(&signed_in);
        match (name, checkout) {
            (Some(name), None) => on(hosts.default, name),
            (Some(name), Some(checkout)) => match checkout.repo(&hosts) {
                // The remote tells the host, where it is of the same repository.
                Ok(remote) if on(remote.host(), name)? == remote => on(remote.host(), name),
                // As gh: whoever names a host does not mean a checkout of another one.
                Err(error @ GitError::NotOnHost) if checkout.is_on_another_host(hosts.default) => {
                    Err(SyncError::OtherHost { path: self.manifest.clone(), error })
                }
                // Whatever is on the default host under that name is another repository.
                Err(GitError::NoKnownHost) => {
                    let of = on(hosts.default, name)?;
                    match checkout.unknown_host(&hosts, (of.owner(), of.name())) {
                        Some(host) => on(&host, name),
                        None => Ok(of),
                    }
                }
                _ => on(hosts.default, name),
            },
            (None, Some(checkout)) => {
                checkout.repo(&hosts).map_err(|error| SyncError::Unnamed { path: self.manifest.clone(), error })
            }
            (None, None) => {
                let error = GitError::NotARepository;
                Err(SyncError::Unnamed { path: self.manifest.clone(), error })
            }
        }
    }
}
