//! How old an answer from the cache is.

use gh_pmu::format::{Source as Origin, SyncRecord};
use gh_pmu::model::UnixMillis;

use super::context::{Context, Source};
use crate::output::{Age, From};

impl Context<'_, '_> {
    /// The age of what the sources say together; `None` where nothing was ever taken in.
    pub fn age_of(&self, sources: &[Source]) -> Option<Age> {
        let ages = sources.iter().filter_map(|(_, view)| view.freshness().map(|fresh| self.age(fresh)));
        let age = self.with_doubt(ages.reduce(Age::with)?);
        let can_pull = match sources {
            [source] => self.can_pull(source),
            _ => false,
        };
        Some(Age { can_pull, ..age })
    }

    /// Doubtful also where the manifest here was not taken in.
    pub(super) fn with_doubt(&self, age: Age) -> Age {
        Age { is_doubtful: age.is_doubtful || self.is_set_aside, ..age }
    }

    /// Whether somebody wants to know that a newer manifest was fetched: people only, as git may have to be started.
    pub fn looks_for_newer(&self) -> bool {
        self.output.is_terminal() && self.config.cache.branch.is_none()
    }

    /// Whether a newer manifest was fetched, where that is looked at.
    fn can_pull(&self, (repo, view): &Source) -> bool {
        if !self.looks_for_newer() {
            return false;
        }
        let located = self.located().filter(|located| located.known.as_ref() == Some(repo));
        located.is_some_and(|located| located.would_pull_newer(view))
    }

    /// The age of what was last taken in of one repository.
    pub(super) fn age(&self, fresh: &SyncRecord) -> Age {
        let from = match fresh.source {
            Origin::Manifest | Origin::Git => From::Manifest,
            Origin::Api => From::Github,
        };
        Age {
            from,
            count: 1,
            oldest: fresh.updated_at,
            newest: fresh.updated_at,
            is_doubtful: self.is_older_than_allowed(fresh.updated_at),
            can_pull: false,
        }
    }

    /// Whether a moment is longer ago than `cache.max_age`.
    pub fn is_older_than_allowed(&self, time: UnixMillis) -> bool {
        self.config.cache.max_age.is_some_and(|max_age| {
            let max_age = i64::try_from(max_age).unwrap_or(i64::MAX).saturating_mul(1000);
            self.now.millis().get().saturating_sub(time.get()) > max_age
        })
    }
}
