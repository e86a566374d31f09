//! With the real git, in directories of their own, away from the user's configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{Checkout, CommitId, GitError, HostSource, Hosts, Place};

#[cfg(unix)]
mod aliases;
mod histories;
mod named;
mod publishers;
#[cfg(unix)]
mod untrusted;

const MANIFEST: &str = ".github/pmu-cache.json";

/// A file without configurations beside it.
fn at(path: &str) -> Place<'_> {
    Place { path, usual: MANIFEST, naming: None }
}

struct Sandbox(TempDir);

impl Sandbox {
    /// With a repository `work` without remotes.
    fn new() -> Self {
        let sandbox = Self(tempfile::tempdir().unwrap());
        sandbox.git(".", &["init", "-q", "work"]);
        sandbox
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn command(&self) -> Command {
        let mut git = Command::new("git");
        for variable in ["XDG_CONFIG_HOME", "GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_COUNT"] {
            git.env_remove(variable);
        }
        git.env("HOME", self.0.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        git
    }

    fn git(&self, dir: &str, args: &[&str]) -> String {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"];
        let done = self.command().arg("-C").arg(self.path(dir)).args(identity).args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim_end().to_owned()
    }

    /// Commits a file with this content; its commit.
    fn commit(&self, dir: &str, path: &str, content: &str) -> CommitId {
        let file = self.path(dir).join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
        self.git(dir, &["add", "-A"]);
        self.commit_all(dir)
    }

    /// Commits what is in the index, be it nothing; its commit.
    fn commit_all(&self, dir: &str) -> CommitId {
        self.git(dir, &["commit", "-q", "--allow-empty", "-m", "m"]);
        self.head(dir)
    }

    fn head(&self, dir: &str) -> CommitId {
        super::refs::unhex(self.git(dir, &["rev-parse", "HEAD"]).as_bytes()).unwrap()
    }

    fn remote(&self, name: &str, url: &str) {
        self.git("work", &["remote", "add", name, url]);
    }

    fn find(&self, dir: &str) -> Option<Checkout> {
        Checkout::find(&self.path(dir), Path::new(MANIFEST))
    }

    fn repo(&self, hosts: &Hosts<'_>) -> Result<String, GitError> {
        let checkout = self.find("work").unwrap();
        checkout.repo_by(self.command(), self.path("ssh").as_os_str(), hosts).map(|repo| repo.to_string())
    }

    fn config_path(&self, dir: &str) -> PathBuf {
        self.find(dir).unwrap().config_path().unwrap().canonicalize().unwrap()
    }
}

#[test]
fn the_root_is_the_nearest_directory_with_a_git_directory_or_file() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("work/a/b/.github")).unwrap();
    fs::write(sandbox.path("work/a/b").join(MANIFEST), "{}").unwrap();
    assert_eq!(sandbox.find("work").unwrap().root(), sandbox.path("work"));
    // A manifest further down does not end the search.
    assert_eq!(sandbox.find("work/a/b").unwrap().root(), sandbox.path("work"));
    fs::write(sandbox.path("work/a/.git"), "gitdir: elsewhere\n").unwrap();
    assert_eq!(sandbox.find("work/a/b").unwrap().root(), sandbox.path("work/a"));
}

#[test]
fn outside_git_the_root_is_the_nearest_directory_with_the_manifest() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("plain/.github")).unwrap();
    fs::create_dir_all(sandbox.path("plain/deep")).unwrap();
    assert_eq!(sandbox.find("plain/deep"), None);
    fs::write(sandbox.path("plain").join(MANIFEST), "{}").unwrap();
    let checkout = sandbox.find("plain/deep").unwrap();
    assert_eq!((checkout.root(), checkout.is_git()), (sandbox.path("plain").as_path(), false));
    assert_eq!(checkout.repo_by(sandbox.command(), "ssh".as_ref(), &Hosts::GITHUB), Err(GitError::NotARepository));
    assert!(checkout.config_path().is_err());
}

#[test]
fn worktrees_and_submodules_have_the_configuration_that_git_uses() {
    let sandbox = Sandbox::new();
    let common = sandbox.path("work/.git/config").canonicalize().unwrap();
    assert_eq!(sandbox.config_path("work"), common);
    sandbox.git("work", &["commit", "-q", "--allow-empty", "-m", "first"]);
    sandbox.git("work", &["worktree", "add", "-q", "../tree"]);
    assert_eq!(sandbox.config_path("tree"), common);
    sandbox.remote("origin", "git@github.com:octo-org/atlas.git");
    let tree = sandbox.find("tree").unwrap();
    assert_eq!(tree.repo_by(sandbox.command(), "ssh".as_ref(), &Hosts::GITHUB).unwrap().to_string(), "octo-org/atlas");

    sandbox.git(".", &["init", "-q", "outer"]);
    sandbox.git("outer", &["submodule", "--quiet", "add", "../work", "inner"]);
    let module = sandbox.path("outer/.git/modules/inner/config").canonicalize().unwrap();
    assert_eq!(sandbox.config_path("outer/inner"), module);
}

#[test]
fn a_git_file_that_is_none_has_no_configuration() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("odd")).unwrap();
    for content in ["", "nonsense", "gitdir:"] {
        fs::write(sandbox.path("odd/.git"), content).unwrap();
        assert!(sandbox.find("odd").unwrap().config_path().is_err(), "{content}");
    }
}

#[test]
fn remotes_are_taken_in_the_order_of_gh() {
    let sandbox = Sandbox::new();
    for (name, url, expected) in [
        ("zeta", "https://github.com/o/zeta", "o/zeta"),
        ("alpha", "https://github.com/o/alpha", "o/alpha"),
        ("origin", "git@github.com:me/fork.git", "me/fork"),
        ("github", "ssh://git@github.com/o/github", "o/github"),
        ("Upstream", "https://github.com/o/r.git", "o/r"),
    ] {
        sandbox.remote(name, url);
        assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok(expected));
    }
}

#[test]
fn what_gh_repo_set_default_noted_goes_before_the_order() {
    let sandbox = Sandbox::new();
    sandbox.remote("origin", "git@github.com:me/fork.git");
    sandbox.remote("upstream", "git@github.com:o/r.git");
    sandbox.git("work", &["config", "remote.origin.gh-resolved", "base"]);
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("me/fork"));
    sandbox.git("work", &["config", "remote.origin.gh-resolved", "other/one"]);
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("other/one"));
    sandbox.git("work", &["config", "remote.origin.gh-resolved", ""]);
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("o/r"), "nothing is no note");
    sandbox.git("work", &["config", "remote.origin.gh-resolved", "bad"]);
    let error = sandbox.repo(&Hosts::GITHUB).unwrap_err();
    assert_eq!(error.to_string(), "expected the \"[HOST/]OWNER/REPO\" format, got \"bad\"");
}

#[test]
fn a_checkout_without_remotes_says_so() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.repo(&Hosts::GITHUB).unwrap_err().to_string(), "no git remotes found");
}

#[test]
fn local_remotes_and_foreign_hosts_are_not_github() {
    let sandbox = Sandbox::new();
    sandbox.remote("upstream", "/srv/git/atlas.git");
    sandbox.remote("github", "../atlas.bundle");
    sandbox.remote("origin", "https://gitlab.com/o/r.git");
    let error = sandbox.repo(&Hosts::GITHUB).unwrap_err();
    assert_eq!(
        error.to_string(),
        "none of the git remotes configured for this repository point to a known GitHub host. To tell gh about a new \
         GitHub host, please use `gh auth login`"
    );
    sandbox.remote("zeta", "https://github.com/o/r.git");
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("o/r"));
}

#[test]
fn hosts_count_as_they_are_known_and_the_default_goes_first() {
    let sandbox = Sandbox::new();
    sandbox.remote("upstream", "git@ghe.example.com:o/r.git");
    assert_eq!(sandbox.repo(&Hosts::GITHUB), Err(GitError::NoKnownHost));
    let known = ["GHE.example.com".to_owned()];
    let signed_in = Hosts { known: &known, ..Hosts::GITHUB };
    assert_eq!(sandbox.repo(&signed_in).as_deref(), Ok("ghe.example.com/o/r"));

    let by_config = Hosts { source: HostSource::Config, ..signed_in };
    assert_eq!(sandbox.repo(&by_config).as_deref(), Ok("ghe.example.com/o/r"));
    let by_environment = Hosts { source: HostSource::Environment, ..signed_in };
    assert_eq!(sandbox.repo(&by_environment), Err(GitError::NotOnHost));

    sandbox.remote("zeta", "https://github.com/o/zeta");
    assert_eq!(sandbox.repo(&signed_in).as_deref(), Ok("ghe.example.com/o/r"));
    assert_eq!(sandbox.repo(&by_config).as_deref(), Ok("o/zeta"));
    assert_eq!(sandbox.repo(&by_environment).as_deref(), Ok("o/zeta"));
    let elsewhere = Hosts { default: "ghe.example.com", source: HostSource::Environment, known: &[] };
    assert_eq!(sandbox.repo(&elsewhere).as_deref(), Ok("ghe.example.com/o/r"));
}

#[test]
fn urls_are_rewritten_as_git_rewrites_them_and_push_urls_stand_in() {
    let sandbox = Sandbox::new();
    sandbox.git("work", &["config", "--global", "url.https://example.com/.insteadOf", "gh"]);
    sandbox.git("work", &["config", "--global", "url.git@github.com:.insteadOf", "gh:"]);
    sandbox.remote("origin", "gh:o/r");
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("o/r"));
    sandbox.remote("upstream", "/srv/mirror.git");
    sandbox.git("work", &["config", "remote.upstream.pushurl", "gh:o/pushed"]);
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("o/pushed"));
}

#[test]
fn names_with_dots_spaces_and_quotes_are_names() {
    let sandbox = Sandbox::new();
    let config = "[remote \"a.b \\\"c\\\" url\"]\n\turl = https://github.com/o/r\n[remote \"empty\"]\n\turl\n";
    fs::write(sandbox.path("work/.git/config"), config).unwrap();
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("o/r"));
}

#[test]
fn a_broken_configuration_gives_the_words_of_git() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("work/.git/config"), "[remote \"origin\n").unwrap();
    let error = sandbox.repo(&Hosts::GITHUB).unwrap_err().to_string();
    assert!(error.starts_with("failed to run git: fatal: bad config line 1"), "{error}");
}

#[test]
fn without_git_the_error_says_so() {
    let sandbox = Sandbox::new();
    let missing = Command::new(sandbox.path("no-such-git"));
    let error = sandbox.find("work").unwrap().repo_by(missing, "ssh".as_ref(), &Hosts::GITHUB);
    assert_eq!(error, Err(GitError::NotInstalled));
}

#[test]
fn what_was_fetched_is_of_the_branch_of_this_worktree() {
    let sandbox = Sandbox::new();
    let first = sandbox.commit_all("work");
    sandbox.git("work", &["worktree", "add", "-q", "-b", "topic", "../tree"]);
    let second = sandbox.commit_all("work");
    let branch = sandbox.git("work", &["symbolic-ref", "--short", "HEAD"]);
    for (remote, tip) in [(&*branch, "HEAD"), ("topic", "HEAD")] {
        sandbox.git("work", &["update-ref", &format!("refs/remotes/origin/{remote}"), tip]);
    }
    assert_eq!(sandbox.find("work").unwrap().fetched(), None, "it is checked out");
    assert_eq!(sandbox.find("tree").unwrap().fetched(), Some(second));
    sandbox.git("work", &["update-ref", "refs/remotes/origin/topic", "HEAD~1"]);
    sandbox.git("work", &["update-ref", &format!("refs/remotes/origin/{branch}"), "HEAD~1"]);
    assert_eq!(sandbox.find("work").unwrap().fetched(), Some(first));
    assert_eq!(sandbox.find("tree").unwrap().fetched(), None);
}
