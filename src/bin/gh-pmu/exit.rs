//! Exit codes, and the one error type of the program. Owns what becomes of a failure; must not know how any of it is
//! printed.

use std::fmt;
use std::process::ExitCode;

use gh_pmu::github::GithubError;
use gh_pmu::model::RepoError;
use gh_pmu::store::StoreError;
use gh_pmu::sync::SyncError;

/// Exit codes as gh's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed, wrong flags too.
    Failed = 1,
    /// Cancelled by the user.
    Cancelled = 2,
    /// Not signed in.
    NotSignedIn = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        // The cast keeps the value: the codes are 0 to 4.
        ExitCode::from(exit as u8)
    }
}

/// Why the program ends early.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// Nobody reads the output any more: ends in silence, and not as a failure.
    ClosedPipe,
    /// What is wrong was printed already.
    Told(Exit),
    /// The command line is wrong: one sentence, then how to use the command (empty: the sentence says it all).
    Usage {
        /// The sentence.
        message: String,
        /// The usage text below it.
        usage: String,
    },
    /// Anything else.
    Failed {
        /// One sentence beginning in lower case.
        message: String,
        /// What to do next, where there is something.
        hint: Option<String>,
        /// The exit code.
        exit: Exit,
    },
}

impl Error {
    /// A failure of one sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), hint: None, exit: Exit::Failed }
    }

    /// A wrong command line that one sentence says all of: gh shows no usage there.
    pub fn plainly(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), usage: String::new() }
    }

    /// The same failure, saying what to do next.
    #[must_use]
    pub fn with_hint(self, next: impl Into<String>) -> Self {
        match self {
            Self::Failed { message, exit, .. } => Self::Failed { message, hint: Some(next.into()), exit },
            other => other,
        }
    }

    /// The same failure with another exit code.
    #[must_use]
    pub fn with_exit(self, code: Exit) -> Self {
        match self {
            Self::Failed { message, hint, .. } => Self::Failed { message, hint, exit: code },
            other => other,
        }
    }

    /// The code the process ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::ClosedPipe => Exit::Done,
            Self::Usage { .. } => Exit::Failed,
            Self::Told(exit) | Self::Failed { exit, .. } => *exit,
        }
    }
}

/// GitHub was asked and gave no answer: whether the user is signed in decides on the exit code.
impl From<GithubError> for Error {
    fn from(error: GithubError) -> Self {
        let exit = if error.is_not_signed_in() { Exit::NotSignedIn } else { Exit::Failed };
        Self::new(error.to_string()).with_exit(exit)
    }
}

/// A sync fails as what it asked failed.
impl From<SyncError> for Error {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Github(error) => error.into(),
            SyncError::Store(error) => error.into(),
            error => Self::new(error.to_string()),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<RepoError> for Error {
    fn from(error: RepoError) -> Self {
        Self::new(error.to_string())
    }
}

/// The sentence, the usage or what to do next: the lines that standard error gets.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedPipe | Self::Told(_) => Ok(()),
            Self::Usage { message, usage } if usage.is_empty() => writeln!(f, "{message}"),
            Self::Usage { message, usage } => writeln!(f, "{message}\n\n{usage}"),
            Self::Failed { message, hint: None, .. } => writeln!(f, "{message}"),
            Self::Failed { message, hint: Some(hint), .. } => writeln!(f, "{message}\n{hint}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_sentence_and_what_to_do_next() {
        let error = Error::new("no cache for o/r").with_hint("run `gh pmu cache sync`").with_exit(Exit::NotSignedIn);
        assert_eq!(error.to_string(), "no cache for o/r\nrun `gh pmu cache sync`\n");
        assert_eq!(error.exit(), Exit::NotSignedIn);
    }

    #[test]
    fn wrong_flags_show_the_usage_and_exit_1() {
        let error = Error::Usage { message: "unknown flag: --x".into(), usage: "Usage:  gh pmu\n".into() };
        assert_eq!(error.to_string(), "unknown flag: --x\n\nUsage:  gh pmu\n\n");
        assert_eq!(error.exit(), Exit::Failed);
    }

    #[test]
    fn a_closed_pipe_is_silent_and_no_failure() {
        assert_eq!((Error::ClosedPipe.to_string(), Error::ClosedPipe.exit()), (String::new(), Exit::Done));
        assert_eq!(
            (Error::Told(Exit::Failed).to_string(), Error::Told(Exit::Failed).exit()),
            (String::new(), Exit::Failed)
        );
    }

    #[test]
    fn who_is_not_signed_in_is_found_through_every_layer() {
        let unsigned = || GithubError::NotSignedIn { host: "github.com".to_owned() };
        assert_eq!(Error::from(unsigned()).exit(), Exit::NotSignedIn);
        assert_eq!(Error::from(SyncError::Github(unsigned())).exit(), Exit::NotSignedIn);
        let path = std::path::PathBuf::from("s");
        assert_eq!(Error::from(SyncError::Store(StoreError::Busy { path })).exit(), Exit::Failed);
    }
}
