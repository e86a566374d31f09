//! What was already shown: the marks of `--since last`.

use gh_pmu::format::Mark;
use gh_pmu::model::Seq;
use gh_pmu::query::Change;
use gh_pmu::store::StoreError;

use crate::exit::Error;
use crate::source::{Context, Source};

impl Context<'_, '_> {
    /// The last event that was shown under a name; `None` if nothing was, or the history is another one since.
    ///
    /// # Errors
    /// Damage, and the system's.
    pub fn seen(&self, source @ (repo, view): &Source, name: &str) -> Result<Option<Seq>, Error> {
        let store = self.store(repo);
        let Some(mark) = store.mark(view, name) else { return Ok(None) };
        let shown = match view.check_history().and_then(|()| store.history(view)?.event(mark.published)) {
            Ok(shown) => shown,
            Err(StoreError::Damaged(damage)) if damage.is_of_log() => {
                return Ok(Some(self.seen_of_damaged(source, &mark)));
            }
            Err(error) => return Err(error.into()),
        };
        if mark.published > view.seq() {
            return Ok(None);
        }
        // It was pruned since, and perhaps more: what is asked for begins there all the same.
        let is_pruned = mark.published < view.history_start();
        if let Some(id) = mark.published_id.filter(|_| !is_pruned)
            && shown.is_none_or(|shown| shown.id() != id)
        {
            return Ok(None);
        }
        // What is published since has lower numbers than what was observed and goes on after it.
        if view.published_seq() > mark.published {
            return Ok(Some(mark.published));
        }
        // What was observed and has given up its number since may be shown once more, published.
        Ok(Some(self.observed(source, &mark)?.unwrap_or(mark.published)))
    }

    /// The same where history is damaged: what a mark names may be what is lost, and published numbers stay.
    fn seen_of_damaged(&self, (repo, view): &Source, mark: &Mark) -> Seq {
        let store = self.store(repo);
        let salvaged = store.history(view).and_then(|history| history.salvaged()).unwrap_or_default();
        let is_behind = salvaged.iter().any(|logged| logged.published && logged.seq > mark.published);
        let observed = salvaged.iter().find(|logged| !is_behind && Some(logged.id()) == mark.observed_id);
        observed.map_or(mark.published, |logged| logged.seq)
    }

    /// The observed event that a mark names, if it still has a number.
    fn observed(&self, (repo, view): &Source, mark: &Mark) -> Result<Option<Seq>, Error> {
        let Some(id) = mark.observed_id else { return Ok(None) };
        let history = self.store(repo).history(view)?;
        let first = view.published_seq().max(Seq(view.history_start().0.saturating_sub(1)));
        for seq in (first.0 + 1..=view.seq().0).rev().map(Seq) {
            if history.event(seq)?.is_some_and(|event| event.id() == id) {
                return Ok(Some(seq));
            }
        }
        Ok(None)
    }

    /// Keeps what was shown under a name: all that there is, or as far as `shown` goes.
    ///
    /// # Errors
    /// The mark cannot be written.
    pub fn keep_seen(&self, (repo, view): &Source, name: &str, shown: Option<&[&Change]>) -> Result<(), Error> {
        let store = self.store(repo);
        let before = store.mark(view, name);
        let history = store.history(view)?;
        let id = |seq: Seq| Ok::<_, Error>(history.event(seq)?.map(|event| event.id()));
        let (published, observed_id) = match shown {
            None => {
                let observed = (view.seq() > view.published_seq()).then(|| id(view.seq())).transpose()?;
                (view.published_seq(), observed.flatten())
            }
            Some(shown) => {
                let last =
                    |published| shown.iter().filter(|change| change.published == published).max_by_key(|c| c.seq);
                let published = last(true).map(|change| change.seq);
                let before_published = before.as_ref().map_or(Seq(0), |mark| mark.published);
                let observed = last(false).map(|change| change.id());
                (published.unwrap_or(before_published), observed.or(before.and_then(|mark| mark.observed_id)))
            }
        };
        let published_id = id(published)?;
        let (name, asked_at) = (name.to_owned(), self.now.millis());
        Ok(store.record_mark(view, Mark { name, published, published_id, observed_id, asked_at })?)
    }
}
