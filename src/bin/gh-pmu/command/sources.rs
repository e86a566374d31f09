//! From where commands answer: the manifest of the checkout, synced first, and the stores behind it. What goes wrong on
//! the way is a warning, as long as there is something to answer from.

use std::cell::RefCell;
use std::time::Duration;

use gh_pmu::fs::Disk;
use gh_pmu::model::Repo;
use gh_pmu::store::{Damage, PATIENCE, Store, StoreError, View};
use gh_pmu::sync::{Hosting, Located, Options, Outcome, SyncError, Synced, locate, pull_if_due, sync, sync_branch};

use super::github::Keep;
use super::{Context, nothing_cached};
use crate::exit::Error;

/// The real disk.
pub static DISK: Disk = Disk;

/// A list waits no longer than this for another writer.
const LIST_PATIENCE: Duration = Duration::from_millis(100);
/// `checked` is written again on a hit only when it is older than this, so that most lists write nothing.
const CHECK_AGAIN_MILLIS: i64 = 60_000;

/// Views opened of one repository while rebuilds and prunings pass by.
const ATTEMPTS: u32 = 5;

/// What to do where no repository is known.
const NAME_ONE: &str = "Use `--repo OWNER/REPO`, or set GH_REPO.";

/// One repository to answer about.
pub type Source = (Repo, View);

/// What there is of a repository without asking GitHub.
pub struct Known {
    /// Which.
    pub repo: Repo,
    /// What is cached of it.
    pub view: Option<View>,
    /// Whether the user named it, and not the checkout.
    pub named: bool,
    /// What stood in the way of a manifest or cache that is there.
    pub stopped: Option<SyncError>,
}

/// Why there is no answer from a view.
pub enum Failed {
    /// The index may be to blame, or a writer beside: another view may answer.
    Store(StoreError),
    /// Another view would not either.
    Other(Error),
}

impl Failed {
    /// As it is told.
    pub fn into_error(self) -> Error {
        match self {
            Failed::Store(error) => error.into(),
            Failed::Other(error) => error,
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Failed::Store(error)
    }
}

/// The cache is not to be used, and there is no doing without.
pub fn switched_off() -> Error {
    Error::new("the cache is switched off (`cache.enabled: false` in .gh-pmu.yml)")
        .with_hint("Set it to true, or use `gh issue list --label release`.")
}

impl Context<'_, '_> {
    /// What decides on the host of manifests, which name none.
    pub fn hosting(&self) -> Hosting<'_> {
        self.config.hosting()
    }

    /// The manifest of the checkout, if there is a place for one.
    pub fn located(&self) -> Option<Located> {
        let checkout = self.config.checkout();
        let manifest = self.config.manifest(checkout.as_ref())?;
        Some(locate(&DISK, &self.config.cache_dir, checkout, manifest, self.hosting()))
    }

    /// The store of a repository.
    pub fn store(&self, repo: &Repo) -> Store<'static> {
        Store::of(&DISK, &self.config.cache_dir, repo)
    }

    /// Syncs from the manifest at `located` because that was asked for, showing a sign of life if it takes long.
    ///
    /// # Errors
    /// See [`SyncError`].
    pub fn sync(
        &mut self,
        located: &Located,
        only: Option<&Repo>,
        force: bool,
        patience: Duration,
    ) -> Result<Synced, SyncError> {
        self.sync_as(located, Options { force, patience, only, explain: true, on_work: &|| () })
    }

    fn sync_as(&mut self, located: &Located, options: Options<'_>) -> Result<Synced, SyncError> {
        self.pull(located);
        let progress = RefCell::new(None);
        let output = &*self.output;
        let on_work = || drop(progress.replace(Some(output.progress("Syncing from the manifest"))));
        let options = Options { on_work: &on_work, ..options };
        let cache = &self.config.cache_dir;
        let synced = match &self.config.cache.branch {
            Some(branch) => sync_branch(&DISK, cache, (located, branch), self.hosting(), options, self.now),
            None => sync(&DISK, cache, located, self.hosting(), options, self.now),
        };
        drop(progress);
        let synced = synced?;
        self.tell_mended(&synced.mended);
        Ok(synced)
    }

    /// `cache.auto_pull`: a failure is a warning, and the cache answers all the same.
    fn pull(&mut self, located: &Located) {
        let cache = &self.config.cache;
        if !cache.auto_pull {
            return;
        }
        let progress = self.output.progress("Pulling");
        let pulled = pull_if_due(&DISK, located, cache.branch.as_deref(), cache.auto_pull_interval, self.now);
        drop(progress);
        if let Some(Err(error)) = pulled {
            self.output.warn(&format!("could not pull: {error}"));
        }
    }

    pub(super) fn tell_mended(&mut self, mended: &[Damage]) {
        for damage in mended {
            self.output.warn(&format!("{damage}; it has been written anew"));
        }
    }

    /// The repository that the command is about: the one that is named, else that of the checkout; synced first. Where
    /// nothing is cached, GitHub is asked.
    ///
    /// # Errors
    /// Nothing to answer from.
    pub fn source(&mut self, named: Option<Repo>, keep: Keep) -> Result<Source, Error> {
        if !self.config.cache.enabled {
            return Err(switched_off());
        }
        match self.known(named)? {
            Known { repo, view: Some(view), stopped, .. } => {
                if let Some(stopped) = stopped {
                    self.output.warn(&format!("{stopped}; this is what was cached before"));
                }
                Ok((repo, view))
            }
            known => self.first_answer(known, keep, LIST_PATIENCE),
        }
    }

    /// What there is without GitHub, synced first.
    ///
    /// # Errors
    /// No repository is named, and the checkout does not tell.
    pub(super) fn known(&mut self, named: Option<Repo>) -> Result<Known, Error> {
        let located = self.located();
        let is_named = named.is_some();
        let mut stopped = None;
        if let Some(located) = located.as_ref().filter(|_| self.config.cache.auto_sync) {
            match self.try_sync(located, named.as_ref()) {
                Ok(Some((repo, view))) => {
                    self.tell_damage(&view);
                    return Ok(Known { repo, view: Some(view), named: is_named, stopped });
                }
                Ok(None) => {}
                // What is wrong with the manifest here matters only to its own repository.
                Err(_) if named.is_some() && located.known.is_some() && located.known != named => {}
                Err(error) => stopped = Some(error),
            }
        }
        let repo = match (self.repo(named, located.as_ref()), &located) {
            (Ok(repo), _) => repo,
            // A manifest that is refused names nobody; the checkout's remotes may.
            (Err(error), Some(located)) => match (located.remote_repo(self.hosting()), stopped) {
                (Ok(repo), refused) => {
                    stopped = refused;
                    repo
                }
                (Err(_), refused) => return Err(refused.map_or(error, Error::from)),
            },
            (Err(error), None) => return Err(error),
        };
        match self.store(&repo).view() {
            Ok(view) => {
                // The sync that stopped at the damage tells of it.
                if !matches!(stopped, Some(SyncError::Store(StoreError::Damaged(_)))) {
                    view.iter().for_each(|view| self.tell_damage(view));
                }
                Ok(Known { repo, view, named: is_named, stopped })
            }
            Err(error) => Ok(Known { repo, view: None, named: is_named, stopped: Some(error.into()) }),
        }
    }

    /// Every cached repository; that of the checkout is synced first.
    ///
    /// # Errors
    /// The cache's directory cannot be listed.
    pub fn all_sources(&mut self) -> Result<Vec<Source>, Error> {
        if let Some(located) = self.located().filter(|_| self.config.cache.auto_sync)
            && let Err(error) = self.try_sync(&located, None)
        {
            self.output.warn(&format!("{error}; this is what was cached before"));
        }
        let mut sources = Vec::new();
        for store in Store::all(&DISK, &self.config.cache_dir)? {
            match store.view() {
                Ok(Some(view)) => {
                    self.tell_damage(&view);
                    match Repo::parse(view.repo(), Repo::DEFAULT_HOST) {
                        Ok(repo) => sources.push((repo, view)),
                        Err(error) => self.output.warn(&format!("{}: {error}", store.dir().display())),
                    }
                }
                Ok(None) => {}
                Err(error) => self.output.warn(&error.to_string()),
            }
        }
        Ok(sources)
    }

    /// `None` where there is no manifest to use, and what is cached must do.
    fn try_sync(&mut self, located: &Located, named: Option<&Repo>) -> Result<Option<Source>, SyncError> {
        let options = Options { force: false, patience: LIST_PATIENCE, only: named, explain: false, on_work: &|| () };
        let synced = match self.sync_as(located, options) {
            // Somebody else's first sync is worth waiting for: before it there is nothing to answer from.
            Err(SyncError::Store(StoreError::Busy { .. })) if !self.is_cached(located, named) => {
                self.sync_as(located, Options { patience: PATIENCE, ..options })
            }
            synced => synced,
        };
        match synced {
            Ok(synced) => {
                self.check_again(&synced);
                if let Outcome::Changed { compaction_failed: Some(error), .. } = &synced.outcome {
                    self.output.warn(&format!("the cache was synced, and not compacted: {error}"));
                }
                Ok(Some((synced.repo, synced.view)))
            }
            // No manifest, or another repository's: there is nothing to say.
            Err(SyncError::NoManifest { .. } | SyncError::OtherRepo { .. }) => Ok(None),
            Err(SyncError::Store(StoreError::Busy { .. })) if self.is_cached(located, named) => {
                self.output.note("another gh-pmu is writing to the cache; this is what was cached before");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether there is an answer without the manifest.
    fn is_cached(&self, located: &Located, named: Option<&Repo>) -> bool {
        let repo = self.repo(named.cloned(), Some(located));
        repo.is_ok_and(|repo| matches!(self.store(&repo).view(), Ok(Some(_))))
    }

    /// A hit is a check too: says so in `checked`, but not at every list.
    fn check_again(&self, synced: &Synced) {
        let age = |checked_at: gh_pmu::model::UnixMillis| self.now.millis().get() - checked_at.get();
        let is_old = synced.view.checked().is_some_and(|checked| age(checked.checked_at) > CHECK_AGAIN_MILLIS);
        if is_old && matches!(synced.outcome, Outcome::Unchanged) {
            self.store(&synced.repo).record_checked(&synced.view, None, self.now.millis());
        }
    }

    /// The repository that is named, else that of the checkout, without syncing.
    ///
    /// # Errors
    /// No checkout, or one of no known repository.
    pub fn repo(&self, named: Option<Repo>, located: Option<&Located>) -> Result<Repo, Error> {
        if let Some(repo) = named {
            return Ok(repo);
        }
        match located {
            Some(Located { known: Some(repo), .. }) => Ok(repo.clone()),
            Some(located) => located.identify(&DISK, self.hosting()).map_err(|error| match error {
                SyncError::Nameless { .. } | SyncError::Unnamed { .. } => Error::from(error).with_hint(NAME_ONE),
                other => other.into(),
            }),
            None => {
                Err(Error::new("no repository is named, and this is no checkout with a manifest").with_hint(NAME_ONE))
            }
        }
    }

    fn tell_damage(&mut self, view: &View) {
        if let Some(damage) = view.damage().first() {
            self.output.warn(&format!("{damage}; run `gh pmu cache repair`"));
        }
    }

    /// What `read` finds in the source, which gets another view of its repository each time that a writer replaced the
    /// log meanwhile.
    ///
    /// # Errors
    /// Those of `read`; nothing is left to open.
    pub fn settled<T>(
        &mut self,
        source: &mut Source,
        mut read: impl FnMut(&Source, &mut Self) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let mut found = read(source, self);
        for _attempt in 1..ATTEMPTS {
            let Err(Failed::Store(error @ StoreError::Unstable { .. })) = &found else { break };
            source.1 = self.again(&source.0, error).map_err(Failed::Other)?;
            found = read(source, self);
        }
        found
    }

    /// The same repository again, after its log was replaced while it was read; or from its log alone, after its index
    /// failed.
    ///
    /// # Errors
    /// Damage that leaves nothing to answer from.
    pub fn again(&mut self, repo: &Repo, error: &StoreError) -> Result<View, Error> {
        if let StoreError::Unstable { .. } = error {
            return self.store(repo).view()?.ok_or_else(|| nothing_cached(Some(repo)));
        }
        // Where the log is no better, its own error says so.
        let view = self.store(repo).view_without_index()?;
        self.output.warn(&error.to_string());
        view.ok_or_else(|| nothing_cached(Some(repo)))
    }
}
