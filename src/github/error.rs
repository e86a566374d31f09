//! Why GitHub gave no answer: what happened, and when it is worth trying again.

use std::time::Duration;

use crate::model::{Repo, UnixMillis};

/// The body ended too early, in words.
pub(super) const BROKEN_OFF: &str = "the answer broke off";

/// No answer. Texts of GitHub and `gh` in it are single lines, and not made safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GithubError {
    /// There is no program `gh`.
    #[error("gh was not found, and without it GitHub cannot be asked: install it from https://cli.github.com")]
    NotInstalled,
    /// There is one, and it does not start.
    #[error("gh could not be started: {0}")]
    NotStarted(String),
    /// It does not know what it was told.
    #[error("this gh is too old to ask GitHub with ({0}): update it; 2.23 is known to work")]
    TooOld(String),
    /// It has no token for the host.
    #[error("gh is not signed in to {host}: run `gh auth login`, or set GH_TOKEN")]
    NotSignedIn {
        /// The host.
        host: String,
    },
    /// HTTP 401 to a token.
    #[error("{host} did not accept the token (HTTP 401): run `gh auth login`, or renew GH_TOKEN, and try again")]
    BadToken {
        /// The host.
        host: String,
    },
    /// HTTP 403, or its like in GraphQL, that is no rate limit.
    #[error("{host} does not allow this ({message}): see `gh auth status`, or ask the repository's owner for access")]
    Forbidden {
        /// The host.
        host: String,
        /// Its word.
        message: String,
    },
    /// The organisation wants the token authorized for its single sign-on.
    #[error("{host} wants this token authorized for the organisation (SAML): open {url} and try again")]
    Unauthorized {
        /// The host.
        host: String,
        /// Where that is done.
        url: String,
    },
    /// The primary or the secondary rate limit.
    #[error("the rate limit of {host} is reached: try again {}", when(*until))]
    RateLimited {
        /// The host.
        host: String,
        /// When it ends, where GitHub says.
        until: Option<UnixMillis>,
    },
    /// No such repository, or none that may be seen.
    #[error("{repo} was not found, or this account may not see it: check the name and `gh auth status`")]
    NotFound {
        /// The repository.
        repo: Box<Repo>,
    },
    /// No such user or organisation.
    #[error("{host} knows no user or organisation {owner}, or this account may not see it: check the name")]
    NoOwner {
        /// The host.
        host: String,
        /// Who was asked for.
        owner: String,
    },
    /// There was no answer at all.
    #[error("could not reach {host} ({reason}): try again once you are connected")]
    NotReached {
        /// The host.
        host: String,
        /// The first line that `gh` wrote.
        reason: String,
    },
    /// 5xx, or a query that took GitHub too long, down to the smallest page.
    #[error("{host} could not answer ({message}): try again in a few minutes")]
    Unavailable {
        /// The host.
        host: String,
        /// Its word.
        message: String,
    },
    /// Silence.
    #[error("{host} did not answer within {}: try again later", seconds(*after))]
    TimedOut {
        /// The host.
        host: String,
        /// The time it had.
        after: Duration,
    },
    /// Data and errors, or neither.
    #[error("{host} answered only in part ({message}), so the answer was not used: try again in a minute")]
    Partial {
        /// The host.
        host: String,
        /// Its word.
        message: String,
    },
    /// Any other HTTP status.
    #[error("{host} refused the request ({message})")]
    Refused {
        /// The host.
        host: String,
        /// Its word.
        message: String,
    },
    /// Not what the question asks for.
    #[error("the answer of {host} cannot be read ({what}), so it was not used: try again in a minute")]
    Malformed {
        /// The host.
        host: String,
        /// What is wrong.
        what: String,
    },
    /// Issues came and went between two pages, every time.
    #[error("the issues of {repo} kept changing while they were read: try again in a minute")]
    Changing {
        /// The repository.
        repo: Box<Repo>,
    },
}

fn seconds(duration: Duration) -> String {
    let plural = if duration == Duration::from_secs(1) { "" } else { "s" };
    format!("{} second{plural}", duration.as_secs_f64())
}

impl GithubError {
    /// A smaller question may get an answer.
    pub(super) fn is_too_much(&self) -> bool {
        matches!(self, GithubError::Unavailable { .. })
    }

    /// The body ended too early.
    pub(super) fn broken_off(host: &str) -> Self {
        GithubError::NotReached { host: host.to_owned(), reason: BROKEN_OFF.to_owned() }
    }

    /// A file that is there was not given.
    pub(super) fn lacking(host: &str) -> Self {
        GithubError::Partial { host: host.to_owned(), message: "without a version of the manifest".to_owned() }
    }

    /// Signing in is what helps.
    pub fn is_not_signed_in(&self) -> bool {
        matches!(self, GithubError::NotSignedIn { .. })
    }
}

fn when(until: Option<UnixMillis>) -> String {
    until.map_or_else(|| "in a few minutes".to_owned(), |until| format!("after {until}"))
}

/// The first line with something on it, shortened.
pub(super) fn first_line(text: &str) -> &str {
    const MAX_LEN: usize = 200;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(MAX_LEN) {
        Some((end, _)) => &line[..end],
        None => line,
    }
}
