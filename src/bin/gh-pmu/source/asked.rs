//! When GitHub is asked, and what becomes of its answer: where nothing is cached, with `--refresh`, and always where the
//! cache is switched off. A list that is cached comes nowhere near this.

use std::fmt::Display;
use std::time::Duration;

use gh_pmu::format::Source as Origin;
use gh_pmu::github::{Found, GithubError, ManifestPlace};
use gh_pmu::model::Repo;
use gh_pmu::store::{PATIENCE, View};
use gh_pmu::sync::{
    Asking, Outcome, OwnedSync, Past, Recording, Said, SyncError, Synced, Walked, past_on_github, record, sync_owner,
    unrecorded,
};

use super::context::{Context, DISK, Keep, Known, Source};
use crate::cli::Owner;
use crate::config::{self, CacheSection, process_env};
use crate::exit::{Error, Exit};

impl Context<'_, '_> {
    /// GitHub's answer now, and nothing else: the cache is neither read nor written.
    ///
    /// # Errors
    /// No answer.
    pub fn answer_alone(&self, repo: &Repo) -> Result<Source, Error> {
        let said = self.ask(repo, None)?;
        self.unrecorded(repo, &said)
    }

    /// GitHub's answer now, and the exit code: a failure where only the cache could be shown.
    ///
    /// # Errors
    /// No answer, and nothing cached.
    pub fn refreshed(&mut self, known: Known, is_one_of_many: bool) -> Result<(Source, Exit), Error> {
        if let (Some(stopped), Some(_)) = (&known.stopped, &known.view) {
            self.output.warn(&stopped.to_string());
        }
        let said = match (self.ask(&known.repo, None), known.view) {
            (Ok(said), _) => said,
            (Err(error), None) => return Err(not_asked(&known.repo, known.stopped, error)),
            (Err(error), Some(view)) => {
                let time = self.output.time(view.changed_at());
                let code = Error::from(error.clone()).exit();
                let of = if is_one_of_many { format!(" of {}", known.repo) } else { String::new() };
                self.output.warn(&format!("{error}; what is shown{of} is the cache, as of {time}"));
                return Ok(((known.repo, view), code));
            }
        };
        let source = self.recorded(&known.repo, &said, Keep::IfPossible, PATIENCE)?;
        Ok((source, Exit::Done))
    }

    /// GitHub's answer where nothing is cached that could be used.
    ///
    /// # Errors
    /// There is none, or it cannot be kept and must be.
    pub fn first_answer(&mut self, known: Known, keep: Keep, patience: Duration) -> Result<Source, Error> {
        let Known { repo, named, stopped, .. } = known;
        // What the checkout holds was refused: the branch will hardly hold better.
        let is_refused = stopped.as_ref().is_some_and(|stopped| !matches!(stopped, SyncError::Store(_)));
        let place = (!is_refused).then(|| (self.manifest_place(named), None));
        let said = match self.ask(&repo, place) {
            Ok(said) => said,
            Err(error) => return Err(not_asked(&repo, stopped, error)),
        };
        match stopped {
            Some(SyncError::Store(error)) if keep == Keep::IfPossible => {
                self.tell_unrecorded(&error, "what is shown is GitHub's answer, which was not recorded");
                self.unrecorded(&repo, &said)
            }
            Some(stopped) => {
                self.output.warn(&format!("{stopped}; GitHub was asked instead"));
                self.recorded(&repo, &said, keep, patience)
            }
            None => self.recorded(&repo, &said, keep, patience),
        }
    }

    /// The same repository with the versions of its manifest that GitHub has; as it was, where GitHub does not answer.
    ///
    /// # Errors
    /// What the store cannot take.
    pub fn with_past(&mut self, (repo, view): Source, named: bool) -> Result<Source, Error> {
        let place = self.manifest_place(named);
        match self.ask(&repo, Some((place, None))) {
            Ok(said @ Said::Manifest(..)) => self.recorded(&repo, &said, Keep::Must, PATIENCE),
            Ok(_) => Ok((repo, view)),
            Err(error) => {
                self.tell_no_past(&error);
                Ok((repo, view))
            }
        }
    }

    /// A sync from GitHub alone, and whether its issues were what it was made from.
    ///
    /// # Errors
    /// No answer; what the store cannot take.
    pub fn sync_from_github(&mut self, repo: &Repo, named: bool, force: bool) -> Result<(Synced, bool), Error> {
        let place = self.manifest_place(named);
        let (store, at) = (self.store(repo), place.to_string());
        // What is wrong with the store shows when the answer is recorded.
        let known = store.view().ok().flatten();
        // What GitHub called the manifest that is cached.
        let tag = known.as_ref().filter(|_| !force).and_then(|view| store.tag(view, &at));
        let said = self.ask(repo, Some((place, tag)))?;
        let is_of_manifest = |view: &View| view.freshness().is_some_and(|fresh| fresh.source != Origin::Api);
        if matches!(said, Said::Issues(_)) && known.as_ref().is_some_and(is_of_manifest) {
            self.output.warn(&format!("{repo} has no manifest any more at {at}: its issues were asked for instead"));
        }
        let past = self.past(repo, &said);
        let recording = Recording { force, patience: PATIENCE, past: past.as_ref(), now: self.now };
        let (synced, said) = self.record(repo, said, recording)?;
        self.tell_mended(&synced.mended);
        self.tell_notes(&synced.notes);
        Ok((synced, matches!(said, Said::Issues(_))))
    }

    /// A sync of all that an owner has; `each` gets a repository and what became of it.
    ///
    /// # Errors
    /// GitHub's; what was recorded before stays.
    pub fn sync_owner(
        &self,
        owner: &Owner,
        force: bool,
        each: &mut dyn FnMut(&Repo, OwnedSync),
    ) -> Result<Walked, SyncError> {
        let (gh, place) = (config::gh(&process_env), self.manifest_place(false));
        let host = owner.host.clone().unwrap_or_else(|| self.hosting().default_host());
        let (owner, patience, now) = (owner.name.as_str(), PATIENCE, self.now);
        let progress = self.output.progress(&format!("Asking {host} for repositories of {owner}"));
        let asking = Asking { gh: &gh, host: &host, owner, place: &place, force, patience, now };
        let mut each = |repo: &Repo, synced: OwnedSync, done, total| {
            progress.count(done, total);
            each(repo, synced);
        };
        sync_owner(&DISK, &self.config.cache_dir, asking, &mut each)
    }

    /// Where the manifest is on GitHub: at the place of the configuration, which is that of the checkout.
    fn manifest_place(&self, named: bool) -> ManifestPlace {
        let default = CacheSection::default();
        let cache = if named { &default } else { &self.config.cache };
        let parts: Vec<_> = cache.manifest.iter().map(|part| part.to_string_lossy()).collect();
        ManifestPlace { branch: cache.branch.clone(), path: parts.join("/") }
    }

    /// The manifest at a place, if there is one (it need not be given again if the tag is still its); else the issues.
    fn ask(&self, repo: &Repo, place: Option<(ManifestPlace, Option<String>)>) -> Result<Said, GithubError> {
        let progress = self.output.progress(&format!("Asking {}", repo.host()));
        let gh = config::gh(&process_env);
        let now = self.now.millis();
        if let Some((place, tag)) = place {
            match gh.manifest(repo, &place, tag.as_deref(), now)? {
                Found::Nothing => {}
                Found::Same => return Ok(Said::Same(place)),
                Found::Manifest(manifest) => return Ok(Said::Manifest(manifest, place)),
            }
        }
        let count = |done, total| progress.count(done, total);
        gh.trackers(repo, &self.config.cache.rules, now, &count).map(Said::Issues)
    }

    /// The versions of a manifest that GitHub gave. If it does not give them, history begins with the present.
    fn past(&mut self, repo: &Repo, said: &Said) -> Option<Past> {
        let Said::Manifest(_, place) = said else { return None };
        let progress = self.output.progress(&format!("Asking {} for the history", repo.host()));
        let gh = config::gh(&process_env);
        let count = |done, total| progress.count(done, total);
        let past = past_on_github(&DISK, &self.config.cache_dir, repo, (&gh, place), (self.now, &count));
        drop(progress);
        past.unwrap_or_else(|error| {
            self.tell_no_past(&error);
            None
        })
    }

    /// The answer has no past, and should have: the next question about it asks again.
    fn tell_no_past(&mut self, error: &dyn Display) {
        self.output.warn(&format!("{error}; until then history begins with the manifest that was first asked for"));
        self.is_without_past = true;
    }

    fn recorded(&mut self, repo: &Repo, said: &Said, keep: Keep, patience: Duration) -> Result<Source, Error> {
        // A list shows the present; whoever asks about the past gets all of it.
        let past = if keep == Keep::Must { self.past(repo, said) } else { None };
        let recording = Recording { force: false, patience, past: past.as_ref(), now: self.now };
        match self.record(repo, said.clone(), recording) {
            Ok((synced, _)) => {
                self.tell_synced(&synced);
                Ok((synced.repo, synced.view))
            }
            Err(SyncError::Store(error)) if keep == Keep::IfPossible => {
                self.tell_unrecorded(&error, "what is shown is GitHub's answer, which was not recorded");
                self.unrecorded(repo, said)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Records what was said. Where that is a manifest that cannot be used, the issues are asked for.
    fn record(&mut self, repo: &Repo, said: Said, recording: Recording<'_>) -> Result<(Synced, Said), SyncError> {
        let cache = &self.config.cache_dir;
        match record(&DISK, cache, repo, &said, recording) {
            Ok(synced) => Ok((synced, said)),
            Err(error @ (SyncError::Refused { .. } | SyncError::OtherRepo { .. })) => {
                if matches!(error, SyncError::Refused { .. }) {
                    self.output.warn(&format!("{error}; the issues were asked for instead"));
                }
                let said = self.ask(repo, None)?;
                Ok((record(&DISK, cache, repo, &said, recording)?, said))
            }
            Err(error) => Err(error),
        }
    }

    /// The answer alone, as if nothing had ever been cached.
    fn unrecorded(&self, repo: &Repo, said: &Said) -> Result<Source, Error> {
        let view = match unrecorded(repo, said, self.now) {
            Err(SyncError::Refused { .. } | SyncError::OtherRepo { .. }) => {
                unrecorded(repo, &self.ask(repo, None)?, self.now)
            }
            result => result,
        }?;
        Ok((repo.clone(), view))
    }

    /// What beside its result a sync has to say.
    fn tell_synced(&mut self, synced: &Synced) {
        self.tell_mended(&synced.mended);
        match &synced.outcome {
            Outcome::Older { manifest: answer, cached } => {
                let repo = &synced.repo;
                self.output.warn(&format!(
                    "the answer for {repo} is of {answer}, older than what is cached, of {cached}, and was not recorded"
                ));
            }
            Outcome::Changed { compaction_failed: Some(error), .. } => {
                self.output.warn(&format!("the cache was synced, and not compacted: {error}"));
            }
            _ => {}
        }
    }
}

/// There is no answer: says why GitHub was asked in the first place.
fn not_asked(repo: &Repo, stopped: Option<SyncError>, error: GithubError) -> Error {
    match stopped {
        Some(stopped) => Error::from(stopped).with_hint(format!("GitHub cannot stand in: {error}")),
        None => {
            let text = format!("nothing is cached of {repo}, and {error}");
            Error::new(text).with_exit(Error::from(error).exit())
        }
    }
}
