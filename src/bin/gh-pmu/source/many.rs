//! From where lists of many repositories answer: what was picked of each store, all of them open one after the other.

use std::fmt::Display;

use gh_pmu::model::Repo;
use gh_pmu::query::{Filter, Picked, pick};
use gh_pmu::store::{StoreError, View, open_all, take_from_all};

use super::cached::exit_of;
use super::context::{Context, DISK, Known, Source, switched_off};
use crate::cli::Many;
use crate::exit::{Error, Exit};
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
        self.sync_here();
        let mut listed = ManyListed { picked: Vec::new(), exit: Exit::Done, age: None };
        let config = self.config;
        let opened = take_from_all(&DISK, &config.cache_dir, many.whose(), |view| {
            if let Some(source) = self.source_of(view) {
                self.pick_into(source, filter, &mut listed);
            }
        })?;
        check_any(many, &opened)?;
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
    pub fn all_sources(&mut self, many: &Many) -> Result<Vec<Source>, Error> {
        self.sync_here();
        Ok(self.opened(many)?.into_iter().filter_map(|view| self.source_of(view)).collect())
    }

    /// The repository of a store that was opened; `None` if there is no answer of it, as is told then.
    fn source_of(&mut self, opened: Result<View, StoreError>) -> Option<Source> {
        let view = opened.map_err(|error| self.tell_missing(&error)).ok()?;
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
        let mut sources = self.all_sources(many)?;
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
        check_any(many, &opened)?;
        Ok(opened)
    }

    /// Of one repository there is no answer: the others have theirs.
    pub fn tell_missing(&mut self, why: &dyn Display) {
        self.falls_short = true;
        self.output.warn(why.to_string().trim_end());
    }

    /// What cannot be synced is a warning: other repositories are none the worse.
    fn sync_here(&mut self) {
        let syncs = self.config.cache.enabled && self.config.cache.auto_sync;
        if let Some(located) = self.located().filter(|_| syncs)
            && let Err(error) = self.try_sync(&located, None)
        {
            self.is_set_aside = true;
            self.output.warn(&format!("{error}; this is what was cached before"));
        }
    }
}

/// That nothing is cached of an owner is no empty answer.
fn check_any<T>(many: &Many, found: &[T]) -> Result<(), Error> {
    match many {
        Many::Of(owner) if found.is_empty() => Err(Error::new(format!("no repository of {owner} is cached"))
            .with_hint(format!("Run `gh pmu cache sync --owner {owner}`."))),
        _ => Ok(()),
    }
}
