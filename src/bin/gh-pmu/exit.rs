//! Exit codes, and the one error type of the program. Owns what becomes of a failure; must not know how any of it is
//! printed.

use std::borrow::Cow;
use std::fmt;
use std::process::{ExitCode, ExitStatus};

use gh_pmu::github::GithubError;
use gh_pmu::model::RepoError;
use gh_pmu::store::StoreError;
use gh_pmu::sync::SyncError;

/// Exit codes as gh's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: failed, wrong flags too.
    Failed,
    /// 2: cancelled by the user.
    Cancelled,
    /// 4: not signed in.
    NotSignedIn,
    /// As a program ended that did the work.
    As(u8),
}

impl Exit {
    /// As a number.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Cancelled => 2,
            Exit::NotSignedIn => 4,
            Exit::As(code) => code,
        }
    }

    /// How a program ended that did the work; by a signal, as shells count those.
    pub fn of_child(status: ExitStatus) -> Self {
        #[cfg(unix)]
        let code = status.code().or_else(|| std::os::unix::process::ExitStatusExt::signal(&status).map(|n| 128 + n));
        #[cfg(not(unix))]
        let code = status.code();
        match code {
            Some(0) => Self::Done,
            Some(code) => u8::try_from(code).map_or(Self::Failed, Self::As),
            None => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
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

/// A failure and what to do next, in one line.
pub fn in_one_line(failure: &dyn fmt::Display) -> String {
    failure.to_string().trim_end().replace('\n', ". ")
}

/// The text without the system's numbers: "permission denied (os error 13)" is said in words already.
pub fn plain_words(text: &str) -> Cow<'_, str> {
    const BEGIN: &str = " (os error ";
    if !text.contains(BEGIN) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(BEGIN);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((number, rest)) if number.bytes().all(|c| c.is_ascii_digit()) => plain.push_str(rest),
            _ => plain.extend([BEGIN, part]),
        }
    }
    Cow::Owned(plain)
}

/// The sentence, the usage or what to do next: the lines that standard error gets.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClosedPipe | Self::Told(_) => Ok(()),
            Self::Usage { message, usage } if usage.is_empty() => writeln!(f, "{message}"),
            Self::Usage { message, usage } => writeln!(f, "{message}\n\n{usage}"),
            Self::Failed { message, hint: None, .. } => writeln!(f, "{}", plain_words(message)),
            Self::Failed { message, hint: Some(hint), .. } => {
                writeln!(f, "{}\n{}", plain_words(message), plain_words(hint))
            }
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
    fn the_system_s_numbers_are_left_out() {
        let error = Error::new("could not read x: Permission denied (os error 13): y (os error 2)");
        assert_eq!(error.to_string(), "could not read x: Permission denied: y\n");
        assert_eq!(plain_words("a (os error x) (os error 5"), "a (os error x) (os error 5");
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
