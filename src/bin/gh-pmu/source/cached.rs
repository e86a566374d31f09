//! From where commands answer: the manifest of the checkout, synced first, and the stores behind it. What goes wrong on
//! the way is a warning, as long as there is something to answer from.

use std::cell::RefCell;
use std::time::Duration;

use gh_pmu::format::Source as Origin;
use gh_pmu::git::Limits;
use gh_pmu::model::Repo;
use gh_pmu::store::{PATIENCE, StoreError, View};
use gh_pmu::sync::{
    History, Located, Options, Outcome, SyncError, Synced, is_set_aside, pull_if_due, rewritten, sync, sync_branch,
    was_read,
};

use super::context::{Context, DISK, Failed, Keep, Known, Source, nothing_cached, switched_off};
use crate::exit::{Error, Exit};
use crate::output::Progress;

/// A list waits no longer than this for another writer.
const LIST_PATIENCE: Duration = Duration::from_millis(100);
/// A list spends no longer than this on git's history: whoever asks about the past gets it then.
const LIST_TIME: Duration = Duration::from_secs(1);
/// `checked` is written again on a hit only when it is older than this, so that most lists write nothing.
const CHECK_AGAIN_MILLIS: i64 = 60_000;

/// Views opened of one repository while rebuilds and prunings pass by.
const ATTEMPTS: u32 = 5;

/// A failure where the newest changes are lost.
pub(super) fn exit_of(view: &View) -> Exit {
    if view.lacks_newest() { Exit::Failed } else { Exit::Done }
}

impl Context<'_, '_> {
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
        let history = if self.history == History::None { History::None } else { History::Needed };
        let options = Options { force, only, explain: true, ..Options::new(history, patience) };
        let synced = self.sync_as(located, options)?;
        self.tell_notes(&synced.notes);
        Ok(synced)
    }

    fn sync_as(&mut self, located: &Located, options: Options<'_>) -> Result<Synced, SyncError> {
        self.pull(located);
        let progress: RefCell<Option<Progress>> = RefCell::new(None);
        let output = &*self.output;
        let on_work = || drop(progress.replace(Some(output.progress("Syncing from the manifest"))));
        let elapsed = self.elapsed;
        let is_over = || options.history == History::AtHand && elapsed() > LIST_TIME;
        let count = |done, total| progress.borrow().iter().for_each(|progress| progress.count(done, total));
        let limits = Limits { is_over: &is_over, progress: &count };
        let options = Options { on_work: &on_work, limits, ..options };
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
        let pulled = {
            let due = (cache.auto_pull_interval, self.now);
            pull_if_due(&DISK, located, self.hosting(), cache.branch.as_deref(), due)
        };
        drop(progress);
        if let Some(Err(error)) = pulled {
            self.output.warn(&format!("could not pull: {error}"));
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
        if keep == Keep::Must {
            self.need_past();
        }
        match self.known(named)? {
            Known { repo, view: Some(view), stopped: None, named } if self.lacks_past(&view) => {
                self.with_past((repo, view), named)
            }
            Known { repo, view: Some(view), stopped, .. } => {
                if let Some(stopped) = stopped {
                    // A manifest that is refused is not wanted; one that could not be recorded is.
                    self.falls_short |= matches!(stopped, SyncError::Store(_));
                    self.output.warn(&format!("{stopped}; this is what was cached before"));
                }
                Ok((repo, view))
            }
            // What cannot be recorded has no past, whoever tells it.
            Known { view: None, stopped: Some(SyncError::Store(error @ StoreError::Unrecorded { .. })), .. }
                if self.needs_record() =>
            {
                Err(error.into())
            }
            known => self.first_answer(known, keep, LIST_PATIENCE),
        }
    }

    /// What there is without GitHub, synced first, for whoever can do without.
    ///
    /// # Errors
    /// As [`Self::source`].
    pub fn at_hand(&mut self, named: Option<Repo>) -> Result<(Repo, Option<View>), Error> {
        let Known { repo, view, stopped, .. } = self.known(named)?;
        if let Some(stopped) = stopped {
            self.output.warn(&stopped.to_string());
        }
        Ok((repo, view))
    }

    /// Whether the past is asked for, and all that is here is a manifest that GitHub gave to a list.
    pub(super) fn lacks_past(&self, view: &View) -> bool {
        let is_manifest = view.freshness().is_some_and(|fresh| fresh.source == Origin::Manifest);
        let is_from_github =
            view.marks().is_some_and(|marks| marks.signatures.is_empty() && (is_manifest || marks.tag.is_some()));
        self.history == History::Needed && !self.does_without && is_from_github && !view.has_published()
    }

    /// What to list of one repository, and the exit code: a failure where only the cache could be shown, although
    /// GitHub was to be asked, and where its newest changes are lost.
    ///
    /// # Errors
    /// Nothing to answer from.
    pub fn listed(&mut self, named: Option<Repo>, refresh: bool) -> Result<(Source, Exit), Error> {
        if !self.config.cache.enabled {
            let located = self.located();
            let repo = self.repo(named, located.as_ref())?;
            return self.answer_alone(&repo).map(|source| (source, Exit::Done));
        }
        if !refresh {
            let source = self.source(named, Keep::IfPossible)?;
            let exit = exit_of(&source.1);
            return Ok((source, exit));
        }
        // The manifest first: what it has published is dated by it, for everyone alike.
        let known = self.known(named)?;
        self.refreshed(known, false)
    }

    /// What there is without GitHub, synced first.
    ///
    /// # Errors
    /// No repository is named, and the checkout does not tell.
    fn known(&mut self, named: Option<Repo>) -> Result<Known, Error> {
        let located = self.located();
        let is_named = named.is_some();
        let (mut stopped, mut is_without) = (None, false);
        if let Some(located) = located.as_ref().filter(|_| self.config.cache.auto_sync) {
            match self.try_sync(located, named.as_ref()) {
                Ok(Some((repo, view))) => {
                    self.tell_damage(&view);
                    return Ok(Known { repo, view: Some(view), named: is_named, stopped });
                }
                Ok(None) => is_without = true,
                Err(error) if self.is_of_another(located, &error, named.as_ref()) => {}
                Err(error) => {
                    self.is_set_aside = true;
                    stopped = Some(error);
                }
            }
        }
        // What the checkout was of when it was last synced is another repository's, if the manifest names one by now.
        let said = located.as_ref().filter(|_| stopped.is_some() && !is_named);
        let said = said.and_then(|located| located.identify(&DISK, self.hosting()).ok());
        let repo = said.map_or_else(|| self.repo(named, located.as_ref()), Ok);
        let repo = match (repo, &located) {
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
                // A manifest that was here and is not any more may have been newer than what is cached.
                let gone = located.filter(|_| is_without);
                self.is_set_aside |= gone.is_some_and(|located| view.iter().any(|view| was_read(&located, view)));
                // A sync says it itself.
                if self.history == History::Needed {
                    view.iter().filter_map(rewritten).for_each(|note| self.tell_notes(&[note]));
                }
                let repo = view.as_ref().map_or_else(|| repo.clone(), |view| view.as_first_written(&repo));
                Ok(Known { repo, view, named: is_named, stopped })
            }
            Err(error) => Ok(Known { repo, view: None, named: is_named, stopped: Some(error.into()) }),
        }
    }

    /// Whether what is wrong with the manifest here is nothing to the repository that is named.
    pub fn is_of_another(&self, located: &Located, error: &SyncError, named: Option<&Repo>) -> bool {
        let is_here = |named| {
            located.known.as_ref() == Some(named)
                || located.remote_repo(self.hosting()).is_ok_and(|repo| repo == *named)
        };
        // What is wrong with its store is.
        named.is_some_and(|named| !is_here(named)) && !matches!(error, SyncError::Store(_))
    }

    /// Whether an answer that is recorded nowhere is none.
    fn needs_record(&self) -> bool {
        self.history == History::Needed && !self.does_without
    }

    /// `None` where there is no manifest to use, and what is cached must do.
    pub(super) fn try_sync(&mut self, located: &Located, named: Option<&Repo>) -> Result<Option<Source>, SyncError> {
        // There is no past but the one that is recorded; a list is made of the manifest.
        let needs_record = self.needs_record();
        let patience = if needs_record { PATIENCE } else { LIST_PATIENCE };
        match self.sync_as(located, Options { only: named, ..Options::new(self.history, patience) }) {
            // What is recorded nowhere has no past: what was cached before has one.
            Ok(Synced { unrecorded: Some(error), .. }) if needs_record => Err(SyncError::Store(error)),
            Ok(Synced { unrecorded: Some(error), outcome: Outcome::Older { cached, .. }, repo, view, .. }) => {
                self.tell_unrecorded(&error, &format!("what is shown is older than what was cached, of {cached}"));
                self.falls_short = true;
                Ok(Some((repo, view)))
            }
            Ok(Synced { unrecorded: Some(error), repo, view, .. }) => {
                self.tell_unrecorded(&error, "what is shown was not recorded");
                Ok(Some((repo, view)))
            }
            Ok(synced) => {
                self.is_set_aside = match synced.outcome {
                    Outcome::Older { .. } | Outcome::Changed { set_aside: Some(_), .. } => true,
                    Outcome::Unchanged => is_set_aside(located, &synced.view),
                    _ => false,
                };
                self.check_again(&synced);
                self.tell_notes(&synced.notes);
                if let Outcome::Changed { compaction_failed: Some(error), .. } = &synced.outcome {
                    self.output.warn(&format!("the cache was synced, and not compacted: {error}"));
                }
                Ok(Some((synced.repo, synced.view)))
            }
            // No manifest, or another repository's: there is nothing to say.
            Err(SyncError::NoManifest { .. } | SyncError::OtherRepo { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A hit is a check too: says so in `marks`, but not at every list.
    fn check_again(&self, synced: &Synced) {
        let now = self.now.millis();
        let is_old = synced
            .view
            .marks()
            .and_then(|marks| marks.checked_at)
            .is_some_and(|checked_at| checked_at > now || now.get() - checked_at.get() > CHECK_AGAIN_MILLIS);
        if is_old && matches!(synced.outcome, Outcome::Unchanged) {
            self.store(&synced.repo).record_checked(&synced.view, None, self.now.millis());
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
        let view = view.ok_or_else(|| nothing_cached(Some(repo)))?;
        // The log may be no better.
        self.tell_damage(&view);
        self.falls_short |= exit_of(&view) != Exit::Done;
        Ok(view)
    }
}
