//! Whose first parents tell the history that everybody has: those of the branch that publishes the manifest.

use super::checkout::Checkout;
use super::error::GitError;
use super::refs::CommitId;
use super::remotes::{Hosts, Remotes};
use super::walk::Limits;
use crate::model::Repo;

/// Default branches have these names where a remote's is not known.
const USUAL: [&str; 2] = ["main", "master"];

/// A branch that publishes, as far as this checkout has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// How people call it, such as `origin/main`.
    pub name: String,
    /// The repository of its remote, if its URL names one on a known host.
    pub repo: Option<Repo>,
    /// The reference; empty for what is checked out.
    pub reference: String,
    /// Its newest commit that counts here.
    pub tip: CommitId,
    /// Its newest commit.
    pub branch_tip: CommitId,
}

impl Checkout {
    /// The branch that publishes the manifest of `repo`, up to the newest of its commits that `HEAD` contains: the
    /// default branch of the remote whose URL names `repo`, else of the remote that `gh` would take; where none was
    /// fetched, what is checked out. `None` if it shares no commit with `HEAD`, or nothing is checked out yet.
    ///
    /// Others see what is on that branch, and not what is on a branch of one's own or was not pushed.
    ///
    /// # Errors
    /// No git, git's own, [`GitError::NoDefault`], [`GitError::TooLong`].
    pub fn publisher(
        &self,
        repo: Option<&Repo>,
        hosts: &Hosts<'_>,
        limits: Limits<'_>,
    ) -> Result<Option<Publisher>, GitError> {
        let Some(head) = self.head() else { return Ok(None) };
        let remotes = Remotes::read(self, hosts)?;
        let mut candidates: Vec<_> = remotes.in_order().collect();
        candidates.sort_by_key(|(_, of)| of.is_none() || of.as_ref() != repo);
        let default = candidates.iter().find_map(|(remote, of)| Some((self.default_branch(remote)?, of.clone())));
        let only = || candidates.iter().find_map(|(remote, of)| Some((self.only_branch(remote).transpose()?, of)));
        let (reference, of) = match default {
            Some(default) => default,
            None => match only() {
                Some((reference, of)) => (reference?, of.clone()),
                None => {
                    let (name, reference, branch_tip) = ("HEAD".to_owned(), String::new(), head.clone());
                    return Ok(Some(Publisher { name, repo: None, reference, tip: head, branch_tip }));
                }
            },
        };
        let Some(branch_tip) = self.reference(&reference) else { return Ok(None) };
        let name = reference.trim_start_matches("refs/remotes/").to_owned();
        let contained = self.contained(&head, branch_tip.clone(), limits)?;
        Ok(contained.map(|tip| Publisher { name, repo: of, reference, tip, branch_tip }))
    }

    /// The remote branch `branch`, of the remote that `gh` would take, or the next that has been fetched.
    ///
    /// # Errors
    /// [`GitError::NotFetched`] if none has; no git; no remote.
    pub fn publisher_on(&self, branch: &str, hosts: &Hosts<'_>) -> Result<Publisher, GitError> {
        let remotes = Remotes::read(self, hosts)?;
        let mut first = None;
        for (remote, repo) in remotes.in_order() {
            first.get_or_insert(remote);
            let reference = format!("refs/remotes/{remote}/{branch}");
            if let Some(tip) = self.reference(&reference) {
                let (name, branch_tip) = (format!("{remote}/{branch}"), tip.clone());
                return Ok(Publisher { name, repo, reference, tip, branch_tip });
            }
        }
        let remote = first.ok_or_else(|| GitError::Nowhere { branch: branch.to_owned() })?.to_owned();
        Err(GitError::NotFetched { remote, branch: branch.to_owned() })
    }

    /// The remote from which a branch is fetched.
    ///
    /// # Errors
    /// No git; no remote.
    pub fn remote_of(&self, branch: &str, hosts: &Hosts<'_>) -> Result<String, GitError> {
        match self.publisher_on(branch, hosts) {
            // A remote's name may have a "/", the branch is known.
            Ok(publisher) => Ok(publisher.name[..publisher.name.len() - branch.len() - 1].to_owned()),
            Err(GitError::NotFetched { remote, .. }) => Ok(remote),
            Err(error) => Err(error),
        }
    }

    /// The reference of a remote's default branch, as far as it was fetched.
    fn default_branch(&self, remote: &str) -> Option<String> {
        let prefix = format!("refs/remotes/{remote}/");
        let fetched = |reference: &String| self.reference(reference).is_some();
        // A clone notes it; a remote that was added later has none: its branch is called as the clone's, or as usual.
        let own = self.symbolic(&format!("{prefix}HEAD")).filter(fetched);
        own.or_else(|| {
            let origin = self.symbolic("refs/remotes/origin/HEAD");
            let alike = origin.as_deref().and_then(|name| name.strip_prefix("refs/remotes/origin/"));
            let names = alike.into_iter().chain(USUAL);
            names.map(|name| format!("{prefix}{name}")).find(fetched)
        })
    }

    /// The reference of a remote's only branch that was fetched; `None` if none was.
    fn only_branch(&self, remote: &str) -> Result<Option<String>, GitError> {
        let branches = self.ask(&["for-each-ref", "--format=%(refname)", &format!("refs/remotes/{remote}/")])?;
        let mut branches = branches.lines();
        match (branches.next(), branches.next()) {
            (Some(_), Some(_)) => Err(GitError::NoDefault { remote: remote.to_owned() }),
            (only, _) => Ok(only.map(str::to_owned)),
        }
    }

    /// The newest commit on the line of first parents of `tip` that `head` contains.
    fn contained(&self, head: &[u8], tip: CommitId, limits: Limits<'_>) -> Result<Option<CommitId>, GitError> {
        if head == tip {
            return Ok(Some(tip));
        }
        // What HEAD lacks of the branch begins after what it has.
        Ok(self.beginning_of((head, &tip), limits)?.unwrap_or(Some(tip)))
    }
}
