//! Which branch publishes, and how much of it is here.

use super::{CommitId, GitError, Hosts, MANIFEST, Sandbox};
use crate::git::{Limits, Publisher};
use crate::model::Repo;

impl Sandbox {
    fn publisher(&self, dir: &str, repo: &str) -> Option<(String, CommitId)> {
        let repo = Repo::parse(repo, Repo::DEFAULT_HOST).unwrap();
        let found = self.find(dir).unwrap().publisher(Some(&repo), &Hosts::GITHUB, Limits::NONE).unwrap();
        found.map(|Publisher { name, tip, .. }| (name, tip))
    }

    fn on(&self, dir: &str, branch: &str) -> Result<(String, Option<String>), GitError> {
        let found = self.find(dir).unwrap().publisher_on(branch, &Hosts::GITHUB)?;
        Ok((found.name, found.repo.map(|repo| repo.to_string())))
    }

    /// A clone of `work`, whose remote has this URL and fetches from `work` all the same.
    fn clone_of(&self, url: &str) {
        self.git(".", &["clone", "-q", "work", "clone"]);
        self.point("origin", url);
    }

    fn point(&self, remote: &str, url: &str) {
        let work = self.path("work").display().to_string();
        self.git("clone", &["config", &format!("remote.{remote}.url"), url]);
        self.git(
            "clone",
            &["config", &format!("remote.{remote}.fetch"), &format!("+refs/heads/*:refs/remotes/{remote}/*")],
        );
        self.git("clone", &["fetch", "-q", &work, &format!("+refs/heads/*:refs/remotes/{remote}/*")]);
    }
}

fn named(name: &str, tip: &CommitId) -> Option<(String, CommitId)> {
    Some((name.to_owned(), tip.clone()))
}

#[test]
fn without_remotes_what_is_checked_out_publishes_once_there_is_a_commit() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.publisher("work", "o/r"), None);
    let tip = sandbox.commit("work", MANIFEST, "1");
    assert_eq!(sandbox.publisher("work", "o/r"), named("HEAD", &tip));
}

#[test]
fn commits_of_one_s_own_and_commits_that_are_not_merged_are_not_published() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit("work", MANIFEST, "1");
    sandbox.clone_of("git@github.com:o/r.git");
    let branch = sandbox.git("work", &["branch", "--show-current"]);
    let name = format!("origin/{branch}");
    assert_eq!(sandbox.publisher("clone", "o/r"), named(&name, &first));
    sandbox.commit("clone", MANIFEST, "own");
    assert_eq!(sandbox.publisher("clone", "o/r"), named(&name, &first));
    let second = sandbox.commit("work", "other", "2");
    sandbox.point("origin", "git@github.com:o/r.git");
    assert_eq!(sandbox.publisher("clone", "o/r"), named(&name, &first));
    sandbox.git("clone", &["merge", "-q", "--no-edit", &name]);
    assert_eq!(sandbox.publisher("clone", "o/r"), named(&name, &second));
    // A line that has nothing in common.
    sandbox.git("clone", &["checkout", "-q", "--orphan", "alone"]);
    sandbox.commit_all("clone");
    assert_eq!(sandbox.publisher("clone", "o/r"), None);
}

#[test]
fn where_nothing_says_which_branch_is_the_default_one_of_many_is_not_guessed() {
    let sandbox = Sandbox::new();
    let tip = sandbox.commit("work", MANIFEST, "1");
    sandbox.git("work", &["branch", "-m", "develop"]);
    sandbox.git(".", &["init", "-q", "clone"]);
    sandbox.point("origin", "git@github.com:o/r.git");
    sandbox.git("clone", &["checkout", "-q", "-b", "own", "origin/develop"]);
    sandbox.git("clone", &["update-ref", "-d", "refs/remotes/origin/HEAD"]);
    assert_eq!(sandbox.publisher("clone", "o/r"), named("origin/develop", &tip));
    sandbox.git("work", &["branch", "next"]);
    sandbox.point("origin", "git@github.com:o/r.git");
    let repo = Repo::parse("o/r", Repo::DEFAULT_HOST).unwrap();
    let found = sandbox.find("clone").unwrap().publisher(Some(&repo), &Hosts::GITHUB, Limits::NONE);
    assert_eq!(found, Err(GitError::NoDefault { remote: "origin".to_owned() }));
}

#[test]
fn the_remote_whose_url_names_the_repository_goes_first_then_as_gh_has_it() {
    let sandbox = Sandbox::new();
    let tip = sandbox.commit("work", MANIFEST, "1");
    sandbox.git("work", &["branch", "pmu"]);
    sandbox.clone_of("git@github.com:me/fork.git");
    sandbox.point("upstream", "https://www.github.com/o/r");
    let branch = sandbox.git("work", &["branch", "--show-current"]);
    for (repo, remote) in [("o/r", "upstream"), ("O/R", "upstream"), ("me/fork", "origin"), ("old/name", "upstream")] {
        assert_eq!(sandbox.publisher("clone", repo), named(&format!("{remote}/{branch}"), &tip), "{repo}");
    }
    assert_eq!(sandbox.on("clone", "pmu"), Ok(("upstream/pmu".to_owned(), Some("o/r".to_owned()))));
    let hostile = GitError::NotFetched { remote: "origin".to_owned(), branch: "a$(touch${IFS}pwn)'b".to_owned() };
    let word = r"'a$(touch${IFS}pwn)'\''b:refs/remotes/origin/a$(touch${IFS}pwn)'\''b'";
    assert!(hostile.to_string().ends_with(&format!("run `git fetch origin {word}`")), "{hostile}");
    let not_fetched = GitError::NotFetched { remote: "upstream".to_owned(), branch: "x".to_owned() };
    assert_eq!(sandbox.on("clone", "x"), Err(not_fetched));
    // Only the fork's branch is here: then that is what it is called.
    sandbox.git("clone", &["update-ref", "-d", "refs/remotes/upstream/pmu"]);
    assert_eq!(sandbox.on("clone", "pmu"), Ok(("origin/pmu".to_owned(), Some("me/fork".to_owned()))));
    sandbox.git("clone", &["config", "remote.origin.gh-resolved", "base"]);
    assert_eq!(sandbox.publisher("clone", "old/name"), named(&format!("origin/{branch}"), &tip));
}
