//! From where lists of many repositories answer: what was picked of each store, all of them open one after the other.

use std::fmt::Display;

use gh_pmu::model::Repo;
use gh_pmu::query::{Filter, Picked, pick};
use gh_pmu::store::{StoreError, View, open_all, take_from_all};
use gh_pmu::sync::SyncError;

use super::cached::exit_of;
use super::context::{Context, DISK, Keep, Known, Source, switched_off};
use crate::cli::Many;
use crate::exit::{Error, Exit, in_one_line};
use crate::output::Age;

/// A list of many repositories.
pub struct ManyListed {
    /// What was picked of each, in order of their names.
    pub picked: Vec<(Repo, Picked)>,
    /// A failure where the newest changes of one are lost.
    pub exit: Exit,
    /// How old all that is.
    pub age: Option<Age>,
}

impl Context<'_, '_> {
    /// What is cached of many repositories. That of the checkout is synced first.
    ///
    /// # Errors
    /// The cache's directory cannot be listed; nothing is cached of the owner; the cache is switched off.
    pub fn picked_of_all(&mut self, many: &Many, filter: &Filter) -> Result<ManyListed, Error> {
        if !self.config.cache.enabled {
            return Err(switched_off());
        }
        let mut here = self.sync_here(many);
        let mut listed = ManyListed { picked: Vec::new(), exit: Exit::Done, age: None };
        let config = self.config;
        let opened = take_from_all(&DISK, &config.cache_dir, many.whose(), |view| {
            if let Some(source) = self.source_of(newest(view, &mut here)) {
                self.pick_into(source, filter, &mut listed);
            }
        })?;
        if let Some(source) = here {
            self.pick_into(source, filter, &mut listed);
            listed.picked.sort_by_cached_key(|(repo, _)| repo.dir_names());
        } else {
            check_any(many, opened.len())?;
        }
        listed.age = listed.age.map(|age| self.with_doubt(age));
        Ok(listed)
    }

    fn pick_into(&mut self, source: Source, filter: &Filter, listed: &mut ManyListed) {
        let (exit, age) = (exit_of(&source.1), source.1.freshness().map(|fresh| self.age(fresh)));
        match self.picked(source, filter) {
            Ok(picked) => listed.picked.push(picked),
            Err(error) => return self.tell_missing(&error),
        }
        if listed.exit == Exit::Done {
            listed.exit = exit;
        }
        if let Some(age) = age {
            listed.age = Some(listed.age.take().map_or(age, |all| all.with(age)));
        }
    }

    /// Picks from a source; from its log alone, if the index fails in the middle of it.
    ///
    /// # Errors
    /// Damage that leaves nothing to answer from.
    pub fn picked(&mut self, (repo, mut view): Source, filter: &Filter) -> Result<(Repo, Picked), Error> {
        loop {
            match pick(&view, filter) {
                Ok(picked) => return Ok((repo, picked)),
                Err(error) => view = self.again(&repo, &error)?,
            }
        }
    }

    /// Many cached repositories; that of the checkout is synced first.
    ///
    /// # Errors
    /// The cache's directory cannot be listed; nothing is cached of the owner.
    pub fn all_sources(&mut self, many: &Many, keep: Keep) -> Result<Vec<Source>, Error> {
        if keep == Keep::Must {
            self.need_past();
        }
        let mut here = self.sync_here(many);
        let opened = open_all(&DISK, &self.config.cache_dir, many.whose())?;
        check_any(many, opened.len() + here.iter().len())?;
        let sources = opened.into_iter().filter_map(|view| self.source_of(newest(view, &mut here)));
        let mut sources: Vec<Source> = sources.collect();
        if let Some(source) = here {
            sources.push(source);
            sources.sort_by_cached_key(|(repo, _)| repo.dir_names());
        }
        if keep == Keep::Must {
            self.note_lacking(&sources);
        }
        Ok(sources)
    }

    /// Says of how many repositories GitHub has a past that nobody has asked for: of many it is not asked for at once.
    fn note_lacking(&mut self, sources: &[Source]) {
        let mut lacking = sources.iter().filter(|(_, view)| self.lacks_past(view)).map(|(repo, _)| repo);
        let Some(first) = lacking.next() else { return };
        let others = lacking.count();
        let whose = if others == 0 { first.to_string() } else { format!("{first} and {others} more") };
        self.output.note(&format!(
            "history of {whose} begins with the first sync here: `gh pmu cache history -R {first}` asks GitHub for what was before"
        ));
    }

    /// The repository of a store that was opened; `None` if there is no answer of it, as is told then.
    fn source_of(&mut self, opened: Result<View, StoreError>) -> Option<Source> {
        let view = match opened {
            Ok(view) => view,
            Err(StoreError::Damaged(damage)) => {
                let repair = self.repair(&damage.path);
                self.tell_missing(&format_args!("the cache is damaged: {damage}; run `{repair}`"));
                return None;
            }
            Err(error) => {
                self.tell_missing(&error);
                return None;
            }
        };
        self.tell_damage(&view);
        match Repo::parse(view.repo(), Repo::DEFAULT_HOST) {
            Ok(repo) => Some((repo, view)),
            Err(error) => {
                self.tell_missing(&format_args!("{}: {error}", view.dir().display()));
                None
            }
        }
    }

    /// The same, each asked of GitHub first, and the exit code: a failure where the answer is not the newest.
    ///
    /// # Errors
    /// As [`Self::all_sources`]; the cache is switched off.
    pub fn all_listed(&mut self, many: &Many, refresh: bool) -> Result<(Vec<Source>, Exit), Error> {
        if !self.config.cache.enabled {
            return Err(switched_off());
        }
        let mut sources = self.all_sources(many, Keep::IfPossible)?;
        let mut exit = sources.iter().map(|(_, view)| exit_of(view)).find(|exit| *exit != Exit::Done);
        if refresh {
            exit = None;
            for (repo, view) in std::mem::take(&mut sources) {
                let known = Known { repo, view: Some(view), named: true, stopped: None };
                let (source, code) = self.refreshed(known, true)?;
                sources.push(source);
                exit = exit.or(Some(code).filter(|code| *code != Exit::Done));
            }
        }
        Ok((sources, exit.unwrap_or(Exit::Done)))
    }

    /// What is cached of many repositories, as it stands.
    ///
    /// # Errors
    /// The cache's directory cannot be listed; nothing is cached of the owner.
    pub fn opened(&self, many: &Many) -> Result<Vec<Result<View, StoreError>>, Error> {
        let opened = open_all(&DISK, &self.config.cache_dir, many.whose())?;
        check_any(many, opened.len())?;
        Ok(opened)
    }

    /// Of one repository there is no answer: the others have theirs.
    pub fn tell_missing(&mut self, why: &dyn Display) {
        self.falls_short = true;
        self.output.warn(&in_one_line(why));
    }

    /// The repository of the checkout, synced, if it is one of them: it may be recorded nowhere. What cannot be synced is a
    /// warning: other repositories are none the worse.
    fn sync_here(&mut self, many: &Many) -> Option<Source> {
        let syncs = self.config.cache.enabled && self.config.cache.auto_sync;
        let located = self.located().filter(|_| syncs)?;
        match self.try_sync(&located, None) {
            Ok(here) => here.filter(|(repo, _)| many.whose().has(repo)),
            Err(error) => {
                self.is_set_aside = true;
                self.falls_short |= matches!(error, SyncError::Store(_));
                self.output.warn(&format!("{error}; this is what was cached before"));
                None
            }
        }
    }
}

/// What was synced just now, in place of what its store holds.
fn newest(opened: Result<View, StoreError>, here: &mut Option<Source>) -> Result<View, StoreError> {
    let is_here =
        |view: &View| here.as_ref().is_some_and(|(_, synced)| synced.repo().eq_ignore_ascii_case(view.repo()));
    match opened {
        Ok(view) if is_here(&view) => Ok(here.take().map_or(view, |(_, synced)| synced)),
        opened => opened,
    }
}

/// That nothing is cached of an owner is no empty answer.
fn check_any(many: &Many, count: usize) -> Result<(), Error> {
    match many {
        Many::Of(owner) if count == 0 => Err(Error::new(format!("no repository of {owner} is cached"))
            .with_hint(format!("Run `gh pmu cache sync --owner {owner}`."))),
        _ => Ok(()),
    }
}
