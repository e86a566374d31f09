//! The repository that a manifest names.

use std::fmt;

use crate::model::{Repo, RepoError};

/// `owner/name` in GitHub's alphabet. The host is the checkout's.
#[derive(Clone, Debug)]
pub struct RepoName(Repo);

impl RepoName {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        Repo::new(Repo::DEFAULT_HOST, owner, name).ok().map(Self)
    }

    /// The user or organisation.
    pub fn owner(&self) -> &str {
        self.0.owner()
    }

    /// The repository's own name.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// The repository of this name on a host.
    ///
    /// # Errors
    /// The host is none.
    pub fn on(&self, host: &str) -> Result<Repo, RepoError> {
        Repo::new(host, self.owner(), self.name())
    }
}

/// Without case, as repositories are.
impl PartialEq for RepoName {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for RepoName {}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner(), self.name())
    }
}
