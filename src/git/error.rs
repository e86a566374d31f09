//! Why git gave no answer, and what to do.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

/// Why git gave no answer; in the words of `gh`, if it has some.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is a manifest and no `.git`.
    #[error("not a git repository (or any of the parent directories): name the repository with -R OWNER/REPO")]
    NotARepository,
    /// There is no program `git`.
    #[error("unable to find git executable in PATH; please install Git before retrying")]
    NotInstalled,
    /// It could not be started, or it failed.
    #[error("failed to run git: {0}")]
    Failed(String),
    /// Another user owns the repository, and git does not trust it.
    #[error(
        "the repository at {} belongs to another user: if you trust it, run `git config --global --add safe.directory \
         {}`", path.display(), shell_word(&path.display().to_string())
    )]
    Dubious {
        /// Its root.
        path: PathBuf,
    },
    /// `HEAD` names a branch without a commit.
    #[error("the checked out branch has no commit yet: commit the manifest first")]
    Unborn,
    /// A remote branch that is not here.
    #[error(
        "the branch {branch} has not been fetched: run `git fetch {} {}`",
        shell_word(remote), shell_word(&format!("{branch}:refs/remotes/{remote}/{branch}"))
    )]
    NotFetched {
        /// Whose.
        remote: String,
        /// Which.
        branch: String,
    },
    /// A remote with several branches, and nothing says which is its default.
    #[error(
        "which branch of {remote} publishes is not known here: run `git remote set-head {} --auto`",
        shell_word(remote)
    )]
    NoDefault {
        /// Whose.
        remote: String,
    },
    /// A branch, and no remote that could have it.
    #[error("no git remote is there to have the branch {branch}: add one, or take `branch` out of the configuration")]
    Nowhere {
        /// Which.
        branch: String,
    },
    /// What is asked for takes longer than it may.
    #[error("its history is too long to be read now")]
    TooLong,
    /// No remote has a URL.
    #[error("no git remotes found")]
    NoRemotes,
    /// No remote is on a host that is known.
    #[error(
        "none of the git remotes configured for this repository point to a known GitHub host. To tell gh about a new \
         GitHub host, please use `gh auth login`"
    )]
    NoKnownHost,
    /// No remote is on the host that the environment names.
    #[error(
        "none of the git remotes configured for this repository correspond to the GH_HOST environment variable. Try \
         adding a matching remote or unsetting the variable"
    )]
    NotOnHost,
    /// `remote.<name>.gh-resolved` holds neither `base` nor a repository.
    #[error("expected the \"[HOST/]OWNER/REPO\" format, got \"{}\"", .0.escape_debug())]
    Resolved(String),
}

impl GitError {
    pub(super) fn starting(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => GitError::NotInstalled,
            _ => GitError::Failed(error.to_string()),
        }
    }

    /// From what git wrote before it failed; `status` stands in if that is nothing. Git was told to speak English.
    pub(super) fn said(stderr: &[u8], status: &str) -> Self {
        let text = String::from_utf8_lossy(stderr);
        let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or(status);
        if let Some((_, rest)) = line.split_once("dubious ownership in repository at '") {
            return GitError::Dubious { path: rest.trim_end_matches('\'').into() };
        }
        if line.contains("not a git repository") {
            return GitError::NotARepository;
        }
        GitError::Failed(line.to_owned())
    }
}

/// A word of a command that people copy into a shell: a repository's files choose names, and not commands.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@,=%".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(format!("'{}'", text.replace('\'', r"'\''"))),
    }
}
