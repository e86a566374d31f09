//! Whose trackers a heading speaks of.

use gh_pmu::model::Repo;

use crate::cli::{Many, Owner};

/// Whose trackers are shown.
#[derive(Clone, Copy, Debug)]
pub enum Place<'p> {
    /// One repository's.
    One(&'p Repo),
    /// Those of every cached repository, or every one of an owner: each row names its own.
    Many(Option<&'p Owner>),
}

impl<'p> Place<'p> {
    /// Of many repositories, or of the one that was found.
    pub fn of(many: Option<&'p Many>, one: Option<&'p Repo>) -> Self {
        match (many, one) {
            (Some(Many::Of(owner)), _) => Place::Many(Some(owner)),
            (None, Some(repo)) => Place::One(repo),
            _ => Place::Many(None),
        }
    }

    /// Whether rows have to name their repository.
    pub(super) fn is_many(self) -> bool {
        matches!(self, Place::Many(_))
    }

    /// Where so many were found, by a search or without one.
    pub(super) fn all(self, searched: bool, total: u64) -> String {
        let searched = match (searched, total) {
            (false, _) => "",
            (true, 1) => " that matches your search",
            (true, _) => " that match your search",
        };
        self.named("all cached repositories") + searched
    }

    /// Where nothing was found.
    pub(super) fn any(self) -> String {
        self.named("any cached repository")
    }

    fn named(self, many: &str) -> String {
        match self {
            Place::One(repo) => repo.to_string(),
            Place::Many(Some(owner)) => format!("{many} of {owner}"),
            Place::Many(None) => many.to_owned(),
        }
    }
}
